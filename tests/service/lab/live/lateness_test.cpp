// SPDX-License-Identifier: Apache-2.0
#include "service/lab/live/lateness.h"

#include <gtest/gtest.h>

namespace strata::service::lateness_test {
namespace {

using namespace std::chrono_literals;

TEST(Lateness, NothingIsNotLate) {
  const Lateness late;
  EXPECT_EQ(late.count(), 0U);
  EXPECT_EQ(late.quantile(0.5), 0ns);
  EXPECT_EQ(late.most(), 0ns);
}

TEST(Lateness, QuantilesAreWithinThreePercent) {
  Lateness late;
  for (int i = 1; i <= 1000; ++i) late.add(i * 1us);
  EXPECT_EQ(late.count(), 1000U);
  for (const auto& [share, wanted] : {std::pair(0.5, 500us), std::pair(0.99, 990us)}) {
    EXPECT_GE(late.quantile(share), wanted);
    EXPECT_LE(late.quantile(share), wanted + wanted / 32);
  }
  EXPECT_EQ(late.quantile(1), 1000us) << "the latest is known exactly";
  EXPECT_EQ(late.quantile(0), late.quantile(0.001)) << "the first that was there";
}

TEST(Lateness, SmallValuesAreExact) {
  for (int value = 0; value < 64; ++value) {
    Lateness late;
    late.add(Duration(value));
    late.add(1h);
    EXPECT_EQ(late.quantile(0.5), Duration(value));
  }
}

TEST(Lateness, TakesWhatNoClockShouldSay) {
  Lateness late;
  late.add(-5ns);
  EXPECT_EQ(late.quantile(1), 0ns);
  late.add(Duration::max());
  EXPECT_EQ(late.most(), Duration::max());
  EXPECT_EQ(late.quantile(1), Duration::max());
}

}  // namespace
}  // namespace strata::service::lateness_test
