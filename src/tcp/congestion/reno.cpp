// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/reno.h"

#include <algorithm>

namespace strata::tcp::congestion {

bool RenoGrowth::try_start(Memory& memory, const StartEvent& start) {
  bytes_counted_ = 0;
  hystart_ = {};
  return WindowBased::try_start(memory, start);
}

void RenoGrowth::on_ack(const AckEvent& ack) { grow(ack); }

void RenoGrowth::grow(const AckEvent& ack) {
  if (phase() == Phase::kReducing) return;
  if (is_initial_slow_start() && hystart_.on_ack(ack)) ssthresh_ = cwnd_;
  // A window that does not limit proves nothing about a larger one (RFC 7661 4.4).
  if (!ack.is_cwnd_limited) return;
  if (!is_slow_start()) return grow_linearly(ack.bytes_acked, bytes_counted_);
  const std::uint32_t growth = slow_start_growth(ack);
  const std::uint64_t target =
      std::uint64_t{cwnd_} + (is_initial_slow_start() ? hystart_.growth(growth) : growth);
  grow_to(std::min<std::uint64_t>(target, ssthresh_));
}

void RenoGrowth::on_undo(Time now) {
  WindowBased::on_undo(now);
  if (is_initial_slow_start()) hystart_ = {};
}

std::uint32_t Reno::reduced(std::uint32_t window, CongestionCause) const { return window / 2; }

}  // namespace strata::tcp::congestion
