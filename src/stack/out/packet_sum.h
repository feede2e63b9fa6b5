// SPDX-License-Identifier: Apache-2.0
// Checksums over packets, which may lie in several slices.
#pragma once

#include "strata/packet.h"
#include "strata/wire/checksum.h"

namespace strata::stack {

// The same over several slices.
[[nodiscard]] wire::Sum chain_sum(const Packet& packet, std::size_t offset);

// The sum of everything from `offset`, which lies inside, to the end.
[[nodiscard]] inline wire::Sum packet_sum(const Packet& packet, std::size_t offset) {
  // Nearly every packet is one slice.
  if (packet.is_chain()) return chain_sum(packet, offset);
  return wire::partial_sum(packet.bytes().subspan(offset));
}

}  // namespace strata::stack
