// SPDX-License-Identifier: Apache-2.0
#include "base/counters.h"

#include <gtest/gtest.h>

namespace strata::counters_test {
namespace {

enum class Event : std::uint8_t { kIn, kOut, kLost, kCount };
enum class Plain : std::uint8_t { kOne, kTwo };

TEST(Counters, CountByName) {
  Counters<Event> counters;
  counters.add(Event::kIn);
  counters.add(Event::kIn);
  counters.add(Event::kLost, 5);
  EXPECT_EQ(counters[Event::kIn], 2U);
  EXPECT_EQ(counters[Event::kOut], 0U);
  EXPECT_EQ(counters[Event::kLost], 5U);
  EXPECT_EQ(counters.total(), 7U);
  EXPECT_EQ(counters.size(), 3U);
}

TEST(Counters, AddUpAcrossStacksAndSubtractAnEarlierReading) {
  Counters<Event> one;
  Counters<Event> two;
  one.add(Event::kIn, 3);
  two.add(Event::kIn, 4);
  two.add(Event::kOut);
  const Counters<Event> sum = one + two;
  EXPECT_EQ(sum[Event::kIn], 7U);
  EXPECT_EQ(sum[Event::kOut], 1U);
  EXPECT_EQ(sum - one, two);
}

TEST(Counters, ServeEnumsWithoutACount) {
  Counters<Plain, 2> counters;
  counters.add(Plain::kTwo);
  EXPECT_EQ(counters[Plain::kTwo], 1U);
}

TEST(CountersDeathTest, AnUnknownEnumeratorStopsTheProgram) {
  Counters<Plain, 1> counters;
  EXPECT_DEATH(counters.add(Plain::kTwo), "");
}

}  // namespace
}  // namespace strata::counters_test
