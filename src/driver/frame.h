// SPDX-License-Identifier: Apache-2.0
// What every driver asks of a frame before it sends it, and how one is copied and finished.
#pragma once

#include <cstddef>

#include "strata/device.h"
#include "strata/packet.h"
#include "strata/packet_pool.h"

namespace strata::driver {

// Bytes in front of the IP packet: none on an IP medium, else Ethernet with its VLAN tags.
[[nodiscard]] std::size_t link_header_bytes(Medium medium, const Packet& packet);

// Whether a device with these capabilities can send the packet at all: neither empty nor longer
// than the link, or a super-segment that the device cuts.
[[nodiscard]] bool is_sendable(const DeviceCapabilities& capabilities, const Packet& packet);

// Whether the notes of a kPartial packet name a 16-bit field inside it.
[[nodiscard]] bool has_sound_partial_checksum(const Packet& packet);

// Turns kPartial into a finished checksum. The offsets have been proved sound. False when the slice
// that holds the field is shared and must not be written.
[[nodiscard]] bool complete_checksum(Packet& packet);

// A packet with bytes of its own from `pool` and no notes; null when the pool is empty. Long
// packets get one large buffer; where it has none, or they fill more than that, a chain.
[[nodiscard]] PacketPtr copy_frame(const Packet& from, PacketPool& pool);
[[nodiscard]] PacketPtr make_frame(Bytes from, PacketPool& pool);

}  // namespace strata::driver
