// SPDX-License-Identifier: Apache-2.0
// What is said over <dashboard>/api/live, read and written here (docs/design/020-the-face.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "service/failure.h"
#include "service/web/face.h"
#include "service/web/live/packet_ring.h"
#include "service/web/live/segment_ring.h"

namespace strata::service {

enum class LiveSubject : std::uint8_t { kStatus, kConnections, kConnection, kPackets, kCount };

struct LiveWish {
  static constexpr Duration kEveryMin = std::chrono::milliseconds(100);
  LiveSubject subject = LiveSubject::kStatus;
  bool is_wanted = true;  // false: no longer
  Duration every{};
  FaceQuery query{};
  std::string filter{};    // kPackets
  std::size_t number = 0;  // the client's: packets and refusals say whose they are
};
[[nodiscard]] Outcome<LiveWish> parse_live_wish(std::string_view message);

// What the face told, with its type in front.
[[nodiscard]] std::string live_message(std::string_view type, std::string_view told);
[[nodiscard]] std::string live_connection(std::string_view told, Time now);
[[nodiscard]] std::string live_error(std::string_view sentence, std::size_t number = 0);
[[nodiscard]] std::string live_packets(std::span<const SeenPacket> packets, std::uint64_t missed,
                                       std::size_t number = 0);
[[nodiscard]] std::string live_segments(const ConnectionId& id,
                                        std::span<const SeenSegment> segments,
                                        std::uint64_t missed);

}  // namespace strata::service
