// SPDX-License-Identifier: Apache-2.0
// Short times: differences over the wrap, and times that survive packing.
#include "tcp/receive/micros.h"

#include <gtest/gtest.h>

namespace strata::tcp::micros_test {
namespace {

TEST(Micros, DiffersRightOverItsWrap) {
  const Time just_before(std::chrono::microseconds(0xffff'fff0));
  const Micros then = micros_of(just_before);
  EXPECT_EQ(micros_since(then, just_before + std::chrono::microseconds(100)), 100U);
  EXPECT_EQ(from_micros(1500), std::chrono::microseconds(1500));
}

TEST(PackedTime, KeepsEveryTime) {
  for (const Time time :
       {Time{}, Time(std::chrono::hours(100000)), kNever, Time(Duration(0x1234'5678'9abc'def0))}) {
    EXPECT_EQ(PackedTime(time).time(), time);
  }
  EXPECT_EQ(alignof(PackedTime), 4U);
}

}  // namespace
}  // namespace strata::tcp::micros_test
