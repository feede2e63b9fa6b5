// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/folded_totals.h"

#include <algorithm>
#include <limits>

#include "tcp/send/flight.h"

namespace strata::tcp {
namespace {

template <typename To>
void narrow(To& to, std::uint64_t from) {
  to = static_cast<To>(std::min<std::uint64_t>(from, std::numeric_limits<To>::max()));
}

}  // namespace

FoldedTotals::FoldedTotals(const Totals& totals) : validated_at_(totals.validation.validated_at) {
  const auto units = [](Duration span) {
    return static_cast<std::uint64_t>((span + kTimeUnit / 2) / kTimeUnit);
  };
  narrow(bytes_acknowledged_, totals.bytes_acknowledged);
  narrow(bytes_retransmitted_, totals.bytes_retransmitted);
  narrow(data_segments_sent_, totals.data_segments_sent);
  narrow(lost_, totals.lost);
  narrow(busy_, units(totals.busy));
  narrow(limited_by_peer_window_, units(totals.limited_by_peer_window));
  narrow(limited_by_send_buffer_, units(totals.limited_by_send_buffer));
  narrow(rate_, totals.delivery_rate / kRateUnit + (totals.delivery_rate % kRateUnit != 0 ? 1 : 0));
  // RFC 7661 4.2: the round trip that was under way ended with the flight.
  pipe_ack_ = std::max(totals.validation.pipe_ack(), totals.validation.acked);
  for (std::size_t i = 0; i < kTcpLossCauses; ++i) narrow(retransmits_[i], totals.retransmits[i]);
  narrow(recoveries_, totals.recoveries);
  narrow(timeouts_, totals.timeouts);
  narrow(undone_, totals.undone);
  narrow(duplicates_reported_, totals.duplicates_reported);
  narrow(reordering_, totals.reordering);
  narrow(delivered_beyond_,
         totals.delivered - std::min(totals.bytes_acknowledged, totals.delivered));
  reordering_multiplier_ = totals.reordering_memory.multiplier;
  reordering_rounds_left_ = totals.reordering_memory.rounds_left & 0x3fU;
  reordering_seen_ = totals.reordering_memory.seen ? 1U : 0U;
  rate_is_application_limited_ = totals.rate_is_application_limited ? 1U : 0U;
}

bool FoldedTotals::fits(const Totals& totals) {
  constexpr std::uint32_t kWordMax = UINT32_MAX;
  constexpr std::uint32_t kByteMax = UINT8_MAX;
  constexpr Duration kSpanMax = kTimeUnit * (kWordMax - 1);
  const auto is_small = [](std::uint32_t count) { return count <= kByteMax; };
  return totals.bytes_sent == totals.bytes_acknowledged + totals.bytes_retransmitted &&
         totals.bytes_sent <= kWordMax && totals.data_segments_sent <= kWordMax &&
         totals.lost <= kWordMax && totals.delivered >= totals.bytes_acknowledged &&
         totals.delivered - totals.bytes_acknowledged <= kByteMax && totals.busy <= kSpanMax &&
         totals.delivery_rate <= kRateUnit * kWordMax &&
         std::ranges::all_of(totals.retransmits, is_small) && is_small(totals.recoveries) &&
         is_small(totals.timeouts) && is_small(totals.undone) &&
         is_small(totals.duplicates_reported) && is_small(totals.reordering) &&
         totals.reordering_memory.rounds_left <= 0x3fU && totals.path.is_off();
}

Totals FoldedTotals::unfold(std::uint16_t mss) const {
  Totals totals;
  totals.bytes_sent = std::uint64_t{bytes_acknowledged_} + bytes_retransmitted_;
  totals.bytes_retransmitted = bytes_retransmitted_;
  totals.bytes_acknowledged = bytes_acknowledged_;
  totals.data_segments_sent = data_segments_sent_;
  totals.delivered = std::uint64_t{bytes_acknowledged_} + delivered_beyond_;
  totals.lost = lost_;
  totals.delivery_rate = rate_ * kRateUnit;
  totals.rate_is_application_limited = rate_is_application_limited_ != 0;
  totals.busy = busy_ * kTimeUnit;
  totals.limited_by_peer_window = limited_by_peer_window_ * kTimeUnit;
  totals.limited_by_send_buffer = limited_by_send_buffer_ * kTimeUnit;
  std::ranges::copy(retransmits_, totals.retransmits.begin());
  totals.recoveries = recoveries_;
  totals.timeouts = timeouts_;
  totals.undone = undone_;
  totals.duplicates_reported = duplicates_reported_;
  totals.reordering = reordering_;
  totals.reordering_memory = {.multiplier = reordering_multiplier_,
                              .rounds_left = static_cast<std::uint8_t>(reordering_rounds_left_),
                              .seen = reordering_seen_ != 0};
  totals.validation.pipe_acks = {pipe_ack_, 0, 0};
  totals.validation.validated_at = validated_at_.time();
  (void)totals.path.on_mss(TcpPathProbing::kOff, mss, {});
  return totals;
}

}  // namespace strata::tcp
