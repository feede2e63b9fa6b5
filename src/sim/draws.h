// SPDX-License-Identifier: Apache-2.0
// Durations by chance: normal, Pareto, exponential. Whole numbers only, so that every machine draws
// the same.
#pragma once

#include "strata/rng.h"
#include "strata/time.h"

namespace strata::sim {

// Around zero, on both sides.
[[nodiscard]] Duration draw_normal(Rng& rng, Duration deviation);

// From zero: P(more than x) = (1 + x / scale)^-tail (Lomax). Below a tail of 1 it has no mean.
[[nodiscard]] Duration draw_pareto(Rng& rng, Duration scale, Ratio tail);

// What lies between two of many independent events: P(more than x) = e^(-x / mean).
[[nodiscard]] Duration draw_exponential(Rng& rng, Duration mean);

}  // namespace strata::sim
