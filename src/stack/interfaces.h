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
// The interface and, of a port, the VLANs on it, which share its wire; the port first.
template <typename Visit>
void for_each_on(Core& core, Interface& interface, Visit visit) {
  visit(interface);
  core.for_each_interface([&](Interface& other) {
    if (other.parent == &interface) visit(other);
  });
}

// As its owner wants it. VLANs get no more than their port has (IEEE 802.1Q knows no fragments),
// and have what they want again once there is room for it.
Result<void> set_interface_mtu(Core& core, Interface& interface, std::size_t mtu);
// The same once the wire is another one.
void fit_interface_mtus(Core& core, Interface& interface);
// What connections know of their path they learn when they next send.
void set_interface_mtus(Core& core, Interface& interface, std::size_t link,
                        std::uint32_t advertised);
Result<void> set_interface_up(Core& core, Interface& interface, bool up, Time now);

}  // namespace strata::stack
