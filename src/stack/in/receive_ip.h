// SPDX-License-Identifier: Apache-2.0
// Second step in: valid IP packets, past the ip_in hooks, to delivery or to forwarding.
#pragma once

#include "stack/core.h"
#include "stack/in/arrival.h"

namespace strata::stack {

// Packets that begin with their IP header, notes().scratch the version, notes().interface where
// they came in.
void receive_ip(Core& core, PacketBatch& packets, Time now);

// The checks of one header, read into `arrival` (filled in place: a copy of something written a
// moment ago, field by field, stalls the processor for as long as all the checks take). What is
// longer than the header says is cut off.
[[nodiscard]] DropReason check_ipv4(Core& core, Interface& interface, Packet& packet,
                                    Arrival& arrival);
[[nodiscard]] DropReason check_ipv6(Core& core, Interface& interface, Packet& packet,
                                    Arrival& arrival);

// What becomes of a checked packet: ours, somebody else's, or nobody's.
void receive_ipv4(Core& core, PacketPtr packet, Arrival& arrival, Time now);
void receive_ipv6(Core& core, PacketPtr packet, Arrival& arrival, Time now);

}  // namespace strata::stack
