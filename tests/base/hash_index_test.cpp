// SPDX-License-Identifier: Apache-2.0
#include "base/hash_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/checked_memory.h"
#include "base/siphash.h"
#include "strata/rng.h"

namespace strata::hash_index_test {
namespace {

std::uint32_t hash_of(std::uint64_t key) {
  return static_cast<std::uint32_t>(hash_words({1, 2}, {key}));
}

Index find_exactly(const HashIndex& hashes, std::uint32_t hash, Index index) {
  return hashes.find(hash, [index](Index candidate) { return candidate == index; });
}

TEST(HashIndex, IsEmptyAndOwnsNothingAtFirst) {
  CheckedMemory memory;
  HashIndex hashes(memory);
  EXPECT_EQ(find_exactly(hashes, 1, 1), kNoIndex);
  EXPECT_FALSE(hashes.erase(1, 1));
  hashes.prefetch(1);
  EXPECT_EQ(memory.allocations(), 0U);
}

TEST(HashIndex, AsksOnlyAboutEntriesOfTheSameHash) {
  CheckedMemory memory;
  HashIndex hashes(memory);
  for (Index i = 0; i < 1000; ++i) ASSERT_TRUE(hashes.insert(i % 250, i));
  std::set<Index> asked;
  EXPECT_EQ(hashes.find(7,
                        [&](Index index) {
                          asked.insert(index);
                          return false;
                        }),
            kNoIndex);
  EXPECT_EQ(asked, (std::set<Index>{7, 257, 507, 757}));
}

TEST(HashIndex, ErasesOnlyThePairThatIsNamed) {
  CheckedMemory memory;
  HashIndex hashes(memory);
  ASSERT_TRUE(hashes.insert(5, 1));
  ASSERT_TRUE(hashes.insert(5, 2));
  EXPECT_FALSE(hashes.erase(5, 3));
  EXPECT_FALSE(hashes.erase(6, 1));
  EXPECT_TRUE(hashes.erase(5, 1));
  EXPECT_FALSE(hashes.erase(5, 1));
  EXPECT_EQ(find_exactly(hashes, 5, 2), 2U);
  EXPECT_TRUE(hashes.erase(5, 2));
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(HashIndex, SurvivesHashesThatAllCollide) {
  CheckedMemory memory;
  HashIndex hashes(memory);
  for (Index i = 0; i < 500; ++i) ASSERT_TRUE(hashes.insert(42, i));
  for (Index i = 0; i < 500; ++i) ASSERT_EQ(find_exactly(hashes, 42, i), i);
  for (Index i = 0; i < 500; i += 2) ASSERT_TRUE(hashes.erase(42, i));
  for (Index i = 0; i < 500; ++i) {
    ASSERT_EQ(find_exactly(hashes, 42, i), i % 2 == 0 ? kNoIndex : i);
  }
}

TEST(HashIndex, HoldsAMillionAndGivesAllBack) {
  constexpr Index kCount = 1'000'000;
  CheckedMemory memory;
  HashIndex hashes(memory);
  std::size_t blocks_most = 0;
  for (Index i = 0; i < kCount; ++i) {
    ASSERT_TRUE(hashes.insert(hash_of(i), i));
    blocks_most = std::max(blocks_most, memory.blocks());
  }
  EXPECT_EQ(blocks_most, 2U);
  EXPECT_EQ(hashes.bytes_used(), memory.bytes_used());
  EXPECT_LE(hashes.bytes_used(), kCount * 17U);
  for (Index i = 0; i < kCount; ++i) ASSERT_EQ(find_exactly(hashes, hash_of(i), i), i);
  for (Index i = kCount; i < kCount + 1000; ++i) {
    ASSERT_EQ(find_exactly(hashes, hash_of(i), i), kNoIndex);
  }
  for (Index i = 0; i < kCount - 10; ++i) ASSERT_TRUE(hashes.erase(hash_of(i), i));
  EXPECT_LE(hashes.bytes_used(), 4096U) << "the table shrinks with what it holds";
  for (Index i = kCount - 10; i < kCount; ++i) {
    ASSERT_EQ(find_exactly(hashes, hash_of(i), i), i);
    ASSERT_TRUE(hashes.erase(hash_of(i), i));
  }
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(HashIndex, WhenMemoryIsShortFillsWhatItHasAndRefusesTheRest) {
  CheckedMemory memory;
  HashIndex hashes(memory);
  memory.fail(true);
  EXPECT_FALSE(hashes.insert(1, 1));
  memory.fail(false);
  ASSERT_TRUE(hashes.insert(hash_of(0), 0));
  memory.fail(true);
  Index count = 1;
  while (hashes.insert(hash_of(count), count)) ++count;
  EXPECT_EQ(count, 12U) << "3/4 of the first 16 slots";
  EXPECT_EQ(hashes.size(), 12U);
  for (Index i = 0; i < count; ++i) ASSERT_EQ(find_exactly(hashes, hash_of(i), i), i);
  memory.fail(false);
  for (; count < 100; ++count) ASSERT_TRUE(hashes.insert(hash_of(count), count));
  for (Index i = 0; i < count; ++i) ASSERT_EQ(find_exactly(hashes, hash_of(i), i), i);
}

TEST(HashIndex, MemoryThatComesAndGoesLosesNoPair) {
  CheckedMemory memory;
  HashIndex hashes(memory);
  std::vector<Index> members;
  Rng rng(20);
  int refused = 0;
  for (Index i = 0; i < 30000; ++i) {
    if (i % 50 == 0) memory.fail(rng.chance({2, 3}));
    if (rng.below(10) < (i / 5000 % 2 == 0 ? 7U : 3U)) {
      if (hashes.insert(hash_of(i), i)) {
        members.push_back(i);
      } else {
        ++refused;
      }
    } else if (!members.empty()) {
      std::swap(members[rng.below(members.size())], members.back());
      ASSERT_TRUE(hashes.erase(hash_of(members.back()), members.back()));
      members.pop_back();
    }
    ASSERT_EQ(hashes.size(), members.size());
    if (i % 500 == 0) {
      for (const Index member : members) {
        ASSERT_EQ(find_exactly(hashes, hash_of(member), member), member);
      }
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(HashIndex, ReservedRoomNeedsNoLaterAllocationAndStays) {
  CheckedMemory memory;
  HashIndex hashes(memory);
  ASSERT_TRUE(hashes.insert(hash_of(7), 7));
  ASSERT_TRUE(hashes.try_reserve(10000));
  const std::size_t reserved = memory.bytes_used();
  memory.fail(true);
  EXPECT_FALSE(hashes.try_reserve(100000));
  EXPECT_FALSE(hashes.try_reserve(0xffff'ffff));
  for (int round = 0; round < 2; ++round) {
    for (Index i = 0; i < 10000; ++i) {
      if (round == 0 && i == 7) continue;
      ASSERT_TRUE(hashes.insert(hash_of(i), i));
    }
    for (Index i = 0; i < 10000; ++i) ASSERT_TRUE(hashes.erase(hash_of(i), i));
    EXPECT_EQ(memory.bytes_used(), reserved);
  }
  hashes.release();
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(HashIndex, ReservingInTheMiddleOfAResizeLosesNothing) {
  for (Index count = 1; count < 400; ++count) {
    CheckedMemory memory;
    HashIndex hashes(memory);
    for (Index i = 0; i < count; ++i) ASSERT_TRUE(hashes.insert(hash_of(i), i));
    ASSERT_TRUE(hashes.try_reserve(1000));
    for (Index i = 0; i < count; ++i) ASSERT_EQ(find_exactly(hashes, hash_of(i), i), i);
  }
}

TEST(HashIndexDeathTest, ReservedIndicesAreNotEntries) {
  CheckedMemory memory;
  HashIndex hashes(memory);
  EXPECT_DEATH((void)hashes.insert(1, kNoIndex), "");
  EXPECT_DEATH((void)hashes.insert(1, kNoIndex - 1), "");
}

class HashIndexProperty : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(HashIndexProperty, BehavesLikeAMultimap) {
  CheckedMemory memory;
  HashIndex hashes(memory);
  std::map<Index, std::uint32_t> expected;
  std::vector<Index> members;
  Rng rng(GetParam());
  // Few hashes make long runs; many make an ordinary table.
  const std::uint64_t hashes_count = GetParam() % 2 == 0 ? 40 : 1U << 31U;
  const std::uint64_t steps = GetParam() % 2 == 0 ? 5000 : 60000;
  for (std::uint64_t i = 0; i < steps; ++i) {
    const bool grows = rng.below(10) < ((i / (steps / 6)) % 2 == 0 ? 8U : 2U);
    if (grows) {
      const auto index = static_cast<Index>(i);
      const auto hash = static_cast<std::uint32_t>(rng.below(hashes_count));
      ASSERT_TRUE(hashes.insert(hash, index));
      expected[index] = hash;
      members.push_back(index);
    } else if (!members.empty()) {
      const std::size_t at = rng.below(members.size());
      const Index victim = members[at];
      ASSERT_TRUE(hashes.erase(expected[victim], victim));
      expected.erase(victim);
      members[at] = members.back();
      members.pop_back();
      ASSERT_EQ(find_exactly(hashes, static_cast<std::uint32_t>(victim), victim), kNoIndex);
    }
    ASSERT_EQ(hashes.size(), expected.size());
    if (!members.empty()) {
      const Index member = members[rng.below(members.size())];
      ASSERT_EQ(find_exactly(hashes, expected[member], member), member);
    }
    if (i % 997 == 0) {
      for (const auto& [index, hash] : expected) {
        ASSERT_EQ(find_exactly(hashes, hash, index), index);
      }
    }
  }
  for (const auto& [index, hash] : expected) ASSERT_TRUE(hashes.erase(hash, index));
  EXPECT_EQ(memory.bytes_used(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, HashIndexProperty, ::testing::Range<std::uint64_t>(0, 8));

}  // namespace
}  // namespace strata::hash_index_test
