// SPDX-License-Identifier: Apache-2.0
// Runs of many seeds, several at a time, each in a process of its own; told in their order.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "service/failure.h"

namespace strata::service {

struct SeedRuns {
  std::uint64_t first = 1, last = 1;
  unsigned jobs = 1;  // at a time
  // What one seed has to tell. Called in a forked process when jobs is more than 1; it looks at
  // `stopped` now and then and tells early what it has.
  std::function<Outcome<std::string>(std::uint64_t seed, std::function<bool()> stopped)> run = {};
  // In the order of the seeds, in the calling process. False: no more.
  std::function<bool(std::uint64_t seed, const std::string& text)> tell = {};
  // Asked often, in the calling process: whether to tell what there is and end.
  std::function<bool()> interrupted = [] { return false; };
};

// The first failure, in the order of the seeds, ends it.
[[nodiscard]] Outcome<void> run_seeds(const SeedRuns& runs);

}  // namespace strata::service
