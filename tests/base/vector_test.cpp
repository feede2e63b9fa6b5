// SPDX-License-Identifier: Apache-2.0
#include "base/vector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/checked_memory.h"
#include "strata/rng.h"

namespace strata::vector_test {
namespace {

using ::testing::ElementsAre;

Vector<int> with(Memory& memory, std::initializer_list<int> values) {
  Vector<int> vector(memory);
  for (const int value : values) EXPECT_TRUE(vector.try_push_back(value));
  return vector;
}

TEST(Vector, StartsWithoutMemory) {
  CheckedMemory memory;
  const Vector<int> vector(memory);
  EXPECT_TRUE(vector.empty());
  EXPECT_TRUE(vector.span().empty());
  EXPECT_EQ(memory.allocations(), 0U);
}

TEST(Vector, ErasesWithAndWithoutOrder) {
  CheckedMemory memory;
  Vector<int> vector = with(memory, {0, 1, 2, 3, 4});
  vector.erase_at(1);
  EXPECT_THAT(vector.span(), ElementsAre(0, 2, 3, 4));
  vector.erase_unordered(0);
  EXPECT_THAT(vector.span(), ElementsAre(4, 2, 3));
  vector.erase_unordered(2);
  EXPECT_THAT(vector.span(), ElementsAre(4, 2));
  vector.erase_range(0, 2);
  EXPECT_TRUE(vector.empty());
}

TEST(Vector, InsertsAnywhere) {
  CheckedMemory memory;
  Vector<int> vector = with(memory, {1, 3});
  EXPECT_TRUE(vector.try_insert_at(1, 2));
  EXPECT_TRUE(vector.try_insert_at(0, 0));
  EXPECT_TRUE(vector.try_insert_at(4, 4));
  EXPECT_THAT(vector.span(), ElementsAre(0, 1, 2, 3, 4));
}

TEST(Vector, MayPushAnElementOfItself) {
  CheckedMemory memory;
  Vector<std::string> vector(memory);
  const std::string text(100, 'x');
  ASSERT_TRUE(vector.try_push_back(text));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(vector.try_push_back(vector[0]));
  EXPECT_EQ(vector.back(), text);
  EXPECT_EQ(vector.front(), text);
}

TEST(Vector, FailedGrowthChangesNothing) {
  CheckedMemory memory;
  Vector<int> vector = with(memory, {1, 2, 3, 4});
  memory.fail(true);
  EXPECT_FALSE(vector.try_push_back(5));
  EXPECT_FALSE(vector.try_insert_at(0, 5));
  EXPECT_FALSE(vector.try_resize(5));
  EXPECT_FALSE(vector.try_reserve(5));
  EXPECT_THAT(vector.span(), ElementsAre(1, 2, 3, 4));
  EXPECT_TRUE(vector.try_resize(3));
  EXPECT_TRUE(vector.try_push_back(9));
  EXPECT_THAT(vector.span(), ElementsAre(1, 2, 3, 9));
}

TEST(Vector, ResizeInitialisesWhatIsNew) {
  CheckedMemory memory;
  Vector<int> vector = with(memory, {7});
  ASSERT_TRUE(vector.try_resize(4));
  EXPECT_THAT(vector.span(), ElementsAre(7, 0, 0, 0));
  ASSERT_TRUE(vector.try_resize(0));
  EXPECT_TRUE(vector.empty());
}

TEST(Vector, ReserveAllocatesOnce) {
  CheckedMemory memory;
  Vector<int> vector(memory);
  ASSERT_TRUE(vector.try_reserve(1000));
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(vector.try_push_back(i));
  EXPECT_EQ(memory.allocations(), 1U);
}

TEST(Vector, RefusesWhatTheAddressSpaceCannotHold) {
  CheckedMemory memory;
  Vector<std::uint64_t> vector(memory);
  EXPECT_FALSE(vector.try_reserve(std::size_t{1} << 62U));
  EXPECT_FALSE(vector.try_reserve(SIZE_MAX));
  EXPECT_EQ(memory.allocations(), 0U);
}

TEST(Vector, MovingLeavesTheSourceEmpty) {
  CheckedMemory memory;
  CheckedMemory other_memory;
  Vector<int> vector = with(memory, {1, 2});
  Vector<int> target = with(other_memory, {3});
  target = std::move(vector);
  EXPECT_THAT(target.span(), ElementsAre(1, 2));
  EXPECT_TRUE(vector.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(other_memory.blocks(), 0U);
  EXPECT_TRUE(vector.try_push_back(4));
  EXPECT_THAT(vector.span(), ElementsAre(4));
}

TEST(Vector, DestroysEachElementOnce) {
  CheckedMemory memory;
  {
    Vector<Counted> vector(memory);
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(vector.try_push_back(Counted(i)));
    EXPECT_EQ(Counted::alive, 50);
    vector.erase_at(10);
    vector.erase_unordered(0);
    EXPECT_EQ(Counted::alive, 48);
    ASSERT_TRUE(vector.try_resize(60));
    EXPECT_EQ(Counted::alive, 60);
    vector.clear();
    EXPECT_EQ(Counted::alive, 0);
    EXPECT_GT(memory.bytes_used(), 0U);
    vector.release();
    EXPECT_EQ(memory.bytes_used(), 0U);
    ASSERT_TRUE(vector.try_push_back(Counted(1)));
  }
  EXPECT_EQ(Counted::alive, 0);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(VectorDeathTest, AnIndexPastTheEndStopsTheProgram) {
  CheckedMemory memory;
  Vector<int> vector = with(memory, {1});
  EXPECT_DEATH((void)vector[1], "");
  EXPECT_DEATH(vector.erase_at(1), "");
  vector.clear();
  EXPECT_DEATH(vector.pop_back(), "");
  EXPECT_DEATH((void)vector.back(), "");
}

TEST(Vector, BehavesLikeAStandardVector) {
  CheckedMemory memory;
  Vector<int> vector(memory);
  std::vector<int> expected;
  Rng rng(1);
  for (int i = 0; i < 20000; ++i) {
    const auto at = static_cast<std::size_t>(rng.below(expected.size() + 1));
    const auto offset = static_cast<std::ptrdiff_t>(at);
    const bool is_within = at < expected.size();
    const std::uint64_t action = rng.below(8);
    if (action < 3) {
      ASSERT_TRUE(vector.try_push_back(i));
      expected.push_back(i);
    } else if (action < 5) {
      ASSERT_TRUE(vector.try_insert_at(at, i));
      expected.insert(expected.begin() + offset, i);
    } else if (action == 5 && is_within) {
      vector.erase_at(at);
      expected.erase(expected.begin() + offset);
    } else if (action == 6 && is_within) {
      vector.erase_unordered(at);
      expected[at] = expected.back();
      expected.pop_back();
    } else if (rng.chance({1, 50})) {
      ASSERT_TRUE(vector.try_resize(at / 2));
      expected.resize(at / 2);
    }
    ASSERT_EQ(vector.size(), expected.size());
  }
  EXPECT_TRUE(std::ranges::equal(vector, expected));
}

}  // namespace
}  // namespace strata::vector_test
