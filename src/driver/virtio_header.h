// SPDX-License-Identifier: Apache-2.0
// The 12 bytes in front of every frame of a TAP device: what is left to do about its checksum and
// its segments. Declared here because <linux/virtio_net.h> is not valid C++.
#pragma once

#include <cstdint>

#include "strata/device.h"
#include "strata/packet.h"

namespace strata::driver {

// Virtio 1.2, 5.1.6. In the byte order of the machine, as TAP has it unless told otherwise.
struct VirtioHeader {
  static constexpr std::uint8_t kNeedsChecksum = 1;
  static constexpr std::uint8_t kDataValid = 2;

  static constexpr std::uint8_t kGsoNone = 0;
  static constexpr std::uint8_t kGsoTcpV4 = 1;
  static constexpr std::uint8_t kGsoTcpV6 = 4;
  static constexpr std::uint8_t kGsoUdp = 5;
  static constexpr std::uint8_t kGsoEcn = 0x80;  // the first segment only carries CWR

  std::uint8_t flags = 0;
  std::uint8_t gso_type = kGsoNone;
  std::uint16_t header_length = 0;  // link, IP and transport header, a hint
  std::uint16_t gso_size = 0;       // payload bytes a segment
  std::uint16_t checksum_start = 0;
  std::uint16_t checksum_offset = 0;  // from checksum_start
  std::uint16_t buffers = 0;

  friend bool operator==(const VirtioHeader&, const VirtioHeader&) = default;
};
static_assert(sizeof(VirtioHeader) == 12);

// Writes what the header says into the packet's notes. False, with the notes untouched, when it
// does not fit the packet: it may have come from a hostile guest by way of the kernel.
[[nodiscard]] bool take_notes(const VirtioHeader& header, Medium medium, Packet& packet);

// The header for a packet that is about to be sent. False when the notes do not fit the packet.
[[nodiscard]] bool describe(const Packet& packet, Medium medium, VirtioHeader& header);

}  // namespace strata::driver
