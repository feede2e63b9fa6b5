// SPDX-License-Identifier: Apache-2.0
// Opening files: those of /proc/net that tell of the stack come from the launcher.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdarg>
#include <cstring>
#include <optional>
#include <string_view>

#include "attach/client/kernel.h"
#include "attach/client/net_file.h"
#include "attach/client/room.h"
#include "preload/libc.h"

namespace strata::preload {
namespace {

namespace client = attach::client;

// What fopen() does to read; nothing: it shall write as well.
std::optional<int> flags_of(const char* mode) {
  if (mode == nullptr || mode[0] != 'r' || std::strchr(mode, '+') != nullptr) return {};
  return std::strchr(mode, 'e') == nullptr ? O_RDONLY : O_RDONLY | O_CLOEXEC;
}

// What the kernel says of the folder that openat() is given; empty: it is longer than any of ours.
class Folder {
 public:
  explicit Folder(int descriptor) {
    constexpr std::string_view kHere = "/proc/thread-self/cwd";
    constexpr std::string_view kOpen = "/proc/thread-self/fd/";
    const bool is_here = descriptor == AT_FDCWD;
    std::array<char, 40> link{};  // and a zero behind it
    char* const end = std::ranges::copy(is_here ? kHere : kOpen, link.data()).out;
    if (!is_here) std::to_chars(end, link.data() + link.size() - 1, descriptor);
    const long size =
        client::kernel::call(__NR_readlinkat, AT_FDCWD, reinterpret_cast<long>(link.data()),
                             reinterpret_cast<long>(name_.data()), static_cast<long>(name_.size()));
    size_ = static_cast<std::size_t>(std::max(size, 0L));
  }
  [[nodiscard]] std::string_view name() const { return {name_.data(), size_}; }

 private:
  std::array<char, client::kNetPathMax + 1> name_{};
  std::size_t size_ = 0;
};

int do_open(const char* path, int flags, mode_t mode) {
  const auto ours = open_ours(AT_FDCWD, path, flags);
  return ours ? *ours : next().open(path, flags, mode);
}

int do_openat(int folder, const char* path, int flags, mode_t mode) {
  const auto ours = open_ours(folder, path, flags);
  return ours ? *ours : next().openat(folder, path, flags, mode);
}

FILE* do_fopen(const char* path, const char* mode) {
  const auto flags = flags_of(mode);
  const auto ours = flags ? open_ours(AT_FDCWD, path, *flags) : std::nullopt;
  if (!ours) return next().fopen(path, mode);
  return *ours < 0 ? nullptr : next().fdopen(*ours, mode);
}

}  // namespace

std::optional<int> open_ours(int folder, const char* path, int flags) {
  constexpr int kOther = O_ACCMODE | O_CREAT | O_TRUNC | O_DIRECTORY | O_PATH;
  constexpr std::uintptr_t kFirstPage = 4096;
  const bool is_address = reinterpret_cast<std::uintptr_t>(path) >= kFirstPage;
  if (!is_address || (flags & kOther) != 0 || !descriptors().is_open()) return {};
  const std::string_view name(path, ::strnlen(path, client::kNetPathMax + 1));
  if (!client::may_be_net_file(name)) return {};
  const auto file = name.starts_with('/') ? client::net_file_of(name)
                                          : client::net_file_of(name, Folder(folder).name());
  if (!file) return {};
  const long which = static_cast<long>(*file) |
                     ((flags & O_CLOEXEC) != 0 ? static_cast<long>(client::kClosesOnExec) : 0L);
  const long made = client::kernel::control(-1, client::kOpenFile, which);
  if (made >= 0) return static_cast<int>(made);
  errno = static_cast<int>(-made);
  return -1;
}

extern "C" {

int shim_open(const char*, int, ...) STRATA_WRAPPER(open);
int shim_open64(const char*, int, ...) STRATA_WRAPPER(open64);
int shim_open_2(const char*, int) STRATA_WRAPPER(__open_2);
int shim_open64_2(const char*, int) STRATA_WRAPPER(__open64_2);
int shim_openat(int, const char*, int, ...) STRATA_WRAPPER(openat);
int shim_openat64(int, const char*, int, ...) STRATA_WRAPPER(openat64);
int shim_openat_2(int, const char*, int) STRATA_WRAPPER(__openat_2);
int shim_openat64_2(int, const char*, int) STRATA_WRAPPER(__openat64_2);
FILE* shim_fopen(const char*, const char*) STRATA_WRAPPER(fopen);
FILE* shim_fopen64(const char*, const char*) STRATA_WRAPPER(fopen64);

// The mode is there only where a file may be made; elsewhere it is read and not looked at.
int shim_open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return do_open(path, flags, mode);
}
int shim_open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return do_open(path, flags, mode);
}
int shim_open_2(const char* path, int flags) { return do_open(path, flags, 0); }
int shim_open64_2(const char* path, int flags) { return do_open(path, flags, 0); }
int shim_openat(int folder, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return do_openat(folder, path, flags, mode);
}
int shim_openat64(int folder, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return do_openat(folder, path, flags, mode);
}
int shim_openat_2(int folder, const char* path, int flags) {
  return do_openat(folder, path, flags, 0);
}
int shim_openat64_2(int folder, const char* path, int flags) {
  return do_openat(folder, path, flags, 0);
}
FILE* shim_fopen(const char* path, const char* mode) { return do_fopen(path, mode); }
FILE* shim_fopen64(const char* path, const char* mode) { return do_fopen(path, mode); }

}  // extern "C"

}  // namespace strata::preload
