// SPDX-License-Identifier: Apache-2.0
#include "tcp/packed_time.h"

#include <gtest/gtest.h>

#include "strata/rng.h"

namespace strata::tcp::packed_time_test {
namespace {

TEST(PackedTime, GivesBackAnyTime) {
  Rng rng(1);
  for (const Time time : {Time{}, Time::min(), Time::max(), kNever}) {
    EXPECT_EQ(PackedTime(time).time(), time);
  }
  for (int i = 0; i < 1000; ++i) {
    const Time time{Duration(static_cast<std::int64_t>(rng.next()))};
    EXPECT_EQ(PackedTime(time).time(), time);
  }
}

}  // namespace
}  // namespace strata::tcp::packed_time_test
