// SPDX-License-Identifier: Apache-2.0
// An address of ours comes and goes: list, neighbour cache, groups and routes are told together.
#pragma once

#include "stack/core.h"

namespace strata::stack {

// Enters an address as tentative, or as usable where duplicates are not looked for.
Result<void> add_own_address(Core& core, Interface& interface, ip::InterfaceAddress address,
                             Time now);
Result<void> remove_own_address(Core& core, Interface& interface, const IpAddress& address,
                                Time now);

// Answers for an address that another host has, beyond us.
Result<void> add_proxy(Core& core, Interface& interface, const IpAddress& address, Time now);
Result<void> remove_proxy(Interface& interface, const IpAddress& address, Time now);

// Somebody else uses the address.
void on_duplicate_address(Core& core, Interface& interface, const IpAddress& address, Time now);

// Time, or the end of duplicate detection, changed an address.
void on_address_change(Core& core, Interface& interface, const ip::AddressChange& change, Time now);

}  // namespace strata::stack
