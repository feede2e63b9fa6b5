// SPDX-License-Identifier: Apache-2.0
// ReceiveTuning: bounds by configuration and options, round trips, and when the buffer grows.
#include "tcp/receive/receive_tuning.h"

#include <gtest/gtest.h>

#include <chrono>

namespace strata::tcp::receive_tuning_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ReceiveTuning, FindsTheLeastShiftThatCanOfferTheBuffer) {
  EXPECT_EQ(window_shift_for(1), 0);
  EXPECT_EQ(window_shift_for(65535), 0);
  EXPECT_EQ(window_shift_for(65536), 1);
  EXPECT_EQ(window_shift_for(6U << 20U), 7);
  // RFC 7323 2.3 MUST: the shift is at most 14.
  EXPECT_EQ(window_shift_for(UINT32_MAX), 14);
}

TEST(ReceiveTuning, TakesItsBoundsFromTheConfigurationOrTheSocket) {
  struct {
    std::uint32_t buffer, clamp, first, max;
  } const cases[] = {
      {0, 0, 100, 1000},     {500, 0, 500, 500},
      {5000, 0, 5000, 5000}, {0, 300, 100, 300},
      {0, 50, 50, 50},       {500, 50, 50, 50},
      {1, 0, 1, 1},          {UINT32_MAX, 0, 1U << 30U, 1U << 30U},
  };
  TcpConfig config{.receive_buffer_first = 100, .receive_buffer_max = 1000};
  for (const auto& one : cases) {
    const auto bounds =
        receive_buffer_bounds(config, {.window_clamp = one.clamp, .receive_buffer = one.buffer});
    EXPECT_EQ(bounds.first, one.first) << one.buffer << " " << one.clamp;
    EXPECT_EQ(bounds.max, one.max) << one.buffer << " " << one.clamp;
  }
}

TEST(ReceiveTuning, BeginsWithRoomForWhatAProgramWantsAtOnce) {
  TcpConfig config{.receive_buffer_first = 100, .receive_buffer_max = 1000};
  EXPECT_EQ(receive_buffer_bounds(config, {.receive_low_water = 300}).first, 600U);
  EXPECT_EQ(receive_buffer_bounds(config, {.receive_low_water = UINT32_MAX}).first, 1000U);
  EXPECT_EQ(receive_buffer_bounds(config, {.receive_buffer = 200, .receive_low_water = 300}).first,
            200U);
}

struct TuningBench {
  TuningBench() { tuning.start({.first = 100'000, .max = 1'000'000}); }
  // One round trip of 10 ms in which `bytes` arrived and were read.
  bool round_trip(std::uint32_t bytes, bool may_grow = true) {
    tuning.on_text(next, 50'000, now);
    next += bytes;
    now += milliseconds(10);
    return tuning.on_read(bytes, 1000, may_grow, next, 50'000, now);
  }
  ReceiveTuning tuning;
  SequenceNumber next{0xffff'0000};
  Time now = Time(seconds(9));
};

TEST(ReceiveTuning, GrowsAheadOfWhatAProgramReadsInARoundTrip) {
  TuningBench bench;
  bench.tuning.on_echo(milliseconds(10));
  EXPECT_FALSE(bench.round_trip(25'000)) << "twice that and 16 segments still fit";
  EXPECT_TRUE(bench.round_trip(60'000));
  EXPECT_EQ(bench.tuning.limit(), 256'000U);
  EXPECT_FALSE(bench.round_trip(60'000)) << "a steady flow needs no more";
  EXPECT_TRUE(bench.round_trip(900'000));
  EXPECT_EQ(bench.tuning.limit(), 1'000'000U);
  EXPECT_FALSE(bench.round_trip(900'000));
}

TEST(ReceiveTuning, StopsWhileMemoryIsShort) {
  TuningBench bench;
  bench.tuning.on_echo(milliseconds(10));
  EXPECT_FALSE(bench.round_trip(90'000, false));
  EXPECT_TRUE(bench.round_trip(90'000));
}

TEST(ReceiveTuning, NeverGrowsWithoutAnIdeaOfTheRoundTrip) {
  TuningBench bench;
  EXPECT_FALSE(bench.tuning.rtt().has_value());
  EXPECT_FALSE(bench.tuning.on_read(90'000, 1000, true, bench.next, 50'000, bench.now));
}

TEST(ReceiveTuning, MeasuresTheTimeOfAWindowWithoutTimestamps) {
  TuningBench bench;
  bench.tuning.on_text(bench.next, 50'000, bench.now);
  bench.now += milliseconds(30);
  bench.tuning.on_text(bench.next + 50'000U, 1, bench.now);
  EXPECT_FALSE(bench.tuning.rtt().has_value()) << "all of it may have been on its way";
  bench.now += milliseconds(10);
  bench.tuning.on_text(bench.next + 50'001U, 50'000, bench.now);
  EXPECT_EQ(bench.tuning.rtt(), milliseconds(40));
  // A faster one counts, a slower one does not.
  for (const int wait_ms : {5, 100}) {
    (void)bench.tuning.on_read(1, 1000, true, bench.next, 1000, bench.now += milliseconds(500));
    bench.next += 1001U;
    bench.now += milliseconds(wait_ms);
    bench.tuning.on_text(bench.next, 1000, bench.now);
    EXPECT_EQ(bench.tuning.rtt(), milliseconds(5)) << wait_ms;
  }
}

TEST(ReceiveTuning, SmoothsEchoedTimes) {
  ReceiveTuning tuning;
  tuning.on_echo(milliseconds(8));
  EXPECT_EQ(tuning.rtt(), milliseconds(8));
  tuning.on_echo(milliseconds(16));
  EXPECT_EQ(tuning.rtt(), milliseconds(9));
  tuning.on_echo(Duration(-5));  // a peer that echoes the future
  EXPECT_LT(tuning.rtt(), milliseconds(9));
  tuning.on_echo(seconds(1'000'000'000));
  EXPECT_GT(tuning.rtt(), seconds(0));
}

TEST(ReceiveTuning, KeepsWhatItLearnedWithinNewBounds) {
  ReceiveTuning tuning;
  tuning.start({.first = 100, .max = 1000});
  tuning.set_bounds({.first = 500, .max = 500});
  EXPECT_EQ(tuning.limit(), 500U);
  tuning.set_bounds({.first = 100, .max = 1000});
  EXPECT_EQ(tuning.limit(), 500U);
  tuning.set_bounds({.first = 50, .max = 60});
  EXPECT_EQ(tuning.limit(), 60U);
}

}  // namespace
}  // namespace strata::tcp::receive_tuning_test
