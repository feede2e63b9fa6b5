// SPDX-License-Identifier: Apache-2.0
#include "base/bucket_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "base/siphash.h"
#include "strata/rng.h"

namespace strata::bucket_index_test {
namespace {

// Keys by index, as a table would keep them.
class Table {
 public:
  Table(Memory& memory, std::uint32_t entries_max)
      : index_(memory, entries_max), keys_(entries_max) {}

  std::uint32_t hash(std::uint64_t key) const {
    return static_cast<std::uint32_t>(hash_words(kKey, {key}) & mask);
  }
  bool insert(Index index, std::uint64_t key) {
    keys_[index] = key;
    return index_.insert(hash(key), index, [&](Index other) {
      ++rehashed;
      return hash(keys_[other]);
    });
  }
  bool erase(Index index) { return index_.erase(hash(keys_[index]), index); }
  Index find(std::uint64_t key) const {
    return index_.find(hash(key), [&](Index index) {
      ++compared;
      return keys_[index] == key;
    });
  }
  BucketIndex& index() { return index_; }

  std::uint32_t mask = 0xffff'ffff;
  std::uint32_t rehashed = 0;
  mutable std::uint32_t compared = 0;

 private:
  static constexpr SipKey kKey{1, 2};
  BucketIndex index_;
  std::vector<std::uint64_t> keys_;
};

TEST(BucketIndex, FindsNothingWhenEmptyAndOwnsNothing) {
  HeapMemory memory;
  Table table(memory, 100);
  EXPECT_EQ(table.find(7), kNoIndex);
  EXPECT_FALSE(table.erase(0));
  EXPECT_EQ(memory.bytes_used(), 0U);
}

// A seeded walk up and down through sizes, with hashes that collide more or less.
void expect_equal_to_a_map(std::uint32_t mask, std::uint32_t entries_max, int rounds) {
  HeapMemory memory;
  Table table(memory, entries_max);
  table.mask = mask;
  std::unordered_map<std::uint64_t, Index> expected;
  std::vector<std::uint64_t> keys(entries_max);
  std::vector<Index> free_indices(entries_max);
  for (Index i = 0; i < entries_max; ++i) free_indices[i] = i;
  std::vector<Index> used;
  Rng rng(mask ^ entries_max);
  for (int round = 0; round < rounds; ++round) {
    const bool grows = (round / (rounds / 6)) % 2 == 0;
    const bool inserts = rng.chance(grows ? Ratio{3, 4} : Ratio{1, 4});
    if (inserts && !free_indices.empty()) {
      const Index index = free_indices.back();
      free_indices.pop_back();
      keys[index] = rng.next();
      ASSERT_TRUE(table.insert(index, keys[index]));
      expected[keys[index]] = index;
      used.push_back(index);
    } else if (!inserts && !used.empty()) {
      std::swap(used[static_cast<std::size_t>(rng.below(used.size()))], used.back());
      const Index index = used.back();
      used.pop_back();
      ASSERT_TRUE(table.erase(index));
      ASSERT_FALSE(table.erase(index));
      expected.erase(keys[index]);
      free_indices.push_back(index);
    }
    ASSERT_EQ(table.index().size(), expected.size());
    ASSERT_EQ(table.find(rng.next()), kNoIndex);
    if (!used.empty()) {
      const Index index = used[static_cast<std::size_t>(rng.below(used.size()))];
      ASSERT_EQ(table.find(keys[index]), index);
    }
  }
  for (const auto& [key, index] : expected) ASSERT_EQ(table.find(key), index);
  for (const Index index : used) ASSERT_TRUE(table.erase(index));
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(BucketIndex, IsAMapWhileItGrowsAndShrinks) {
  expect_equal_to_a_map(0xffff'ffff, 1, 100);
  expect_equal_to_a_map(0xffff'ffff, 20'000, 120'000);
}

TEST(BucketIndex, IsAMapWhenHashesCollide) {
  expect_equal_to_a_map(0, 200, 3000);
  expect_equal_to_a_map(0x7, 300, 6000);
  expect_equal_to_a_map(0xffff'0000, 400, 6000);
}

TEST(BucketIndex, MovesFewEntriesInOneCallWhateverItsSize) {
  HeapMemory memory;
  constexpr std::uint32_t kEntries = 200'000;
  Table table(memory, kEntries);
  std::uint32_t most = 0;
  for (Index i = 0; i < kEntries; ++i) {
    table.rehashed = 0;
    ASSERT_TRUE(table.insert(i, i));
    most = std::max(most, table.rehashed);
  }
  EXPECT_LE(most, 90U);  // twice those of the fullest bucket
}

TEST(BucketIndex, TakesAboutNineBytesAnEntryAndGivesThemBack) {
  HeapMemory memory;
  constexpr std::uint32_t kEntries = 200'000;
  Table table(memory, kEntries);
  for (Index i = 0; i < kEntries; ++i) {
    ASSERT_TRUE(table.insert(i, i));
    if (i > 50'000) {
      ASSERT_LE(table.index().bytes_used(), std::size_t{i} * 10);
    }
  }
  for (Index i = 1000; i < kEntries; ++i) ASSERT_TRUE(table.erase(i));
  EXPECT_LE(table.index().bytes_used(), 50'000U);
  EXPECT_EQ(table.find(999), 999U);
}

TEST(BucketIndex, TouchesHardlyAnyEntryThatIsNotLookedFor) {
  HeapMemory memory;
  constexpr std::uint32_t kEntries = 100'000;
  Table table(memory, kEntries);
  for (Index i = 0; i < kEntries; ++i) ASSERT_TRUE(table.insert(i, i));
  table.compared = 0;
  for (std::uint64_t key = 0; key < kEntries; ++key) ASSERT_EQ(table.find(key), key);
  EXPECT_LE(table.compared, kEntries + kEntries / 100);
  table.compared = 0;
  for (std::uint64_t key = 0; key < kEntries; ++key) {
    ASSERT_EQ(table.find(key + kEntries), kNoIndex);
  }
  EXPECT_LE(table.compared, kEntries / 100);
}

TEST(BucketIndex, GuessesTheEntryToPrefetch) {
  HeapMemory memory;
  constexpr std::uint32_t kEntries = 10'000;
  Table table(memory, kEntries);
  EXPECT_EQ(table.index().likely(5), kNoIndex);
  for (Index i = 0; i < kEntries; ++i) ASSERT_TRUE(table.insert(i, i));
  std::uint32_t right = 0;
  for (Index i = 0; i < kEntries; ++i) {
    right += table.index().likely(table.hash(i)) == i ? 1 : 0;
  }
  EXPECT_GE(right, kEntries * 9 / 10);
}

TEST(BucketIndex, StaysWholeWhenMemoryRunsOut) {
  for (std::size_t limit = 0; limit < 60'000; limit += 1000) {
    HeapMemory memory(limit);
    Table table(memory, 20'000);
    Index count = 0;
    while (count < 20'000 && table.insert(count, count)) ++count;
    for (Index i = 0; i < count; ++i) ASSERT_EQ(table.find(i), i) << limit;
    for (Index i = 0; i < count; ++i) ASSERT_TRUE(table.erase(i)) << limit;
    EXPECT_EQ(memory.bytes_used(), 0U);
  }
}

}  // namespace
}  // namespace strata::bucket_index_test
