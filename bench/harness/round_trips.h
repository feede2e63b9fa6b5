// SPDX-License-Identifier: Apache-2.0
// Median round trips, and what share of them was slow or lost.
#pragma once

#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/statistics.h"
#include "bench/harness/timing.h"

namespace strata::bench {

class RoundTrips {
 public:
  // Calls round_trip() -> microseconds, or nothing for one that was lost, until the time is up.
  template <typename RoundTrip>
  [[nodiscard]] double measure(Seconds duration, RoundTrip round_trip) {
    samples_.clear();
    lost_ = 0;
    const auto end = Wall::now() + std::chrono::duration_cast<Wall::duration>(duration);
    do {
      if (const std::optional<double> took = round_trip()) {
        samples_.push_back(*took);
      } else {
        ++lost_;
      }
    } while (Wall::now() < end);
    return samples_.empty() ? NAN : quantile(samples_, 0.5);
  }
  [[nodiscard]] std::vector<Detail> details() const {
    if (samples_.empty()) return {{"lost", static_cast<double>(lost_)}};
    return {{"us p99", quantile(samples_, 0.99)}, {"lost", static_cast<double>(lost_)}};
  }

 private:
  std::vector<double> samples_;
  std::size_t lost_ = 0;
};

}  // namespace strata::bench
