// SPDX-License-Identifier: Apache-2.0
#include "sim/rate_trace.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "sim/lab.h"

namespace strata::sim::rate_trace_test {
namespace {

constexpr std::size_t kFull = kTraceOpportunityBytes;

std::vector<Time> taken(const RateTrace& trace, int frames, std::size_t bytes, Time now = {}) {
  TraceCursor cursor;
  std::vector<Time> times;
  for (int i = 0; i < frames; ++i) {
    now = cursor.take(trace, now, bytes);
    times.push_back(now);
  }
  return times;
}

using Times = std::vector<Time>;

TEST(RateTrace, AFullFrameTakesOneOpportunityAndRoundsFollowEachOther) {
  const RateTrace trace{{2, 2, 5, 10}};
  EXPECT_EQ(taken(trace, 9, kFull), (Times{Time(2ms), Time(2ms), Time(5ms), Time(10ms), Time(12ms),
                                           Time(12ms), Time(15ms), Time(20ms), Time(22ms)}));
}

TEST(RateTrace, AnOpportunityAtZeroIsTheEndOfTheRoundBeforeToo) {
  const RateTrace trace{{0, 4}};
  EXPECT_EQ(taken(trace, 5, kFull), (Times{Time(0ms), Time(4ms), Time(4ms), Time(8ms), Time(8ms)}));
}

TEST(RateTrace, SmallFramesShareAnOpportunityAndLargeOnesTakeSeveral) {
  const RateTrace trace{{1, 2, 3}};
  EXPECT_EQ(taken(trace, 4, kFull / 2), (Times{Time(1ms), Time(1ms), Time(2ms), Time(2ms)}));
  EXPECT_EQ(taken(trace, 2, 2 * kFull + 1), (Times{Time(3ms), Time(5ms)}));
}

TEST(RateTrace, WhatNobodyWantedIsGone) {
  const RateTrace trace{{1, 2, 3}};
  TraceCursor cursor;
  EXPECT_EQ(cursor.take(trace, Time(1ms), 100), Time(1ms));
  // The rest of the first is lost, and so is the second.
  EXPECT_EQ(cursor.take(trace, Time(2ms + 1ns), kFull), Time(3ms));
  EXPECT_EQ(cursor.take(trace, Time(1h + 1500us), 100), Time(1h + 2ms));
}

TEST(RateTrace, ALinkCarriesWhatItsTraceAllows) {
  // Two packets each ten milliseconds: 2.4 Mbit/s.
  const auto trace = std::make_shared<RateTrace>(RateTrace{{5, 10}});
  LinkConfig config{.trace = trace, .delay = 3ms, .queue_packets_max = 10'000};
  EXPECT_EQ(mean_bits_per_second(config), 200U * kFull * 8);
  Cable cable(config);
  for (std::uint64_t i = 0; i < 1000; ++i) cable.a.send(numbered_frame(i, kFull));
  cable.world.run_until_idle(100s);
  ASSERT_EQ(cable.b.received().size(), 1000U);
  EXPECT_EQ(cable.b.received().front().at, Time(5ms + 3ms));
  EXPECT_EQ(cable.b.received().back().at, Time(5s + 3ms));
}

TEST(RateTrace, AnotherTraceBeginsWithTheOpportunitiesThatAreNotOverYet) {
  const auto dense = std::make_shared<RateTrace>(RateTrace{{1}});
  const auto sparse = std::make_shared<RateTrace>(RateTrace{{100}});
  Cable cable({.trace = dense, .queue_packets_max = 10'000});
  for (std::uint64_t i = 0; i < 1000; ++i) cable.a.send(numbered_frame(i, kFull));
  cable.world.run_until_idle(10s);
  cable.world.run_for(10ms);
  cable.link.configure(Direction::kAToB, {.trace = sparse});
  for (std::uint64_t i = 0; i < 2; ++i) cable.a.send(numbered_frame(i, kFull));
  cable.world.run_until_idle(1h);
  EXPECT_EQ(cable.b.received().at(1000).at, Time(1100ms));
  EXPECT_EQ(cable.b.received().at(1001).at, Time(1200ms));
}

TEST(RateTrace, TheSameTraceGoesOnWhateverElseChanges) {
  const auto trace = std::make_shared<RateTrace>(RateTrace{{5, 10}});
  Cable cable({.trace = trace});
  for (std::uint64_t i = 0; i < 2; ++i) cable.a.send(numbered_frame(i, kFull));
  cable.link.configure(Direction::kAToB, {.trace = trace, .delay = 1ms});
  cable.world.run_until_idle(1s);
  EXPECT_EQ(cable.b.received().at(1).at, Time(10ms + 1ms));
}

TEST(RateTrace, WhatIsNoTraceIsRefused) {
  for (const auto& wrong : {RateTrace{}, RateTrace{{0}}, RateTrace{{5, 3}}}) {
    EXPECT_FALSE(validate({.trace = std::make_shared<RateTrace>(wrong)}).has_value());
  }
}

}  // namespace
}  // namespace strata::sim::rate_trace_test
