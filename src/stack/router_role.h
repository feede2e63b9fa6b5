// SPDX-License-Identifier: Apache-2.0
// What an interface listens to besides when the stack routes IPv6 (RFC 4291 2.8).
#pragma once

#include "stack/core.h"

namespace strata::stack {

// The groups of all routers, and the anycast address of each of its prefixes.
void take_router_role(Core& core, Interface& interface, Time now);
void give_up_router_role(Core& core, Interface& interface, Time now);

// An address of a routing interface came, or went as the last of its prefix.
void add_router_anycast(Core& core, Interface& interface, const ip::InterfaceAddress& address,
                        Time now);
void remove_router_anycast(Core& core, Interface& interface, const ip::InterfaceAddress& address,
                           Time now);

}  // namespace strata::stack
