// SPDX-License-Identifier: Apache-2.0
// Landing: the buffers that a read of unknown length may fill, and the packet it becomes.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <vector>

#include "strata/packet.h"
#include "strata/packet_pool.h"

// A read scatters into
//
//   | small buffer, after its headroom | overflow (64 KB) |
//
// 1. What fits a small buffer ends in one. Only what is longer touches the overflow.
// 2. A short overflow is copied into further small buffers, so that medium-sized super-segments do
//    not use up the few large ones; a long one is handed over with its large buffer.
// 3. Buffers that no read has filled serve the next one, and go back with the landing: one lives as
//    long as a call of receive(), for the pool may end before the device.

namespace strata::driver {

// The longest frame: an IP packet of 65,535 bytes behind Ethernet and two VLAN tags.
inline constexpr std::size_t kFrameBytesMax = 65'535 + 22;

// What the overflow goes to where the pool has no large buffer. Lives as long as its device.
using LandingScratch = std::vector<std::byte>;

class Landing {
 public:
  // `scratch` has kFrameBytesMax bytes.
  Landing(PacketPool& pool, LandingScratch& scratch) : pool_(pool), scratch_(scratch) {}

  // Where the next read goes. Without a small buffer all of it goes to the overflow, so that the
  // frame is gone from where it waited.
  [[nodiscard]] std::array<iovec, 2> slices();
  // The packet of a read of `size` bytes into slices(); null when the pool was too short for it.
  [[nodiscard]] PacketPtr take(std::size_t size);

 private:
  [[nodiscard]] bool attach_overflow(Bytes bytes);

  PacketPool& pool_;
  LandingScratch& scratch_;
  PacketPtr head_;
  PacketPtr overflow_;
  MutableBytes head_room_;
  MutableBytes overflow_room_;
};

// The slices of a packet for a write that gathers them; how many there are. A packet of more slices
// than `to` has room for is copied into `scratch` and is one.
[[nodiscard]] std::size_t gather(const Packet& packet, std::span<iovec> to,
                                 LandingScratch& scratch);

}  // namespace strata::driver
