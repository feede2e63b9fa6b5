// SPDX-License-Identifier: Apache-2.0
#include "sim/queue/codel_law.h"

#include <cmath>

namespace strata::sim {

bool CodelLaw::is_late(Duration waited, std::size_t bytes_left, Time now) {
  if (waited < config_->target || bytes_left <= config_->frame_bytes) {
    first_above_.reset();
    return false;
  }
  if (!first_above_) {
    first_above_ = now + config_->interval;
    return false;
  }
  return now >= *first_above_;
}

// RFC 8289 5.4: what was enough a short while ago is where to begin again.
void CodelLaw::begin(Time now) {
  constexpr int kShortWhile = 16;
  const std::uint32_t needed = count_ - last_count_;
  const bool is_soon = now - drop_next_ < kShortWhile * config_->interval;
  count_ = needed > 1 && is_soon ? needed : 1;
  last_count_ = count_;
  is_dropping_ = true;
  drop_next_ = after(now);
}

// RFC 8289 5.3. Square root and division are exact to the last bit everywhere (IEEE 754).
Time CodelLaw::after(Time last) const {
  const double interval = static_cast<double>(config_->interval.count());
  return last +
         Duration(static_cast<std::int64_t>(interval / std::sqrt(static_cast<double>(count_))));
}

}  // namespace strata::sim
