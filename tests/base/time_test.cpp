// SPDX-License-Identifier: Apache-2.0
#include "strata/time.h"

#include <gtest/gtest.h>

namespace strata::time_test {
namespace {

using namespace std::chrono_literals;

static_assert(sizeof(Time) == 8);
static_assert(Time(1s).time_since_epoch().count() == 1'000'000'000);
static_assert(Time(24h * 365 * 200) < kNever, "two centuries fit");

TEST(Time, TheEarlierOfTwoDeadlines) {
  const std::optional<Time> soon = Time(1s);
  const std::optional<Time> late = Time(2s);
  EXPECT_EQ(earlier(soon, late), soon);
  EXPECT_EQ(earlier(late, soon), soon);
  EXPECT_EQ(earlier(std::nullopt, late), late);
  EXPECT_EQ(earlier(late, std::nullopt), late);
  EXPECT_EQ(earlier(std::nullopt, std::nullopt), std::nullopt);
}

}  // namespace
}  // namespace strata::time_test
