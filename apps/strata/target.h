// SPDX-License-Identifier: Apache-2.0
// Target: whom ping and traceroute are about.
#pragma once

#include <string_view>

#include "service/failure.h"
#include "service/node.h"
#include "strata/commands.h"
#include "strata/stack.h"

namespace strata::app {

[[nodiscard]] service::Outcome<Target> parse_target(std::string_view text, Family family);
// Asks the stack's resolver for a target that is a name; for others it only waits for leases. The
// node's loop runs meanwhile.
[[nodiscard]] service::Outcome<void> look_up(Target& target, service::Node& node);
// The link of a link-local target: the one named, or the only one there is.
[[nodiscard]] service::Outcome<InterfaceId> zone_of(const Target& target, const Stack& stack);
// Whether packets to it stay on a link of this stack.
[[nodiscard]] bool is_on_own_link(const IpAddress& address, const Stack& stack);

}  // namespace strata::app
