// SPDX-License-Identifier: Apache-2.0
#include "service/explore/shrink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "strata/rng.h"

namespace strata::service::shrink_test {
namespace {

std::vector<TrialItem> numbered(std::uint64_t count) {
  std::vector<TrialItem> items;
  for (std::uint64_t i = 0; i < count; ++i) items.push_back({ItemKind::kLose, "a-b", i});
  return items;
}

std::set<std::uint64_t> places(const std::vector<TrialItem>& items) {
  std::set<std::uint64_t> found;
  for (const TrialItem& item : items) found.insert(item.at);
  return found;
}

TEST(Shrink, WhatItTakesIsLeftAndNothingElse) {
  Rng rng(1);
  for (int round = 0; round < 200; ++round) {
    const std::uint64_t count = 1 + rng.below(120);
    std::set<std::uint64_t> needed;
    for (std::uint64_t left = rng.below(5); left != 0; --left) needed.insert(rng.below(count));
    std::size_t asked = 0;
    const auto left = shrink(numbered(count), [&](const std::vector<TrialItem>& items) {
      ++asked;
      return std::ranges::includes(places(items), needed);
    });
    EXPECT_EQ(places(left), needed);
    // Each of what is needed costs about as many questions as halving the list takes.
    EXPECT_LE(asked, 2 * (needed.size() + 1) * 10 + 2 * needed.size() * needed.size() + 10)
        << count;
  }
}

// One of two will do: the other is no part of the least.
TEST(Shrink, NoSingleItemOfTheRestCanBeLeftOut) {
  const auto breaks = [](const std::vector<TrialItem>& items) {
    const auto found = places(items);
    return found.contains(40) && (found.contains(3) || found.contains(77));
  };
  const auto left = shrink(numbered(100), breaks);
  EXPECT_EQ(left.size(), 2U);
  EXPECT_TRUE(breaks(left));
}

TEST(Shrink, TheOrderStays) {
  const auto left = shrink(numbered(50), [](const std::vector<TrialItem>& items) {
    return places(items).contains(7) && places(items).contains(8) && places(items).contains(30);
  });
  EXPECT_TRUE(std::ranges::is_sorted(left, {}, &TrialItem::at));
}

}  // namespace
}  // namespace strata::service::shrink_test
