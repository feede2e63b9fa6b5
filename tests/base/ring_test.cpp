// SPDX-License-Identifier: Apache-2.0
#include "base/ring.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <utility>

#include "base/checked_memory.h"
#include "strata/rng.h"

namespace strata::ring_test {
namespace {

TEST(Ring, TakesItsBlockWithTheFirstPush) {
  CheckedMemory memory;
  Ring<int> ring(memory, 3);
  EXPECT_EQ(memory.allocations(), 0U);
  EXPECT_EQ(ring.pop(), std::nullopt);
  EXPECT_TRUE(ring.try_push(1));
  EXPECT_EQ(memory.bytes_used(), 3 * sizeof(int));
  ring.release();
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(Ring, IsFirstInFirstOutAndBounded) {
  CheckedMemory memory;
  Ring<int> ring(memory, 3);
  for (int i = 1; i <= 3; ++i) EXPECT_TRUE(ring.try_push(i));
  EXPECT_TRUE(ring.full());
  EXPECT_FALSE(ring.try_push(4));
  EXPECT_EQ(ring.front(), 1);
  EXPECT_EQ(ring.back(), 3);
  EXPECT_EQ(ring.pop(), 1);
  EXPECT_TRUE(ring.try_push(4));
  EXPECT_EQ(ring[0], 2);
  EXPECT_EQ(ring[2], 4);
  ring.drop_front();
  EXPECT_EQ(ring.front(), 3);
}

TEST(Ring, OfNothingIsAlwaysFull) {
  CheckedMemory memory;
  Ring<int> ring(memory, 0);
  EXPECT_TRUE(ring.full());
  EXPECT_FALSE(ring.try_push(1));
}

TEST(Ring, OutOfMemoryIsAnAnswer) {
  CheckedMemory memory;
  Ring<int> ring(memory, 3);
  memory.fail(true);
  EXPECT_FALSE(ring.try_push(1));
  EXPECT_TRUE(ring.empty());
  memory.fail(false);
  EXPECT_TRUE(ring.try_push(1));
}

TEST(Ring, HoldsTypesThatOnlyMove) {
  CheckedMemory memory;
  Ring<std::unique_ptr<int>> ring(memory, 2);
  EXPECT_TRUE(ring.try_push(std::make_unique<int>(5)));
  EXPECT_EQ(**ring.pop(), 5);
}

TEST(Ring, DestroysWhatItStillHolds) {
  CheckedMemory memory;
  {
    Ring<Counted> ring(memory, 4);
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.try_push(Counted(i)));
    ring.drop_front();
    EXPECT_TRUE(ring.try_push(Counted(4)));
    const Ring<Counted> target(std::move(ring));
    EXPECT_EQ(target.size(), 4U);
    EXPECT_EQ(Counted::alive, 4);
  }
  EXPECT_EQ(Counted::alive, 0);
}

TEST(RingDeathTest, DroppingFromAnEmptyRingStopsTheProgram) {
  CheckedMemory memory;
  Ring<int> ring(memory, 1);
  EXPECT_DEATH(ring.drop_front(), "");
  EXPECT_DEATH((void)ring.front(), "");
}

TEST(Ring, BehavesLikeABoundedDeque) {
  for (const std::size_t capacity : {1U, 2U, 7U, 64U}) {
    CheckedMemory memory;
    Ring<std::uint64_t> ring(memory, capacity);
    std::deque<std::uint64_t> expected;
    Rng rng(capacity);
    for (std::uint64_t i = 0; i < 5000; ++i) {
      if (rng.chance({1, 2})) {
        ASSERT_EQ(ring.try_push(i), expected.size() < capacity);
        if (expected.size() < capacity) expected.push_back(i);
      } else if (expected.empty()) {
        ASSERT_EQ(ring.pop(), std::nullopt);
      } else {
        ASSERT_EQ(ring.pop(), expected.front());
        expected.pop_front();
      }
      ASSERT_EQ(ring.size(), expected.size());
      for (std::size_t at = 0; at < expected.size(); ++at) ASSERT_EQ(ring[at], expected[at]);
    }
  }
}

}  // namespace
}  // namespace strata::ring_test
