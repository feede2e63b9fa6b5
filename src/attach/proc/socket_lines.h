// SPDX-License-Identifier: Apache-2.0
// /proc/net/tcp and its like: a line a socket.
#pragma once

#include <string>

#include "attach/proc/net_text.h"
#include "strata/socket_types.h"
#include "strata/stack.h"

namespace strata::attach {

// Sockets of TCP, UDP or raw ones. What is bound to no port is not told, and no more than so many
// are: a launcher must not stand still for a program that asks.
inline constexpr std::size_t kSocketLinesMax = 1U << 17U;

[[nodiscard]] std::string socket_lines(const NetFacts& facts, SocketEntry::Kind kind,
                                       AddressFamily family);

}  // namespace strata::attach
