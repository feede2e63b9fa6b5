// SPDX-License-Identifier: Apache-2.0
// shrink: the fewest items of a trial that still break what it broke.
#pragma once

#include <functional>
#include <vector>

#include "service/explore/trial.h"

namespace strata::service {

// Does this list still break it? The same answer each time for the same list.
using StillBreaks = std::function<bool(const std::vector<TrialItem>&)>;

// Delta debugging (Zeller and Hildebrandt 2002): halves, then smaller parts, are left out as long
// as it still breaks, until no single item can be left out. `items` break it.
[[nodiscard]] std::vector<TrialItem> shrink(std::vector<TrialItem> items,
                                            const StillBreaks& breaks);

}  // namespace strata::service
