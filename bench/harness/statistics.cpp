// SPDX-License-Identifier: Apache-2.0
#include "bench/harness/statistics.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "strata/check.h"

namespace strata::bench {

// Linear between the two nearest samples, so that the median of an even count is their mean.
double quantile(std::span<const double> samples, double share) {
  STRATA_CHECK(!samples.empty() && share >= 0 && share <= 1);
  std::vector<double> sorted(samples.begin(), samples.end());
  std::ranges::sort(sorted);
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(at));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = at - static_cast<double>(below);
  return sorted[below] + part * (sorted[above] - sorted[below]);
}

Statistics statistics_of(std::span<const double> samples) {
  return {
      .median = quantile(samples, 0.5), .min = quantile(samples, 0), .max = quantile(samples, 1)};
}

}  // namespace strata::bench
