// SPDX-License-Identifier: Apache-2.0
// FoldedTotals: what an idle sender remembers of its Totals, in a quarter of their bytes.
//
// Counts of a connection that has not moved gigabytes are small, most of them follow from each
// other once nothing is in flight, and a path that was never probed has nothing to tell. Totals of
// which that is not true do not fit, and stay as they are (Sender::keep_totals).
#pragma once

#include <array>
#include <cstdint>

#include "strata/tcp_info.h"
#include "strata/time.h"
#include "tcp/packed_time.h"

namespace strata::tcp {

struct Totals;

class FoldedTotals {
 public:
  FoldedTotals() = default;
  // Nothing is in flight. Counts without room stay at their most.
  explicit FoldedTotals(const Totals& totals);
  // Does nothing get lost?
  [[nodiscard]] static bool fits(const Totals& totals);
  // `mss`: what options and path allow, which is all that a path never probed knows.
  [[nodiscard]] Totals unfold(std::uint16_t mss) const;

 private:
  // Times are sums of many flights: rounded, so that their errors do not add up.
  static constexpr Duration kTimeUnit{256};
  static constexpr std::uint64_t kRateUnit = 64;  // bytes per second

  std::uint32_t bytes_acknowledged_ = 0;
  std::uint32_t bytes_retransmitted_ = 0;
  std::uint32_t data_segments_sent_ = 0;
  std::uint32_t lost_ = 0;
  std::uint32_t busy_ = 0;
  std::uint32_t limited_by_peer_window_ = 0;
  std::uint32_t limited_by_send_buffer_ = 0;
  std::uint32_t rate_ = 0;      // in kRateUnit, rounded up
  std::uint32_t pipe_ack_ = 0;  // RFC 7661 4.2, of the present sampling periods
  PackedTime validated_at_;
  std::array<std::uint8_t, kTcpLossCauses> retransmits_{};
  std::uint8_t recoveries_ = 0;
  std::uint8_t timeouts_ = 0;
  std::uint8_t undone_ = 0;
  std::uint8_t duplicates_reported_ = 0;
  std::uint8_t reordering_ = 0;
  std::uint8_t delivered_beyond_ = 0;  // of what was acknowledged: FIN
  std::uint8_t reordering_multiplier_ = 1;
  std::uint8_t reordering_rounds_left_ : 6 = 0;
  std::uint8_t reordering_seen_ : 1 = 0;
  std::uint8_t rate_is_application_limited_ : 1 = 0;
};
static_assert(sizeof(FoldedTotals) == 60);

}  // namespace strata::tcp
