// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/round_max.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "strata/rng.h"

namespace strata::tcp::congestion::round_max_test {
namespace {

TEST(RoundMax, RemembersTenRounds) {
  RoundMax filter;
  filter.update(70, 1);
  filter.update(20, 1);
  filter.update(50, 5);
  EXPECT_EQ(filter.max(10), 70U);
  EXPECT_EQ(filter.max(1), 50U);
  filter.update(10, 10);
  EXPECT_EQ(filter.max(10), 70U);
  filter.update(10, 11);
  EXPECT_EQ(filter.max(10), 50U);
  filter.update(10, 15);
  EXPECT_EQ(filter.max(10), 10U);
}

TEST(RoundMax, EqualsTheMaximumOverAllValues) {
  Rng rng(23);
  for (int run = 0; run < 50; ++run) {
    RoundMax filter;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> seen;
    std::uint32_t round = static_cast<std::uint32_t>(rng.below(3));
    for (int i = 0; i < 200; ++i) {
      if (rng.chance({1, 3})) round += static_cast<std::uint32_t>(rng.below(run % 2 == 0 ? 3 : 40));
      const auto value = static_cast<std::uint32_t>(rng.below(1000));
      filter.update(value, round);
      seen.emplace_back(round, value);
      const auto rounds = static_cast<std::uint32_t>(rng.between(1, RoundMax::kRounds));
      std::uint32_t expected = 0;
      for (const auto& [at, what] : seen) {
        if (round - at < rounds) expected = std::max(expected, what);
      }
      ASSERT_EQ(filter.max(rounds), expected) << "round " << round << " of " << rounds;
    }
  }
}

}  // namespace
}  // namespace strata::tcp::congestion::round_max_test
