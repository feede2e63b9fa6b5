// SPDX-License-Identifier: Apache-2.0
// ARP in: to the neighbour cache, and the answer out.
#pragma once

#include "stack/core.h"

namespace strata::stack {

// The packet begins with the ARP message.
void receive_arp(Core& core, Interface& interface, PacketPtr packet, Time now);

// Queues an ARP message for its link.
void send_arp(Core& core, Interface& interface, const neighbor::SendArp& message);

}  // namespace strata::stack
