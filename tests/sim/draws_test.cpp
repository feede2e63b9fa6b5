// SPDX-License-Identifier: Apache-2.0
#include "sim/draws.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

namespace strata::sim::draws_test {
namespace {

using namespace std::chrono_literals;

constexpr int kDraws = 100'000;

// In ascending order, in units of `of`.
template <typename Draw>
std::vector<double> sorted(Draw draw, Duration of) {
  Rng rng(7);
  std::vector<double> all;
  for (int i = 0; i < kDraws; ++i) {
    all.push_back(static_cast<double>(draw(rng).count()) / static_cast<double>(of.count()));
  }
  std::ranges::sort(all);
  return all;
}

double quantile(const std::vector<double>& all, double share) {
  return all[static_cast<std::size_t>(share * kDraws)];
}

// Quantiles of a standard normal distribution, as tables have them.
TEST(Draws, NormalHasTheQuantilesOfTheTables) {
  const auto all = sorted([](Rng& rng) { return draw_normal(rng, 10ms); }, 10ms);
  EXPECT_NEAR(quantile(all, 0.5), 0, 0.015);
  EXPECT_NEAR(quantile(all, 0.8413), 1, 0.02);
  EXPECT_NEAR(quantile(all, 0.1587), -1, 0.02);
  EXPECT_NEAR(quantile(all, 0.9772), 2, 0.04);
  EXPECT_NEAR(quantile(all, 0.99865), 3, 0.12);
  double squares = 0;
  for (const double value : all) squares += value * value;
  EXPECT_NEAR(squares / kDraws, 1, 0.02);
}

TEST(Draws, ParetoHasTheTailItIsGiven) {
  for (const double tail : {1.5, 3.0, 8.0}) {
    const Ratio ratio{static_cast<std::uint64_t>(tail * 10), 10};
    const auto all = sorted([&](Rng& rng) { return draw_pareto(rng, 10ms, ratio); }, 10ms);
    for (const double share : {0.1, 0.5, 0.9, 0.99}) {
      const double expected = std::pow(1 - share, -1 / tail) - 1;
      EXPECT_NEAR(quantile(all, share), expected, 0.08 * expected) << tail << " " << share;
    }
    EXPECT_GE(all.front(), 0);
  }
}

TEST(Draws, ExponentialHasItsMeanAndQuantiles) {
  const auto all = sorted([](Rng& rng) { return draw_exponential(rng, 10ms); }, 10ms);
  double sum = 0;
  for (const double value : all) sum += value;
  EXPECT_NEAR(sum / kDraws, 1, 0.02);
  for (const double share : {0.1, 0.5, 0.9, 0.99}) {
    EXPECT_NEAR(quantile(all, share), -std::log(1 - share), 0.04 * -std::log(1 - share) + 0.003);
  }
}

TEST(Draws, WhatIsTooLongIsTheLongestThereIs) {
  Rng rng(1);
  bool is_at_most = true;
  for (int i = 0; i < 1000; ++i) {
    is_at_most = is_at_most && draw_normal(rng, Duration::max()) >= -Duration::max();
    EXPECT_GE(draw_pareto(rng, Duration::max(), {1, 100}), Duration::zero());
    EXPECT_GE(draw_exponential(rng, Duration::max()), Duration::zero());
    EXPECT_EQ(draw_pareto(rng, 0ns, {1, 100}), 0ns);
    EXPECT_EQ(draw_normal(rng, 0ns), 0ns);
  }
  EXPECT_TRUE(is_at_most);
}

}  // namespace
}  // namespace strata::sim::draws_test
