// SPDX-License-Identifier: Apache-2.0
// Interfaces come and go.
#pragma once

#include "stack/core.h"

namespace strata::stack {

// The interface with 127.0.0.1 and ::1; made with the stack.
Result<void> add_loopback(Core& core);

Result<InterfaceId> add_port(Core& core, Device& device, const InterfaceConfig& config, Time now);
Result<InterfaceId> add_vlan_interface(Core& core, Interface& parent, const VlanTags& tags,
                                       const InterfaceConfig& config, Time now);
Result<void> remove_interface(Core& core, Interface& interface, Time now);
// What connections know of their path they learn when they next send.
void set_interface_mtus(Core& core, Interface& interface, std::size_t link,
                        std::uint32_t advertised);
Result<void> set_interface_up(Core& core, Interface& interface, bool up, Time now);

}  // namespace strata::stack
