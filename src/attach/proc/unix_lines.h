// SPDX-License-Identifier: Apache-2.0
// /proc/net/unix: the kernel's, without the pairs that stand in the place of a program's sockets.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "attach/proc/net_text.h"

namespace strata::attach {

// lsof looks for a socket's inode there before it looks into tcp and udp. What the kernel says
// behind so many bytes is not told.
inline constexpr std::size_t kUnixTextMax = std::size_t{16} << 20U;

[[nodiscard]] std::string unix_lines(const NetFacts& facts);
[[nodiscard]] std::string lines_without(std::string_view text,
                                        const std::set<std::uint64_t>& inodes);

}  // namespace strata::attach
