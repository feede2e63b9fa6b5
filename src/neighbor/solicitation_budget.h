// SPDX-License-Identifier: Apache-2.0
// How many solicitations may leave: a token bucket in integers (RFC 6583 6.2).
#pragma once

#include <algorithm>
#include <cstdint>

#include "strata/time.h"

namespace strata::neighbor {

// The bucket is full when `full_at_` is not after now; each token taken moves it one interval on.
class SolicitationBudget {
 public:
  SolicitationBudget(std::uint32_t per_second, std::uint32_t burst)
      : interval_(Duration(std::chrono::seconds(1)) / std::max<std::uint32_t>(per_second, 1)),
        depth_(interval_ * std::max<std::uint32_t>(burst, 1)) {}

  [[nodiscard]] bool try_take(Time now) {
    if (now < ready_at()) return false;
    full_at_ = std::max(full_at_, now) + interval_;
    return true;
  }
  // From when on a token is there.
  [[nodiscard]] Time ready_at() const { return full_at_ + interval_ - depth_; }

 private:
  Duration interval_;
  Duration depth_;
  Time full_at_{};
};

}  // namespace strata::neighbor
