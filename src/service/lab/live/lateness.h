// SPDX-License-Identifier: Apache-2.0
// Lateness: how long after its time things happened, as counts in buckets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "strata/time.h"

// Buckets are 1/32 of their octave wide, so that a quantile is told within 3 %, from nanoseconds to
// centuries in 16 KB.

namespace strata::service {

class Lateness {
 public:
  void add(Duration late);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  // At least `share` (0 to 1) of all were no later; zero when there were none.
  [[nodiscard]] Duration quantile(double share) const;
  [[nodiscard]] Duration most() const { return most_; }

 private:
  static constexpr unsigned kParts = 32;
  static constexpr std::size_t kBuckets = std::size_t{kParts} * 60;
  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  Duration most_{};
};

}  // namespace strata::service
