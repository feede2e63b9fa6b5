// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/sequence_index.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/checked_memory.h"
#include "strata/rng.h"

namespace strata::tcp::sequence_index_test {
namespace {

SequenceNumber number(std::uint32_t offset) { return SequenceNumber(0xffff'ff00U + offset); }

TEST(SequenceIndex, NeedsNoMemoryForAFew) {
  CheckedMemory memory;
  SequenceIndex index(memory);
  for (std::uint32_t i = 0; i < 6; ++i) EXPECT_TRUE(index.try_push_back({number(i * 10), i}));
  for (int i = 0; i < 5; ++i) index.pop_front();
  EXPECT_EQ(memory.allocations(), 0U);
  EXPECT_EQ(index.size(), 1U);
  EXPECT_EQ(index[0].record, 5U);
}

TEST(SequenceIndex, FindsTheEntryThatHoldsANumberAcrossTheWrap) {
  CheckedMemory memory;
  SequenceIndex index(memory);
  for (std::uint32_t i = 0; i < 100; ++i) EXPECT_TRUE(index.try_push_back({number(i * 10), i}));
  EXPECT_EQ(index.position_of(number(0)), 0U);
  EXPECT_EQ(index.position_of(number(9)), 0U);
  EXPECT_EQ(index.position_of(number(10)), 1U);
  EXPECT_EQ(index.position_of(number(995)), 99U);
  EXPECT_EQ(index.position_of(number(0) - 1U), 0U);
}

TEST(SequenceIndex, FailsWithoutHarmWhenMemoryIsOut) {
  CheckedMemory memory;
  SequenceIndex index(memory);
  for (std::uint32_t i = 0; i < 6; ++i) EXPECT_TRUE(index.try_push_back({number(i), i}));
  memory.fail(true);
  EXPECT_FALSE(index.try_push_back({number(6), 6}));
  EXPECT_EQ(index.size(), 6U);
  index.pop_front();
  EXPECT_TRUE(index.try_push_back({number(6), 6}));  // the room in front
  EXPECT_EQ(index[5].record, 6U);
}

TEST(SequenceIndex, EqualsAVector) {
  Rng rng(7);
  CheckedMemory memory;
  SequenceIndex index(memory);
  std::vector<Index> naive;
  std::uint32_t next = 0;
  for (int step = 0; step < 20000; ++step) {
    const std::uint64_t what = rng.below(10);
    if (what < 4) {
      ASSERT_TRUE(index.try_push_back({number(next * 100), next * 100}));
      naive.push_back(next++ * 100);
    } else if (what < 6 && !naive.empty()) {
      index.pop_front();
      naive.erase(naive.begin());
    } else if (what < 8 && !naive.empty()) {
      const std::size_t at = rng.below(naive.size());
      const Index between = naive[at] + 1;
      if (at + 1 < naive.size() && naive[at + 1] <= between) continue;
      ASSERT_TRUE(index.try_insert_at(at + 1, {number(between), between}));
      naive.insert(naive.begin() + static_cast<std::ptrdiff_t>(at) + 1, between);
    } else if (!naive.empty()) {
      const std::size_t at = rng.below(naive.size());
      index.erase_at(at);
      naive.erase(naive.begin() + static_cast<std::ptrdiff_t>(at));
    }
    ASSERT_EQ(index.size(), naive.size());
    for (std::size_t i = 0; i < naive.size(); i += 1 + naive.size() / 8) {
      ASSERT_EQ(index[i].record, naive[i]);
      ASSERT_EQ(index.position_of(number(naive[i])), i);
    }
  }
}

}  // namespace
}  // namespace strata::tcp::sequence_index_test
