// SPDX-License-Identifier: Apache-2.0
#include "attach/proc/unix_lines.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "driver/descriptor.h"

namespace strata::attach {
namespace {

constexpr const char* kPath = "/proc/net/unix";

std::string kernel_text() {
  const driver::Descriptor file(::open(kPath, O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 16384> piece{};
  while (file && text.size() < kUnixTextMax) {
    const ssize_t count = ::read(file.get(), piece.data(), piece.size());
    if (count <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
  return text.substr(0, text.rfind('\n') + 1);
}

// Num: RefCount Protocol Flags Type St Inode Path
std::optional<std::uint64_t> inode_of(std::string_view line) {
  constexpr int kWordsBefore = 6;
  for (int i = 0; i < kWordsBefore; ++i) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    line.remove_prefix(std::min(line.find(' '), line.size()));
  }
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  std::uint64_t inode = 0;
  const auto read = std::from_chars(line.data(), line.data() + line.size(), inode);
  return read.ec == std::errc{} ? std::optional(inode) : std::nullopt;
}

}  // namespace

std::string lines_without(std::string_view text, const std::set<std::uint64_t>& inodes) {
  std::string kept;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    const auto inode = inode_of(line);
    if (!inode || !inodes.contains(*inode)) kept += line;
  }
  return kept;
}

std::string unix_lines(const NetFacts& facts) {
  std::set<std::uint64_t> pairs;
  for (const OpenSocket& socket : facts.sockets) pairs.insert(socket.inode);
  return lines_without(kernel_text(), pairs);
}

}  // namespace strata::attach
