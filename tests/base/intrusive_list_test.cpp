// SPDX-License-Identifier: Apache-2.0
#include "base/intrusive_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <list>
#include <utility>
#include <vector>

#include "strata/rng.h"

namespace strata::intrusive_list_test {
namespace {

struct Item {
  int value = 0;
  ListLink<Item> link{};
  ListLink<Item> other_link{};
};
using Items = IntrusiveList<Item, &Item::link>;
using OtherItems = IntrusiveList<Item, &Item::other_link>;

std::vector<int> values(const auto& list) {
  std::vector<int> result;
  for (const Item& item : list) result.push_back(item.value);
  return result;
}

TEST(IntrusiveList, IsEmptyAtFirst) {
  Items items;
  EXPECT_TRUE(items.empty());
  EXPECT_EQ(items.front(), nullptr);
  EXPECT_EQ(items.back(), nullptr);
  EXPECT_EQ(items.pop_front(), nullptr);
  EXPECT_EQ(items.begin(), items.end());
}

TEST(IntrusiveList, ALinkKnowsWhetherItIsOnAList) {
  Items items;
  Item only{.value = 1};
  EXPECT_FALSE(only.link.is_linked());
  items.push_back(only);
  EXPECT_TRUE(only.link.is_linked());
  EXPECT_FALSE(only.other_link.is_linked());
  EXPECT_EQ(items.pop_front(), &only);
  EXPECT_FALSE(only.link.is_linked());
}

TEST(IntrusiveList, AnItemMayBeOnSeveralLists) {
  Items items;
  OtherItems others;
  std::array<Item, 2> two{Item{.value = 1}, Item{.value = 2}};
  items.push_back(two[0]);
  items.push_back(two[1]);
  others.push_back(two[1]);
  others.push_back(two[0]);
  items.erase(two[0]);
  EXPECT_EQ(values(items), (std::vector{2}));
  EXPECT_EQ(values(others), (std::vector{2, 1}));
}

TEST(IntrusiveList, WalksBothWays) {
  Items items;
  std::array<Item, 3> three{Item{.value = 1}, Item{.value = 2}, Item{.value = 3}};
  for (Item& item : three) items.push_back(item);
  EXPECT_EQ(Items::next(three[0]), &three[1]);
  EXPECT_EQ(Items::next(three[2]), nullptr);
  EXPECT_EQ(Items::previous(three[2]), &three[1]);
  EXPECT_EQ(Items::previous(three[0]), nullptr);
  items.move_to_back(three[0]);
  EXPECT_EQ(values(items), (std::vector{2, 3, 1}));
}

TEST(IntrusiveList, MovesAsAWhole) {
  Items items;
  std::array<Item, 2> two{Item{.value = 1}, Item{.value = 2}};
  for (Item& item : two) items.push_back(item);
  Items target = std::move(items);
  EXPECT_TRUE(items.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(values(target), (std::vector{1, 2}));
  items = std::move(target);
  EXPECT_EQ(items.size(), 2U);
  items.clear();
  EXPECT_FALSE(two[0].link.is_linked());
  EXPECT_FALSE(two[1].link.is_linked());
}

TEST(IntrusiveListDeathTest, LinkingTwiceOrErasingAStrangerStopsTheProgram) {
  Items items;
  Items others;
  Item item;
  EXPECT_DEATH(items.erase(item), "");
  items.push_back(item);
  EXPECT_DEATH(items.push_back(item), "");
  EXPECT_DEATH(items.push_front(item), "");
  EXPECT_DEATH(others.erase(item), "");
  items.clear();
}

TEST(IntrusiveList, BehavesLikeAStandardList) {
  std::array<Item, 32> all;
  for (int i = 0; i < 32; ++i) all[static_cast<std::size_t>(i)].value = i;
  Items items;
  std::list<int> expected;
  Rng rng(3);
  for (int i = 0; i < 20000; ++i) {
    Item& item = all[rng.below(all.size())];
    if (item.link.is_linked()) {
      items.erase(item);
      expected.remove(item.value);
    } else if (rng.chance({1, 2})) {
      items.push_back(item);
      expected.push_back(item.value);
    } else {
      items.push_front(item);
      expected.push_front(item.value);
    }
    ASSERT_EQ(items.size(), expected.size());
    ASSERT_TRUE(std::ranges::equal(values(items), expected));
    ASSERT_EQ(items.back() == nullptr, expected.empty());
    if (!expected.empty()) {
      ASSERT_EQ(items.back()->value, expected.back());
    }
  }
  items.clear();
}

}  // namespace
}  // namespace strata::intrusive_list_test
