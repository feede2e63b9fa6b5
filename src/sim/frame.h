// SPDX-License-Identifier: Apache-2.0
// What links do to frames: make them the link's own, tag them, flip bits in them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "strata/packet.h"
#include "strata/packet_pool.h"
#include "strata/rng.h"
#include "strata/time.h"

namespace strata::sim {

// Bytes of link header in front of the IP packet: Ethernet and up to two 802.1Q tags.
[[nodiscard]] std::size_t link_header_bytes(const Packet& frame);

// The frame as one slice of a buffer that nobody shares: itself, or a copy when a sender still
// holds its bytes. Null when the pool is empty.
[[nodiscard]] PacketPtr make_own(PacketPtr frame, PacketPool& pool);

// Puts an 802.1Q tag behind the addresses of an Ethernet frame that is our own; null when it needs
// a copy and the pool is empty.
[[nodiscard]] PacketPtr insert_tag(PacketPtr frame, std::uint16_t control, PacketPool& pool);
// Takes off the tag that is there.
void remove_tag(Packet& frame);

// Flips `bits` different bits (all there are, if fewer) of a frame that is our own.
void flip_bits(Packet& frame, std::uint32_t bits, Rng& rng);

// `time` + `duration`, or kNever where that has no name.
[[nodiscard]] constexpr Time later(Time time, Duration duration) {
  return duration > kNever - time ? kNever : time + duration;
}

}  // namespace strata::sim
