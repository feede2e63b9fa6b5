// SPDX-License-Identifier: Apache-2.0
#include "multicast/source_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "strata/memory.h"
#include "strata/rng.h"

namespace strata::multicast::source_list_test {
namespace {

IpAddress numbered(std::uint64_t number) {
  return IpAddress::v4(0x0a00'0000 + static_cast<std::uint32_t>(number));
}

TEST(SourceList, IsSortedAndFreeOfRepetitions) {
  HeapMemory memory;
  SourceList list(memory);
  const std::vector given = {numbered(3), numbered(1), numbered(3), numbered(2)};
  ASSERT_TRUE(list.try_assign(given));
  const std::vector wanted = {numbered(1), numbered(2), numbered(3)};
  EXPECT_TRUE(std::ranges::equal(list.span(), wanted));
  EXPECT_TRUE(list.try_add(numbered(2))) << "is there already";
  EXPECT_EQ(list.size(), 3U);
  EXPECT_FALSE(list.remove(numbered(9)));
  EXPECT_TRUE(list.remove(numbered(1)));
  EXPECT_FALSE(list.contains(numbered(1)));
  list.clear();
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(SourceList, ComputesWhatSetsCompute) {
  Rng rng(5);
  for (int round = 0; round < 300; ++round) {
    HeapMemory memory;
    std::set<IpAddress> sets[2];
    SourceList lists[2] = {SourceList(memory), SourceList(memory)};
    for (int side = 0; side < 2; ++side) {
      for (std::uint64_t i = rng.below(12); i > 0; --i) {
        const IpAddress source = numbered(rng.below(16));
        sets[side].insert(source);
        ASSERT_TRUE(lists[side].try_add(source));
      }
    }
    std::vector<IpAddress> wanted;
    switch (round % 3) {
      case 0:
        std::ranges::set_union(sets[0], sets[1], std::back_inserter(wanted));
        ASSERT_TRUE(lists[0].try_unite(lists[1]));
        break;
      case 1:
        std::ranges::set_difference(sets[0], sets[1], std::back_inserter(wanted));
        lists[0].subtract(lists[1]);
        break;
      default:
        std::ranges::set_intersection(sets[0], sets[1], std::back_inserter(wanted));
        lists[0].intersect(lists[1]);
    }
    EXPECT_TRUE(std::ranges::equal(lists[0].span(), wanted));
  }
}

TEST(SourceList, IsUnchangedWhenMemoryIsShort) {
  HeapMemory memory(0);
  SourceList list(memory);
  EXPECT_FALSE(list.try_add(numbered(1)));
  EXPECT_FALSE(list.try_assign(std::vector{numbered(1)}));
  EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace strata::multicast::source_list_test
