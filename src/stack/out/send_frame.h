// SPDX-License-Identifier: Apache-2.0
// Last step out: the link header, and the queue of the device.
#pragma once

#include <cstdint>

#include "stack/core.h"

namespace strata::stack {

enum class Search : std::uint8_t;

// A packet that begins with its IP header, to a neighbour, a group or all. Waits in the neighbour
// cache where the next hop is not resolved yet.
void send_to_next_hop(Core& core, Interface& interface, PacketPtr packet, const IpAddress& next_hop,
                      Time now);

// RFC 4861 7.3.1: an upper layer has heard that what goes to this next hop arrives, so that nobody
// need ask for it.
void confirm_next_hop(Interface& interface, const IpAddress& next_hop, Time now);

// The same as send_to_next_hop() when the link-layer address is known.
void send_frame(Core& core, Interface& interface, const MacAddress& destination,
                std::uint16_t ethertype, PacketPtr packet);

// The ethertype of a packet that begins with its IP header.
[[nodiscard]] std::uint16_t ethertype_of_ip(const Packet& packet);

// Queues a whole frame of a port for the next flush.
void enqueue(Core& core, Interface& interface, PacketPtr frame);

// A packet whose next hop did not answer: counted, and its sender told.
void give_up(Core& core, Interface& interface, neighbor::Undeliverable undeliverable, Search search,
             Time now);

}  // namespace strata::stack
