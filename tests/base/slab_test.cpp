// SPDX-License-Identifier: Apache-2.0
#include "base/slab.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <vector>

#include "base/checked_memory.h"
#include "strata/rng.h"

namespace strata::slab_test {
namespace {

TEST(Slab, OwnsNothingBeforeTheFirstEntryAndAfterTheLast) {
  CheckedMemory memory;
  Slab<Counted> slab(memory, 1000);
  EXPECT_EQ(memory.allocations(), 0U);
  EXPECT_EQ(slab.bytes_used(), 0U);
  std::vector<Index> indices;
  for (int i = 0; i < 1000; ++i) indices.push_back(slab.try_create(i));
  EXPECT_EQ(slab.bytes_used(), memory.bytes_used());
  EXPECT_EQ(Counted::alive, 1000);
  for (const Index index : indices) slab.destroy(index);
  EXPECT_EQ(Counted::alive, 0);
  EXPECT_EQ(memory.bytes_used(), 0U);
  EXPECT_EQ(slab.bytes_used(), 0U);
}

TEST(Slab, IsFullAtItsLimit) {
  CheckedMemory memory;
  Slab<int> slab(memory, 70);
  for (Index i = 0; i < 70; ++i) EXPECT_EQ(slab.try_create(1), i);
  EXPECT_TRUE(slab.full());
  EXPECT_EQ(slab.try_create(1), kNoIndex);
  slab.destroy(33);
  EXPECT_EQ(slab.try_create(2), 33U);
  EXPECT_EQ(slab.size(), 70U);
  EXPECT_EQ(slab.capacity_max(), 70U);
}

TEST(Slab, OfNothingTakesNothing) {
  CheckedMemory memory;
  Slab<int> slab(memory, 0);
  EXPECT_EQ(slab.try_create(1), kNoIndex);
  EXPECT_EQ(slab.next_used(0), kNoIndex);
}

TEST(Slab, ASmallTableTakesOnlyWhatItMayHold) {
  CheckedMemory memory;
  Slab<std::array<std::byte, 100>> slab(memory, 3);
  ASSERT_NE(slab.try_create(), kNoIndex);
  EXPECT_LT(memory.bytes_used(), 400U);
}

TEST(Slab, EntriesDoNotMove) {
  CheckedMemory memory;
  Slab<int> slab(memory, 5000);
  std::vector<int*> places;
  for (int i = 0; i < 5000; ++i) places.push_back(&slab[slab.try_create(i)]);
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(*places[static_cast<std::size_t>(i)], i);
}

TEST(Slab, KeepsTheAlignmentOfItsEntries) {
  struct alignas(64) Line {
    std::uint64_t value = 1;
  };
  CheckedMemory memory;
  Slab<Line> slab(memory, 200);
  for (int i = 0; i < 200; ++i) {
    const Index index = slab.try_create();
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(&slab[index]) % 64, 0U);
  }
}

TEST(Slab, HoldsEntriesLargerThanAChunk) {
  CheckedMemory memory;
  Slab<std::array<std::byte, 20000>> slab(memory, 3);
  EXPECT_EQ(slab.try_create(), 0U);
  EXPECT_EQ(slab.try_create(), 1U);
  EXPECT_EQ(slab.try_create(), 2U);
  EXPECT_EQ(slab.try_create(), kNoIndex);
  slab.destroy(1);
  EXPECT_EQ(slab.next_used(1), 2U);
}

TEST(Slab, OutOfMemoryIsAnAnswerAndLeavesItUsable) {
  CheckedMemory memory;
  Slab<int> slab(memory, 1000);
  memory.fail(true);
  EXPECT_EQ(slab.try_create(1), kNoIndex);
  EXPECT_EQ(memory.bytes_used(), 0U);
  memory.fail(false);
  const Index first = slab.try_create(1);
  ASSERT_NE(first, kNoIndex);
  memory.fail(true);
  while (slab.try_create(2) != kNoIndex) {
  }
  EXPECT_LT(slab.size(), 1000U);
  memory.fail(false);
  EXPECT_NE(slab.try_create(3), kNoIndex);
  EXPECT_EQ(slab[first], 1);
}

TEST(Slab, AFailedFirstChunkLeavesNoDirectoryBehind) {
  HeapMemory memory(64);  // room for the directory, not for a chunk
  Slab<int> slab(memory, 1000);
  EXPECT_EQ(slab.try_create(1), kNoIndex);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(Slab, BreathingAtTheEdgeOfAChunkDoesNotAllocate) {
  CheckedMemory memory;
  Slab<std::uint64_t> slab(memory, 1000);
  for (Index i = 0; i < 65; ++i) ASSERT_EQ(slab.try_create(i), i);
  const std::size_t before = memory.allocations();
  for (int i = 0; i < 100; ++i) {
    slab.destroy(64);
    ASSERT_EQ(slab.try_create(1U), 64U);
  }
  EXPECT_EQ(memory.allocations(), before);
}

TEST(Slab, ChunksWithoutEntriesGoBack) {
  CheckedMemory memory;
  Slab<std::uint64_t> slab(memory, 64 * 100);
  for (Index i = 0; i < 64 * 100; ++i) ASSERT_EQ(slab.try_create(i), i);
  const std::size_t full = memory.bytes_used();
  for (Index i = 64; i < 64 * 100; ++i) slab.destroy(i);
  EXPECT_LT(memory.bytes_used(), full / 20);
  EXPECT_EQ(slab[63], 63U);
  for (Index i = 64; i < 64 * 100; ++i) ASSERT_NE(slab.try_create(i), kNoIndex);
  EXPECT_EQ(memory.bytes_used(), full);
}

TEST(Slab, FindKnowsWhatIsThere) {
  CheckedMemory memory;
  Slab<int> slab(memory, 100);
  const Index index = slab.try_create(5);
  EXPECT_EQ(*slab.find(index), 5);
  EXPECT_EQ(slab.find(index + 1), nullptr);
  EXPECT_EQ(slab.find(5000), nullptr);
  EXPECT_EQ(slab.find(kNoIndex), nullptr);
  slab.destroy(index);
  EXPECT_EQ(slab.find(index), nullptr);
}

TEST(SlabDeathTest, NamingAnEntryThatIsGoneStopsTheProgram) {
  CheckedMemory memory;
  Slab<int> slab(memory, 100);
  const Index index = slab.try_create(5);
  ASSERT_NE(slab.try_create(6), kNoIndex);
  slab.destroy(index);
  EXPECT_DEATH(slab.destroy(index), "");
  EXPECT_DEATH((void)slab[index], "");
}

TEST(Slab, ClearDestroysAll) {
  CheckedMemory memory;
  Slab<Counted> slab(memory, 300);
  for (int i = 0; i < 300; ++i) ASSERT_NE(slab.try_create(i), kNoIndex);
  slab.clear();
  EXPECT_EQ(Counted::alive, 0);
  EXPECT_EQ(memory.bytes_used(), 0U);
  EXPECT_EQ(slab.try_create(1), 0U);
}

TEST(Slab, BehavesLikeAMapOfIndices) {
  CheckedMemory memory;
  Slab<std::uint64_t> slab(memory, 2000);
  std::map<Index, std::uint64_t> expected;
  Rng rng(2);
  for (std::uint64_t i = 0; i < 100000; ++i) {
    // Long phases of growth and decline visit full, partial and empty chunks.
    const bool grows = rng.below(10) < ((i / 8000) % 2 == 0 ? 7U : 3U);
    if (grows) {
      const Index index = slab.try_create(i);
      ASSERT_EQ(index == kNoIndex, expected.size() == 2000);
      if (index != kNoIndex) {
        ASSERT_TRUE(expected.emplace(index, i).second);
      }
    } else if (!expected.empty()) {
      auto victim = expected.lower_bound(static_cast<Index>(rng.below(2000)));
      if (victim == expected.end()) victim = expected.begin();
      ASSERT_EQ(slab[victim->first], victim->second);
      slab.destroy(victim->first);
      expected.erase(victim);
    }
    ASSERT_EQ(slab.size(), expected.size());
    ASSERT_EQ(slab.bytes_used(), memory.bytes_used());
  }
  auto next = expected.begin();
  for (Index i = slab.next_used(0); i != kNoIndex; i = slab.next_used(i + 1), ++next) {
    ASSERT_EQ(i, next->first);
    ASSERT_EQ(slab[i], next->second);
  }
  EXPECT_EQ(next, expected.end());
  for (Index i = slab.next_used(0); i != kNoIndex; i = slab.next_used(i + 1)) slab.destroy(i);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

}  // namespace
}  // namespace strata::slab_test
