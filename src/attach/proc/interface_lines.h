// SPDX-License-Identifier: Apache-2.0
// /proc/net/dev, route, ipv6_route, if_inet6 and arp: a line an entry.
#pragma once

#include <string>

#include "strata/stack.h"
#include "strata/time.h"

namespace strata::attach {

[[nodiscard]] std::string device_lines(const Stack& stack);
// Routes to ourselves are in another table of the kernel's, and not told.
[[nodiscard]] std::string route_lines(const Stack& stack);
[[nodiscard]] std::string route_lines_v6(const Stack& stack);
[[nodiscard]] std::string address_lines_v6(const Stack& stack);
[[nodiscard]] std::string neighbor_lines(const Stack& stack, Time now);

}  // namespace strata::attach
