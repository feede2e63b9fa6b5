// SPDX-License-Identifier: Apache-2.0
// explore: trials of a lab, seed after seed, until one breaks something; then the fewest faults.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "service/explore/verdict.h"
#include "service/lab/lab.h"

namespace strata::service {

struct ExploreOptions {
  std::uint64_t first_seed = 1, last_seed = 1;
  unsigned jobs = 1;  // trials at a time
};

struct Finding {
  Trial trial;                  // after shrinking
  TrialVerdict verdict;         // of that
  std::size_t items_drawn = 0;  // before
  std::size_t trials = 0;       // that shrinking took
};

struct Exploration {
  std::uint64_t seeds = 0;  // that were tried to their end
  std::uint64_t items = 0;  // faults that struck and choices of these
  std::uint64_t bytes = 0;  // that programs moved
  bool is_whole = true;     // false: stopped from outside
  std::optional<Finding> finding{};
};

// What to do between trials; false stops.
using ExploreWatch = std::function<bool(const Exploration& so_far)>;

// The finding is that of the lowest seed that breaks something, whatever `jobs` is. Fails when the
// lab has no conversation, or the system refuses a process.
[[nodiscard]] Outcome<Exploration> explore(const LabFile& lab, const ExploreOptions& options,
                                           const ExploreWatch& goes_on);

// The trial that did this, with each fault of a frame listed: it runs the same without chance.
[[nodiscard]] Trial listed(const Trial& drawn, const TrialVerdict& verdict);

}  // namespace strata::service
