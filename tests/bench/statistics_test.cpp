// SPDX-License-Identifier: Apache-2.0
#include "bench/harness/statistics.h"

#include <gtest/gtest.h>

#include <array>

namespace strata::bench::statistics_test {
namespace {

TEST(Statistics, MedianIsTheMiddleOfAnOddCountAndTheMeanOfTwoMiddles) {
  EXPECT_DOUBLE_EQ(statistics_of(std::array{9.0, 1.0, 5.0}).median, 5);
  EXPECT_DOUBLE_EQ(statistics_of(std::array{4.0, 1.0, 2.0, 100.0}).median, 3);
  EXPECT_DOUBLE_EQ(statistics_of(std::array{7.0}).median, 7);
}

TEST(Statistics, SpreadIsTheSmallestAndTheLargest) {
  const Statistics statistics = statistics_of(std::array{3.0, -1.0, 8.0});
  EXPECT_DOUBLE_EQ(statistics.min, -1);
  EXPECT_DOUBLE_EQ(statistics.max, 8);
}

TEST(Statistics, QuantilesLieBetweenTheirNeighbours) {
  const std::array samples{0.0, 10.0, 20.0, 30.0, 40.0};
  EXPECT_DOUBLE_EQ(quantile(samples, 0), 0);
  EXPECT_DOUBLE_EQ(quantile(samples, 0.25), 10);
  EXPECT_DOUBLE_EQ(quantile(samples, 0.9), 36);
  EXPECT_DOUBLE_EQ(quantile(samples, 1), 40);
}

}  // namespace
}  // namespace strata::bench::statistics_test
