// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/folded_totals.h"

#include <algorithm>

#include "tcp/send/flight.h"

namespace strata::tcp {
namespace {

constexpr std::uint64_t kWordMax = UINT32_MAX;
constexpr std::uint32_t kByteMax = UINT8_MAX;

// Bits of all that shall fit into a byte: none at all, most of the time.
std::uint32_t troubles(const Totals& totals) {
  std::uint32_t bits = totals.recoveries | totals.timeouts | totals.undone |
                       totals.duplicates_reported | totals.reordering;
  for (const std::uint32_t count : totals.retransmits) bits |= count;
  return bits;
}

// For want of memory for all of it: each count at its most, and those that follow from others so.
Totals cut(Totals totals, Duration span_max, std::uint64_t rate_max) {
  const auto bound = [](auto& count, auto most) {
    count = std::min(count, decltype(+count)(most));
  };
  bound(totals.bytes_acknowledged, kWordMax / 2);
  bound(totals.bytes_retransmitted, kWordMax / 2);
  totals.bytes_sent = totals.bytes_acknowledged + totals.bytes_retransmitted;
  bound(totals.data_segments_sent, kWordMax);
  bound(totals.lost, kWordMax);
  totals.delivered = totals.bytes_acknowledged;
  bound(totals.delivery_rate, rate_max);
  totals.busy = std::min(totals.busy, span_max);
  totals.limited_by_peer_window = std::min(totals.limited_by_peer_window, span_max);
  totals.limited_by_send_buffer = std::min(totals.limited_by_send_buffer, span_max);
  for (std::uint32_t& count : totals.retransmits) bound(count, kByteMax);
  bound(totals.recoveries, kByteMax);
  bound(totals.timeouts, kByteMax);
  bound(totals.undone, kByteMax);
  bound(totals.duplicates_reported, kByteMax);
  bound(totals.reordering, kByteMax);
  totals.reordering_memory.rounds_left =
      std::min<std::uint8_t>(totals.reordering_memory.rounds_left, 0x3f);
  totals.path = {};
  return totals;
}

}  // namespace

// Between any two requests of a quiet connection this runs once each way, and so has no branch but
// for what is rare.
FoldedTotals::FoldedTotals(const Totals& totals) : validated_at_(totals.validation.validated_at) {
  if (!fits(totals)) [[unlikely]] {
    *this = FoldedTotals(cut(totals, kTimeUnit * (UINT32_MAX - 1), kRateUnit * kWordMax));
    return;
  }
  const auto units = [](Duration span) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>((span + kTimeUnit / 2).count()) /
                                      static_cast<std::uint64_t>(kTimeUnit.count()));
  };
  bytes_acknowledged_ = static_cast<std::uint32_t>(totals.bytes_acknowledged);
  bytes_retransmitted_ = static_cast<std::uint32_t>(totals.bytes_retransmitted);
  data_segments_sent_ = static_cast<std::uint32_t>(totals.data_segments_sent);
  lost_ = static_cast<std::uint32_t>(totals.lost);
  busy_ = units(totals.busy);
  limited_by_peer_window_ = units(totals.limited_by_peer_window);
  limited_by_send_buffer_ = units(totals.limited_by_send_buffer);
  rate_ = static_cast<std::uint32_t>((totals.delivery_rate + kRateUnit - 1) / kRateUnit);
  // RFC 7661 4.2: the round trip that was under way ended with the flight.
  pipe_ack_ = std::max(totals.validation.pipe_ack(), totals.validation.acked);
  delivered_beyond_ = static_cast<std::uint8_t>(totals.delivered - totals.bytes_acknowledged);
  reordering_multiplier_ = totals.reordering_memory.multiplier;
  reordering_rounds_left_ = totals.reordering_memory.rounds_left & 0x3fU;
  reordering_seen_ = totals.reordering_memory.seen ? 1U : 0U;
  rate_is_application_limited_ = totals.rate_is_application_limited ? 1U : 0U;
  if (troubles(totals) == 0) return;
  for (std::size_t i = 0; i < kTcpLossCauses; ++i) {
    retransmits_[i] = static_cast<std::uint8_t>(totals.retransmits[i]);
  }
  recoveries_ = static_cast<std::uint8_t>(totals.recoveries);
  timeouts_ = static_cast<std::uint8_t>(totals.timeouts);
  undone_ = static_cast<std::uint8_t>(totals.undone);
  duplicates_reported_ = static_cast<std::uint8_t>(totals.duplicates_reported);
  reordering_ = static_cast<std::uint8_t>(totals.reordering);
}

bool FoldedTotals::fits(const Totals& totals) {
  const std::uint64_t words = totals.bytes_sent | totals.data_segments_sent | totals.lost;
  return totals.bytes_sent == totals.bytes_acknowledged + totals.bytes_retransmitted &&
         words <= kWordMax && totals.delivered - totals.bytes_acknowledged <= kByteMax &&
         totals.busy <= kTimeUnit * (UINT32_MAX - 1) &&
         totals.delivery_rate <= kRateUnit * kWordMax && troubles(totals) <= kByteMax &&
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
