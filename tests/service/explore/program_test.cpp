// SPDX-License-Identifier: Apache-2.0
#include "service/explore/program.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace strata::service::program_test {
namespace {

TEST(TrialSteps, AreTakenOnceEachInTheOrderOfTheirPlaces) {
  const std::vector<TrialItem> items{{ItemKind::kReadPause, "x", 500, 2},
                                     {ItemKind::kWritePause, "x", 3, 9},
                                     {ItemKind::kReadPause, "x", 20, 1}};
  TrialSteps steps(items, [](ItemKind kind) { return kind == ItemKind::kReadPause; });
  EXPECT_EQ(steps.take(19), nullptr);
  EXPECT_EQ(steps.distance(5), 15U);
  const TrialItem* first = steps.take(20);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->amount, 1U);
  EXPECT_EQ(steps.take(20), nullptr);
  EXPECT_EQ(steps.distance(20), 480U);
  EXPECT_EQ(steps.distance(600), 0U);
  EXPECT_NE(steps.take(600), nullptr);
  EXPECT_EQ(steps.distance(600), UINT64_MAX);
}

// Whatever the pieces: the same byte stands at the same place, and a shifted one is seen.
TEST(FillPattern, APlaceHasOneByte) {
  std::array<std::byte, 100> whole{}, piece{};
  fill_pattern(whole, 3, 1000);
  for (std::size_t from = 0; from < whole.size(); from += 7) {
    const std::size_t count = std::min<std::size_t>(7, whole.size() - from);
    fill_pattern(MutableBytes(piece).first(count), 3, 1000 + from);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(piece[i], whole[from + i]);
  }
  fill_pattern(piece, 3, 1001);
  EXPECT_NE(piece, whole);
  fill_pattern(piece, 4, 1000);
  EXPECT_NE(piece, whole);
}

TEST(FirstWrong, TellsWhereOfManyBytes) {
  std::vector<std::byte> bytes(5'000);
  fill_pattern(bytes, 3, 777);
  EXPECT_EQ(first_wrong(bytes, 3, 777), std::nullopt);
  EXPECT_EQ(first_wrong(Bytes(bytes).first(0), 3, 777), std::nullopt);
  for (const std::size_t place : {4'999U, 4'096U, 1'024U, 1'023U, 0U}) {
    bytes[place] ^= std::byte{0x10};
    EXPECT_EQ(first_wrong(bytes, 3, 777), 777 + place) << "the first of all";
  }
}

}  // namespace
}  // namespace strata::service::program_test
