// SPDX-License-Identifier: Apache-2.0
// The 802.1Q tag of a frame put in, changed and taken out; notes about offsets follow.
#pragma once

#include <cstdint>

#include "strata/packet.h"
#include "strata/packet_pool.h"

namespace strata::bridge {

// Null when the pool has nothing for a copy, which is needed where others hold the frame, too, or
// there is no room in front of it. The frame is an Ethernet header long, with a tag where one is
// removed or rewritten.
[[nodiscard]] PacketPtr insert_tag(PacketPtr frame, std::uint16_t control, PacketPool& pool);
[[nodiscard]] PacketPtr remove_tag(PacketPtr frame, PacketPool& pool);
[[nodiscard]] PacketPtr rewrite_tag(PacketPtr frame, std::uint16_t control, PacketPool& pool);

}  // namespace strata::bridge
