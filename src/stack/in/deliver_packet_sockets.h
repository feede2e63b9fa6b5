// SPDX-License-Identifier: Apache-2.0
// Frames to the programs that watch a link.
#pragma once

#include "stack/core.h"
#include "strata/wire/ethernet.h"

namespace strata::stack {

[[nodiscard]] inline bool has_packet_sockets(const Core& core) { return !core.raw.packet.empty(); }

// Copies a frame to every packet socket that wants it. `is_for_us`: sockets that do not hear
// others get it too.
void deliver_to_packet_sockets(Core& core, const Interface& port, const Packet& frame,
                               std::uint16_t ethertype, bool is_for_us);

// The same for a frame of a VLAN, which has no tags there. `content` begins behind its link header.
void deliver_to_packet_sockets_of(Core& core, const Interface& vlan, const Packet& content,
                                  const wire::EthernetHeader& link);

}  // namespace strata::stack
