// SPDX-License-Identifier: Apache-2.0
#include "strata/rng.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace strata::rng_test {
namespace {

// The reference xoshiro256** (Blackman and Vigna), seeded by its own SplitMix64, from seed 0.
TEST(Rng, DrawsWhatTheReferenceDraws) {
  constexpr std::array<std::uint64_t, 4> kExpected{0x99ec'5f36'cb75'f2b4, 0xbf6e'1f78'4956'452a,
                                                   0x1a5f'849d'4933'e6e0, 0x6aa5'94f1'262d'2d2c};
  Rng rng(0);
  for (const std::uint64_t expected : kExpected) EXPECT_EQ(rng.next(), expected);
}

TEST(Rng, OneSeedIsOneRun) {
  Rng one(7);
  Rng two(7);
  Rng other(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t value = one.next();
    EXPECT_EQ(value, two.next());
    differs |= value != other.next();
  }
  EXPECT_TRUE(differs);
}

TEST(Rng, BelowIsInRangeAndFair) {
  Rng rng(1);
  std::array<int, 6> seen{};
  for (int i = 0; i < 60000; ++i) ++seen[rng.below(6)];
  for (const int count : seen) EXPECT_NEAR(count, 10000, 500);
  EXPECT_EQ(rng.below(1), 0U);
}

TEST(Rng, BetweenReachesBothEnds) {
  Rng rng(2);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(rng.between(5, 8));
  EXPECT_EQ(seen, (std::set<std::uint64_t>{5, 6, 7, 8}));
  EXPECT_EQ(rng.between(9, 9), 9U);
  EXPECT_NE(rng.between(0, ~std::uint64_t{0}), rng.between(0, ~std::uint64_t{0}));
}

TEST(Rng, ChanceIsItsRatio) {
  Rng rng(3);
  int hits = 0;
  for (int i = 0; i < 40000; ++i) hits += rng.chance({1, 4}) ? 1 : 0;
  EXPECT_NEAR(hits, 10000, 500);
  EXPECT_FALSE(rng.chance({}));
  EXPECT_TRUE(rng.chance({1, 1}));
}

TEST(Rng, AForkIsAStreamOfItsOwn) {
  Rng parent(4);
  Rng twin(4);
  Rng child = parent.fork();
  EXPECT_EQ(twin.fork().next(), child.next());
  const std::uint64_t next = parent.next();
  EXPECT_NE(child.next(), next);
  EXPECT_EQ(twin.next(), next);
}

}  // namespace
}  // namespace strata::rng_test
