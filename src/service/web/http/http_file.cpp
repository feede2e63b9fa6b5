// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/http_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <span>
#include <utility>

namespace strata::service {
namespace {

struct Ending {
  std::string_view ending;
  std::string_view type;
};
constexpr std::array kEndings{
    Ending{".html", "text/html; charset=utf-8"},
    Ending{".htm", "text/html; charset=utf-8"},
    Ending{".css", "text/css; charset=utf-8"},
    Ending{".js", "text/javascript; charset=utf-8"},
    Ending{".mjs", "text/javascript; charset=utf-8"},
    Ending{".json", "application/json"},
    Ending{".txt", "text/plain; charset=utf-8"},
    Ending{".md", "text/markdown; charset=utf-8"},
    Ending{".xml", "application/xml"},
    Ending{".svg", "image/svg+xml"},
    Ending{".png", "image/png"},
    Ending{".jpg", "image/jpeg"},
    Ending{".jpeg", "image/jpeg"},
    Ending{".gif", "image/gif"},
    Ending{".webp", "image/webp"},
    Ending{".ico", "image/vnd.microsoft.icon"},
    Ending{".woff2", "font/woff2"},
    Ending{".wasm", "application/wasm"},
    Ending{".pdf", "application/pdf"},
    Ending{".zip", "application/zip"},
    Ending{".gz", "application/gzip"},
};

// The kernel itself refuses every way out of the folder: "..", absolute links, mount tricks.
int open_beneath(int folder, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof(how)));
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// RFC 9112 3.2.2: a server takes the whole URI, too, though only proxies need it.
constexpr std::string_view kScheme = "http://";
bool is_absolute(std::string_view target) {
  const auto is_same = [](char a, char b) {
    return a == b || (a >= 'A' && a <= 'Z' && a + 32 == b);
  };
  return std::ranges::equal(target.substr(0, kScheme.size()), kScheme, is_same);
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

unsigned http_status_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG: return 404;
    case EACCES:
    case EPERM:
    case EXDEV:
    case ELOOP: return 403;
    default: return 500;
  }
}

std::optional<std::string> path_of_target(std::string_view target) {
  target = target.substr(0, target.find_first_of("?#"));
  if (is_absolute(target)) {
    target.remove_prefix(kScheme.size());
    target.remove_prefix(std::min(target.find('/'), target.size()));
    if (target.empty()) target = "/";
  }
  if (!target.starts_with('/')) return std::nullopt;
  std::string path;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target[i] != '%') {
      path += target[i];
      continue;
    }
    if (i + 2 >= target.size()) return std::nullopt;
    const int high = hex_value(target[i + 1]);
    const int low = hex_value(target[i + 2]);
    if (high < 0 || low < 0 || (high | low) == 0) return std::nullopt;
    path += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return path;
}

std::string_view content_type_of(std::string_view path) {
  for (const Ending& one : kEndings) {
    if (path.ends_with(one.ending)) return one.type;
  }
  return "application/octet-stream";
}

std::expected<HttpFile, unsigned> HttpFile::open(int folder, std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  std::string wanted(path.empty() ? "." : path);
  const bool names_folder = wanted == "." || wanted.ends_with('/');
  if (names_folder) wanted += "/index.html";
  driver::Descriptor opened(open_beneath(folder, wanted));
  if (!opened) return std::unexpected(http_status_of(errno));
  HttpFile file(std::make_shared<const driver::Descriptor>(std::move(opened)));
  struct stat state{};
  if (::fstat(file.descriptor_->get(), &state) != 0) return std::unexpected(500U);
  if (S_ISDIR(state.st_mode)) return std::unexpected(301U);
  if (!S_ISREG(state.st_mode)) return std::unexpected(403U);
  file.device_ = state.st_dev;
  file.inode_ = state.st_ino;
  file.size_ = static_cast<std::uint64_t>(state.st_size);
  file.modified_seconds_ = state.st_mtim.tv_sec;
  file.entity_tag_ =
      fmt::format("\"{:x}-{:x}-{:x}\"", state.st_mtim.tv_sec, state.st_mtim.tv_nsec, state.st_size);
  file.content_type_ = content_type_of(wanted);
  if (file.size_ <= kSmallMax) file.read_small();
  return file;
}

// One that becomes shorter meanwhile is read, and fails, as the large ones are.
void HttpFile::read_small() {
  std::string all(static_cast<std::size_t>(size_), '\0');
  if (read(0, std::as_writable_bytes(std::span(all))) != all.size()) return;
  bytes_ = std::move(all);
  descriptor_.reset();
}

std::optional<HttpFile> HttpFile::of_descriptor(SharedDescriptor descriptor,
                                                std::string_view content_type) {
  HttpFile file(std::move(descriptor));
  struct stat state{};
  if (!file.is_open() || ::fstat(file.descriptor_->get(), &state) != 0) return std::nullopt;
  file.size_ = static_cast<std::uint64_t>(state.st_size);
  file.content_type_ = content_type;
  return file;
}

bool HttpFile::is_same(const HttpFile& other) const {
  return device_ == other.device_ && inode_ == other.inode_ && entity_tag_ == other.entity_tag_ &&
         content_type_ == other.content_type_;
}

std::size_t HttpFile::read(std::uint64_t offset, MutableBytes to) const {
  if (!is_open()) {
    const Bytes all = std::as_bytes(std::span(bytes_));
    const Bytes rest =
        all.subspan(static_cast<std::size_t>(std::min<std::uint64_t>(offset, all.size())));
    const Bytes part = rest.first(std::min(rest.size(), to.size()));
    copy_bytes(part, to);
    return part.size();
  }
  const ssize_t count =
      ::pread(descriptor_->get(), to.data(), to.size(), static_cast<off_t>(offset));
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

RangeAnswer read_range(std::string_view field, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!field.starts_with(kUnit)) return {};
  field.remove_prefix(kUnit.size());
  const std::size_t dash = field.find('-');
  if (dash == std::string_view::npos || field.contains(',')) return {};
  const std::string_view first_text = field.substr(0, dash);
  const std::string_view last_text = field.substr(dash + 1);
  if (first_text.empty()) {
    const auto suffix = number(last_text);
    if (!suffix) return {};
    if (*suffix == 0 || size == 0) return {RangeVerdict::kUnsatisfiable, {}};
    return {RangeVerdict::kPart, {size - std::min(*suffix, size), size - 1}};
  }
  const auto first = number(first_text);
  const auto last = last_text.empty() ? std::optional(UINT64_MAX) : number(last_text);
  if (!first || !last || *last < *first) return {};
  if (*first >= size) return {RangeVerdict::kUnsatisfiable, {}};
  return {RangeVerdict::kPart, {*first, std::min(*last, size - 1)}};
}

}  // namespace strata::service
