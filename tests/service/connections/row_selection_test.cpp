// SPDX-License-Identifier: Apache-2.0
#include "service/connections/row_selection.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace strata::service::row_selection_test {
namespace {

ConnectionRow row(std::uint64_t key, std::uint32_t index, std::uint16_t core = 0) {
  return {.key = {key, 0, 0}, .id = {core, {index, 1}}};
}

std::vector<std::uint64_t> keys_of(const std::vector<ConnectionRow>& rows) {
  std::vector<std::uint64_t> keys;
  for (const ConnectionRow& one : rows) keys.push_back(one.key[0]);
  return keys;
}

// 0 to 999 in an order of its own.
void add_thousand(RowSelection& selection) {
  for (std::uint32_t i = 0; i < 1000; ++i) selection.add(row(i * 7 % 1000, i));
}

TEST(RowSelection, FindsAPageAnywhere) {
  for (const std::size_t offset : {0U, 1U, 500U, 995U}) {
    RowSelection selection(offset, 5, false);
    add_thousand(selection);
    EXPECT_EQ(selection.size(), offset + 5) << "no more is kept than the page needs";
    const std::vector<std::uint64_t> wanted{offset, offset + 1, offset + 2, offset + 3, offset + 4};
    EXPECT_EQ(keys_of(std::move(selection).page()), wanted) << offset;
  }
}

TEST(RowSelection, BeginsWithTheGreatestWhereThatIsWanted) {
  RowSelection selection(2, 3, true);
  add_thousand(selection);
  EXPECT_EQ(keys_of(std::move(selection).page()), (std::vector<std::uint64_t>{997, 996, 995}));
}

TEST(RowSelection, EndsWhereThereIsNoMore) {
  RowSelection last(998, 10, false);
  add_thousand(last);
  EXPECT_EQ(keys_of(std::move(last).page()), (std::vector<std::uint64_t>{998, 999}));
  RowSelection behind(1000, 10, false);
  add_thousand(behind);
  EXPECT_TRUE(std::move(behind).page().empty());
  EXPECT_TRUE(RowSelection().page().empty());
}

// Equal ones stand as their cores and places do: pages do not overlap.
TEST(RowSelection, HasATotalOrder) {
  std::vector<std::uint32_t> seen;
  for (const std::size_t offset : {0U, 2U}) {
    RowSelection selection(offset, 2, true);
    for (const std::uint32_t i : {3U, 1U, 0U, 2U}) {
      selection.add(row(5, i / 2, static_cast<std::uint16_t>(i % 2)));
    }
    for (const ConnectionRow& one : std::move(selection).page()) {
      seen.push_back(one.id.core * 2U + one.id.handle.index);
    }
  }
  EXPECT_EQ(seen, (std::vector<std::uint32_t>{0, 1, 2, 3}));
}

TEST(RowSelection, TakesInAnotherOneASliceAtATime) {
  RowSelection all(10, 5, false);
  RowSelection other(10, 5, false);
  for (std::uint32_t i = 0; i < 40; ++i) (i % 2 == 0 ? all : other).add(row(i, i));
  int slices = 1;
  while (all.absorb(other, 4)) ++slices;
  EXPECT_EQ(slices, 4) << "15 rows";
  EXPECT_EQ(keys_of(std::move(all).page()), (std::vector<std::uint64_t>{10, 11, 12, 13, 14}));
}

}  // namespace
}  // namespace strata::service::row_selection_test
