// SPDX-License-Identifier: Apache-2.0
// What every driver asks of a frame before it sends it, and how one is copied and finished.
#pragma once

#include <cstddef>

#include "strata/device.h"
#include "strata/packet.h"
#include "strata/packet_pool.h"
#include "strata/wire/ethernet.h"

namespace strata::driver {

// Bytes in front of the IP packet: none on an IP medium, else Ethernet with its VLAN tags.
[[nodiscard]] std::size_t link_header_bytes(Medium medium, const Packet& packet);

// Whether a packet longer than an untagged frame of the link is a tagged one or a super-segment
// that the device cuts.
[[nodiscard]] bool is_sendable_long(const DeviceCapabilities& capabilities, const Packet& packet);

// Whether a device with these capabilities can send the packet at all.
[[nodiscard]] inline bool is_sendable(const DeviceCapabilities& capabilities,
                                      const Packet& packet) {
  const bool is_ethernet = capabilities.medium == Medium::kEthernet;
  const std::size_t header = is_ethernet ? wire::EthernetLayout::kSize : 0;
  const std::size_t size = packet.size();
  if (size < (is_ethernet ? header : 1)) return false;
  return size <= capabilities.mtu + header || is_sendable_long(capabilities, packet);
}

// Whether the notes of a kPartial packet name a 16-bit field inside it.
[[nodiscard]] bool has_sound_partial_checksum(const Packet& packet);

// Turns kPartial into a finished checksum. The offsets have been proved sound. False when the slice
// that holds the field is shared and must not be written.
[[nodiscard]] bool complete_checksum(Packet& packet);

// The same in a copy of the packet's first bytes, which the packet itself need not have; a packet
// that is not kPartial, or is unsound, and a copy that ends before the field are left alone.
void complete_checksum_in_copy(const Packet& packet, MutableBytes copy);

// A packet with bytes of its own from `pool` and no notes; null when the pool is empty. Long
// packets get one large buffer; where it has none, or they fill more than that, a chain.
[[nodiscard]] PacketPtr copy_frame(const Packet& from, PacketPool& pool);
[[nodiscard]] PacketPtr make_frame(Bytes from, PacketPool& pool);

}  // namespace strata::driver
