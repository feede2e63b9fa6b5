// SPDX-License-Identifier: Apache-2.0
#include "tcp/pacing.h"

#include <algorithm>

#include "tcp/congestion/fixed_point.h"

namespace strata::tcp {
namespace {

// What a rate of today may still be behind of: a quantum's time, and no more than this at rates of
// a few bytes per second.
constexpr Duration kCreditMax = std::chrono::seconds(1);

}  // namespace

std::uint32_t Pacer::quantum(std::uint32_t mss) const {
  if (!is_on()) return kQuantumMax;
  const std::uint64_t millisecond = std::min<std::uint64_t>(rate_ / 1000, kQuantumMax);
  return std::max(static_cast<std::uint32_t>(millisecond), 2 * mss);
}

Time Pacer::next_send_time(Time now) const { return is_on() ? std::max(next_, now) : now; }

void Pacer::on_sent(std::uint32_t bytes, std::uint32_t mss, Time now) {
  if (!is_on()) return;
  const Duration credit = std::min(congestion::time_for(quantum(mss), rate_), kCreditMax);
  next_ = std::max(next_, now - credit) + congestion::time_for(bytes, rate_);
}

std::uint64_t window_pacing_rate(std::uint32_t cwnd, std::uint32_t ssthresh, Duration srtt) {
  const unsigned percent = cwnd < ssthresh ? 200 : 120;
  return congestion::percent_of(congestion::rate_of(cwnd, srtt), percent);
}

}  // namespace strata::tcp
