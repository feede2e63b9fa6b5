// SPDX-License-Identifier: Apache-2.0
// Third step in: packets for this host, put together from fragments, to their protocol.
#pragma once

#include "ip/ipv6_options.h"
#include "stack/core.h"
#include "stack/in/arrival.h"

namespace strata::stack {

// The packet begins with its IP header; an IPv4 fragment goes to reassembly first.
void deliver(Core& core, PacketPtr packet, const Arrival& arrival, Time now);

void deliver_fragment_v6(Core& core, PacketPtr packet, const Arrival& arrival,
                         const ip::Ipv6FragmentPlace& place, Time now);

// Protocols. The transport header begins at arrival.header_length.
void deliver_tcp(Core& core, PacketPtr packet, const Arrival& arrival, Time now);
void deliver_udp(Core& core, PacketPtr packet, const Arrival& arrival, Time now);
void deliver_icmpv4(Core& core, PacketPtr packet, const Arrival& arrival, Time now);
void deliver_icmpv6(Core& core, PacketPtr packet, const Arrival& arrival, Time now);
void deliver_igmp(Core& core, PacketPtr packet, const Arrival& arrival, Time now);
// ICMPv6 messages of neighbour and listener discovery; the checksum has been verified.
void deliver_nd(Core& core, PacketPtr packet, const Arrival& arrival, Time now);
void deliver_mld(Core& core, PacketPtr packet, const Arrival& arrival, Time now);
// Copies to raw sockets. True when any socket speaks this protocol.
bool deliver_to_raw_sockets(Core& core, const Packet& packet, const Arrival& arrival);
inline bool deliver_raw(Core& core, const Packet& packet, const Arrival& arrival) {
  return !core.raw.raw.empty() && deliver_to_raw_sockets(core, packet, arrival);
}

// The first `size` bytes in one slice, in a buffer of our own where they must be moved. False,
// and the packet is gone, when there is no memory for it or it is too short.
[[nodiscard]] bool gather_front(Core& core, PacketPtr& packet, std::size_t size,
                                DropReason too_short);
[[nodiscard]] inline bool make_contiguous(Core& core, PacketPtr& packet, std::size_t size,
                                          DropReason too_short) {
  return packet->slice_size() >= size || gather_front(core, packet, size, too_short);
}

}  // namespace strata::stack
