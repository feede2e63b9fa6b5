// SPDX-License-Identifier: Apache-2.0
#include "base/index_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "strata/rng.h"

namespace strata::index_list_test {
namespace {

struct Item {
  int value = 0;
  IndexLink link;
};
using Items = IndexList<Item, &Item::link>;

std::vector<Index> in_order(const Slab<Item>& slab, const Items& items) {
  std::vector<Index> order;
  for (Index i = items.front(); i != kNoIndex; i = Items::next(slab, i)) order.push_back(i);
  return order;
}

TEST(IndexList, IsEmptyAtFirst) {
  const Items items;
  EXPECT_TRUE(items.empty());
  EXPECT_EQ(items.front(), kNoIndex);
  EXPECT_EQ(items.back(), kNoIndex);
}

TEST(IndexList, KeepsTheOrderOfAVectorUnderAnyChanges) {
  HeapMemory memory;
  Slab<Item> slab(memory, 100);
  Items items;
  std::vector<Index> expected;
  Rng rng(3);
  for (int round = 0; round < 20'000; ++round) {
    if (expected.empty() || (expected.size() < 100 && rng.chance({1, 2}))) {
      const Index index = slab.try_create();
      items.push_back(slab, index);
      expected.push_back(index);
    } else {
      const auto at = static_cast<std::ptrdiff_t>(rng.below(expected.size()));
      const Index index = expected[static_cast<std::size_t>(at)];
      items.erase(slab, index);
      slab.destroy(index);
      expected.erase(expected.begin() + at);
    }
    ASSERT_EQ(items.size(), expected.size());
    ASSERT_EQ(items.front(), expected.empty() ? kNoIndex : expected.front());
    ASSERT_EQ(items.back(), expected.empty() ? kNoIndex : expected.back());
    if (round % 16 == 0) {
      ASSERT_EQ(in_order(slab, items), expected);
    }
  }
}

}  // namespace
}  // namespace strata::index_list_test
