// SPDX-License-Identifier: Apache-2.0
// The median and the spread of a few measurements.
#pragma once

#include <span>

namespace strata::bench {

struct Statistics {
  double median = 0;
  double min = 0;
  double max = 0;
};

// Of at least one sample.
[[nodiscard]] Statistics statistics_of(std::span<const double> samples);

// The value below which this share of the samples lies; share in [0, 1]. At least one sample.
[[nodiscard]] double quantile(std::span<const double> samples, double share);

}  // namespace strata::bench
