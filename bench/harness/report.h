// SPDX-License-Identifier: Apache-2.0
// Results, and the three ways to write them down.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/machine.h"
#include "bench/harness/statistics.h"

namespace strata::bench {

struct ContestantResult {
  std::string name;
  std::string unavailable;  // why it did not run; empty: it did
  std::vector<double> samples;
  std::vector<Detail> details;

  [[nodiscard]] bool ran() const { return unavailable.empty() && !samples.empty(); }
  [[nodiscard]] Statistics statistics() const { return statistics_of(samples); }
};

struct Result {
  std::string name;
  std::string unit;
  std::string claim;
  Better better = Better::kHigher;
  std::optional<double> goal;
  std::optional<double> ratio_goal;
  double load = 0;  // when it began
  std::vector<ContestantResult> contestants;

  // Our median over the first peer's, when both ran.
  [[nodiscard]] std::optional<double> ratio() const;
  // Whether the goals there are have been reached; none when nothing can be said.
  [[nodiscard]] std::optional<bool> reaches_goal() const;
};

// "8 M packets/s, 1.2x the peer": what was aimed for, or nothing.
[[nodiscard]] std::string goal_text(const Result& result);
// Three or four significant digits.
[[nodiscard]] std::string figure(double value);

[[nodiscard]] std::string text_of(const Result& result);
[[nodiscard]] std::string markdown_of(const std::vector<Result>& results, const Machine& machine);
[[nodiscard]] std::string json_of(const std::vector<Result>& results, const Machine& machine);

}  // namespace strata::bench
