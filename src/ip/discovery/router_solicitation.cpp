// SPDX-License-Identifier: Apache-2.0
#include "ip/discovery/router_solicitation.h"

#include <algorithm>

namespace strata::ip {
namespace {

[[nodiscard]] Duration uniform(Rng& rng, Duration low, Duration high) {
  const auto width = static_cast<std::uint64_t>((high - low).count());
  return low + Duration(static_cast<std::int64_t>(rng.between(0, width)));
}

// RFC 8415 15: RAND is uniform between -0.1 and +0.1.
[[nodiscard]] Duration jittered(Rng& rng, Duration base, Duration jitter_of) {
  return base + uniform(rng, -jitter_of / 10, jitter_of / 10);
}

}  // namespace

void RouterSolicitation::start(Rng& rng, Time now) {
  interval_ = Duration{};
  // RFC 4861 6.3.7: a delay first, so that hosts that come up together do not ask together.
  due_ = now + uniform(rng, Duration{}, config_.delay_max);
}

bool RouterSolicitation::take_due(Rng& rng, Time now) {
  if (!due_ || *due_ > now) return false;
  // RFC 7559 2 with the formula of RFC 8415 15: IRT first, then double, no more than MRT.
  if (interval_ == Duration{}) {
    interval_ = jittered(rng, config_.interval, config_.interval);
  } else {
    interval_ = jittered(rng, 2 * interval_, interval_);
    if (interval_ > config_.interval_max) {
      interval_ = jittered(rng, config_.interval_max, config_.interval_max);
    }
  }
  due_ = now + interval_;
  return true;
}

}  // namespace strata::ip
