// SPDX-License-Identifier: Apache-2.0
// Target: whom ping and traceroute are about.
#pragma once

#include <string_view>

#include "service/failure.h"
#include "strata/commands.h"
#include "strata/stack.h"

namespace strata::app {

enum class Family : std::uint8_t { kAny, kIpv4, kIpv6 };

[[nodiscard]] service::Outcome<Target> parse_target(std::string_view text, Family family);
// The link of a link-local target: the one named, or the only one there is.
[[nodiscard]] service::Outcome<InterfaceId> zone_of(const Target& target, const Stack& stack);
// Whether packets to it stay on a link of this stack.
[[nodiscard]] bool is_on_own_link(const IpAddress& address, const Stack& stack);

}  // namespace strata::app
