// SPDX-License-Identifier: Apache-2.0
// Checksums over packets, which may lie in several slices.
#pragma once

#include "strata/packet.h"
#include "strata/wire/checksum.h"

namespace strata::stack {

// The sum of `count` bytes from `offset` on.
[[nodiscard]] wire::Sum packet_sum(const Packet& packet, std::size_t offset, std::size_t count);

// The sum of everything from `offset` to the end.
[[nodiscard]] inline wire::Sum packet_sum(const Packet& packet, std::size_t offset) {
  return packet_sum(packet, offset, packet.size() - offset);
}

}  // namespace strata::stack
