// SPDX-License-Identifier: Apache-2.0
#include "sim/rate_trace.h"

#include <algorithm>
#include <chrono>

namespace strata::sim {
namespace {

using Milliseconds = std::chrono::milliseconds;

Time time_of(const RateTrace& trace, std::uint64_t number) {
  const std::size_t count = trace.opportunities_ms.size();
  const std::uint64_t round = number / count;
  const std::uint64_t at =
      round * trace.opportunities_ms.back() + trace.opportunities_ms[number % count];
  return Time(Milliseconds(at));
}

// The first opportunity that is not before `now`. One at the very end of a round is of that round.
std::uint64_t first_from(const RateTrace& trace, Time now) {
  const auto& all = trace.opportunities_ms;
  const auto at =
      static_cast<std::uint64_t>(std::chrono::ceil<Milliseconds>(now.time_since_epoch()).count());
  std::uint64_t round = at / all.back(), rest = at % all.back();
  if (rest == 0 && round != 0) {
    --round;
    rest = all.back();
  }
  const auto found = std::ranges::lower_bound(all, rest);
  return round * all.size() + static_cast<std::uint64_t>(found - all.begin());
}

}  // namespace

Time TraceCursor::take(const RateTrace& trace, Time now, std::size_t frame_bytes) {
  if (at_ < now) left_ = 0;
  while (frame_bytes > left_) {
    frame_bytes -= left_;
    next_ = std::max(next_, first_from(trace, now));
    at_ = time_of(trace, next_++);
    left_ = kTraceOpportunityBytes;
  }
  left_ -= frame_bytes;
  return std::max(at_, now);
}

}  // namespace strata::sim
