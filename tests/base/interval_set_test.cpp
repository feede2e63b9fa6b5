// SPDX-License-Identifier: Apache-2.0
#include "base/interval_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bitset>
#include <cstdint>
#include <limits>

#include "base/checked_memory.h"
#include "strata/rng.h"

namespace strata::interval_set_test {
namespace {

using ::testing::ElementsAre;

TEST(IntervalSet, MergesWhatOverlapsOrTouches) {
  CheckedMemory memory;
  IntervalSet set(memory, 10);
  ASSERT_TRUE(set.insert(10, 20));
  ASSERT_TRUE(set.insert(30, 40));
  ASSERT_TRUE(set.insert(50, 60));
  EXPECT_THAT(set, ElementsAre(Interval{10, 20}, Interval{30, 40}, Interval{50, 60}));
  ASSERT_TRUE(set.insert(20, 30));
  EXPECT_THAT(set, ElementsAre(Interval{10, 40}, Interval{50, 60}));
  ASSERT_TRUE(set.insert(5, 55));
  EXPECT_THAT(set, ElementsAre(Interval{5, 60}));
  ASSERT_TRUE(set.insert(7, 8));
  EXPECT_THAT(set, ElementsAre(Interval{5, 60}));
  EXPECT_EQ(set.covered(), 55U);
}

TEST(IntervalSet, AnEmptyIntervalIsNothing) {
  CheckedMemory memory;
  IntervalSet set(memory, 10);
  EXPECT_TRUE(set.insert(5, 5));
  EXPECT_TRUE(set.insert(6, 5));
  EXPECT_TRUE(set.empty());
  EXPECT_TRUE(set.insert(0, 10));
  EXPECT_TRUE(set.erase(5, 5));
  EXPECT_TRUE(set.erase(6, 5));
  EXPECT_EQ(set.size(), 1U);
  EXPECT_TRUE(set.contains(100, 100));
  EXPECT_FALSE(set.overlaps(5, 5));
}

TEST(IntervalSet, ErasesAcrossSplitsAndTrims) {
  CheckedMemory memory;
  IntervalSet set(memory, 10);
  ASSERT_TRUE(set.insert(0, 100));
  ASSERT_TRUE(set.erase(40, 60));
  EXPECT_THAT(set, ElementsAre(Interval{0, 40}, Interval{60, 100}));
  ASSERT_TRUE(set.erase(30, 70));
  EXPECT_THAT(set, ElementsAre(Interval{0, 30}, Interval{70, 100}));
  ASSERT_TRUE(set.erase(70, 200));
  EXPECT_THAT(set, ElementsAre(Interval{0, 30}));
  ASSERT_TRUE(set.erase(0, 30));
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.covered(), 0U);
}

TEST(IntervalSet, RefusesMoreIntervalsThanItsLimitAndStaysAsItWas) {
  CheckedMemory memory;
  IntervalSet set(memory, 2);
  ASSERT_TRUE(set.insert(0, 10));
  ASSERT_TRUE(set.insert(20, 30));
  EXPECT_FALSE(set.insert(40, 50));
  EXPECT_FALSE(set.erase(3, 5));
  EXPECT_THAT(set, ElementsAre(Interval{0, 10}, Interval{20, 30}));
  EXPECT_EQ(set.covered(), 20U);
  EXPECT_TRUE(set.insert(30, 50)) << "growing one needs no other";
  EXPECT_TRUE(set.insert(5, 25)) << "merging two frees one";
  EXPECT_TRUE(set.insert(60, 61));
}

TEST(IntervalSet, OutOfMemoryChangesNothing) {
  CheckedMemory memory;
  IntervalSet set(memory, 100);
  memory.fail(true);
  EXPECT_FALSE(set.insert(0, 10));
  EXPECT_EQ(set.covered(), 0U);
  memory.fail(false);
  for (std::uint64_t i = 0; i < 4; ++i) ASSERT_TRUE(set.insert(i * 10, i * 10 + 5));
  memory.fail(true);
  EXPECT_FALSE(set.insert(100, 110));
  EXPECT_FALSE(set.erase(1, 2));
  EXPECT_EQ(set.covered(), 20U);
  EXPECT_TRUE(set.contains(0, 5));
}

TEST(IntervalSet, ReachesTheEndOfTheLine) {
  constexpr std::uint64_t kEnd = std::numeric_limits<std::uint64_t>::max();
  CheckedMemory memory;
  IntervalSet set(memory, 4);
  ASSERT_TRUE(set.insert(kEnd - 10, kEnd));
  EXPECT_EQ(set.first_gap(kEnd - 5), kEnd);
  EXPECT_TRUE(set.contains(kEnd - 10, kEnd));
  ASSERT_TRUE(set.insert(0, kEnd));
  EXPECT_EQ(set.covered(), kEnd);
  EXPECT_EQ(set.size(), 1U);
}

TEST(IntervalSet, ReleaseGivesTheBlockBack) {
  CheckedMemory memory;
  IntervalSet set(memory, 4);
  ASSERT_TRUE(set.insert(1, 2));
  set.clear();
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.covered(), 0U);
  set.release();
  EXPECT_EQ(memory.bytes_used(), 0U);
}

constexpr std::size_t kLine = 128;
using Line = std::bitset<kLine>;

void fill(Line& line, std::uint64_t begin, std::uint64_t end, bool to) {
  for (std::uint64_t i = begin; i < end; ++i) line[i] = to;
}

std::size_t runs(const Line& line) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < kLine; ++i) count += line[i] && (i == 0 || !line[i - 1]) ? 1U : 0U;
  return count;
}

void expect_equal(const IntervalSet& set, const Line& line) {
  ASSERT_EQ(set.covered(), line.count());
  ASSERT_EQ(set.size(), runs(line));
  std::uint64_t gap = kLine;
  for (std::size_t i = kLine; i-- > 0;) {
    if (!line[i]) gap = i;
    ASSERT_EQ(set.contains(i), line[i]);
    ASSERT_EQ(set.first_gap(i), gap);
  }
}

TEST(IntervalSet, BehavesLikeABitset) {
  constexpr std::size_t kLimit = 12;
  CheckedMemory memory;
  IntervalSet set(memory, kLimit);
  Line line;
  Rng rng(4);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t begin = rng.below(kLine);
    const std::uint64_t end = begin + rng.below(std::min<std::uint64_t>(12, kLine - begin) + 1);
    const bool inserts = rng.chance({1, 2});
    Line after = line;
    fill(after, begin, end, inserts);
    Line window;
    fill(window, begin, end, true);
    ASSERT_EQ(set.overlaps(begin, end), (line & window).any());
    ASSERT_EQ(set.contains(begin, end), (line & window) == window);
    const bool fits = runs(after) <= kLimit;
    ASSERT_EQ(inserts ? set.insert(begin, end) : set.erase(begin, end), fits);
    if (fits) line = after;
    ASSERT_NO_FATAL_FAILURE(expect_equal(set, line));
  }
}

}  // namespace
}  // namespace strata::interval_set_test
