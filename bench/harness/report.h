// SPDX-License-Identifier: Apache-2.0
// Results, for people and for programs.
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
  Seconds worked{0}, took{0};  // processor time of this process, and of the clock on the wall

  // How many cores it kept busy; the kernel's share of work for us is counted, its own is not.
  [[nodiscard]] double cores() const { return took.count() > 0 ? worked / took : 0; }
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
  std::optional<Point> point;
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
[[nodiscard]] std::string json_of(const std::vector<Result>& results, const Machine& machine);

}  // namespace strata::bench
