// SPDX-License-Identifier: Apache-2.0
// AckTiming: when an ACK is owed at once, and for how long it may wait.
#include "tcp/receive/ack_timing.h"

#include <gtest/gtest.h>

#include <chrono>

namespace strata::tcp::ack_timing_test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct TimingBench {
  AckTiming timing;
  Time now = Time(seconds(50));
  Duration delay_max = milliseconds(40);

  void arrive(std::uint32_t bytes, std::uint16_t segments = 1, bool is_pushed = true) {
    timing.on_arrival(bytes, segments, is_pushed, now);
    timing.on_in_order(bytes, delay_max, now);
  }
  // Was an ACK owed? Then it goes.
  bool ack() {
    if (!timing.owes_now()) return false;
    timing.on_ack_sent(false, now);
    return true;
  }
  // 16 units, a second apart but for a moment, so that no gap is learned.
  void end_quick_phase(std::uint32_t bytes = 1000) {
    for (int i = 0; i < AckTiming::kQuickUnits; ++i) {
      arrive(bytes);
      EXPECT_TRUE(ack());
    }
  }
};

TEST(AckTiming, AcknowledgesTheFirstUnitsAtOnce) {
  TimingBench bench;
  bench.end_quick_phase();
  bench.arrive(1000);
  EXPECT_FALSE(bench.timing.owes_now());
  EXPECT_TRUE(bench.timing.is_pending());
}

// RFC 9293 3.8.6.3 SHOULD: an ACK for at least every second full-sized segment.
TEST(AckTiming, AcknowledgesEverySecondFullSegment) {
  TimingBench bench;
  bench.end_quick_phase();
  for (int i = 0; i < 20; ++i) {
    bench.arrive(1000);
    EXPECT_FALSE(bench.ack());
    bench.arrive(1000);
    EXPECT_TRUE(bench.ack());
  }
}

TEST(AckTiming, AcknowledgesAMergedUnitOnce) {
  TimingBench bench;
  bench.end_quick_phase();
  bench.arrive(20000, 20);
  EXPECT_TRUE(bench.ack());
  EXPECT_FALSE(bench.ack());
  bench.arrive(1000);
  EXPECT_FALSE(bench.ack()) << "one segment more waits";
}

TEST(AckTiming, CountsBytesOfSmallSegmentsTogether) {
  TimingBench bench;
  bench.end_quick_phase(1000);
  int units = 0;
  for (bool owed = false; !owed; ++units) {
    bench.arrive(100);
    owed = bench.ack();
  }
  EXPECT_EQ(units, 20) << "two segments of a thousand bytes";
}

// RFC 9293 3.8.6.3 MUST: the delay is less than 0.5 seconds.
TEST(AckTiming, WaitsNoLongerThanConfigured) {
  TimingBench bench;
  for (int i = 0; i < AckTiming::kQuickUnits; ++i) {
    bench.now += milliseconds(900);  // slow enough for the longest delay
    bench.arrive(1000);
    EXPECT_TRUE(bench.ack());
  }
  bench.now += milliseconds(900);
  bench.arrive(10);
  const auto deadline = bench.timing.next_deadline();
  ASSERT_TRUE(deadline.has_value());
  EXPECT_EQ(*deadline, bench.now + milliseconds(40));
  bench.now += milliseconds(1);
  bench.arrive(10);
  EXPECT_EQ(bench.timing.next_deadline(), deadline) << "more text does not put it off";
  bench.timing.on_deadline(*deadline - microseconds(1));
  EXPECT_FALSE(bench.timing.owes_now());
  bench.timing.on_deadline(*deadline);
  EXPECT_TRUE(bench.ack());
  EXPECT_FALSE(bench.timing.next_deadline().has_value());
}

TEST(AckTiming, WaitsLittleWhereTextIsFrequent) {
  TimingBench bench;
  for (int i = 0; i < 41; ++i) {
    bench.now += milliseconds(5);
    bench.arrive(1000);
    bench.ack();
  }
  bench.arrive(1000);
  bench.ack();
  bench.now += milliseconds(5);
  bench.timing.on_ack_sent(false, bench.now);
  bench.arrive(10);
  ASSERT_TRUE(bench.timing.next_deadline().has_value());
  const Duration delay = *bench.timing.next_deadline() - bench.now;
  EXPECT_GE(delay, milliseconds(7));
  EXPECT_LE(delay, milliseconds(10));
}

TEST(AckTiming, BecomesQuickAfterLossAndAfterAPause) {
  for (const bool by_loss : {true, false}) {
    TimingBench bench;
    bench.end_quick_phase();
    ASSERT_FALSE(bench.timing.is_quick());
    if (by_loss) {
      bench.timing.on_loss();
    } else {
      bench.now += seconds(2);
    }
    bench.arrive(10);
    EXPECT_TRUE(bench.ack());
  }
}

TEST(AckTiming, LeavesTheAckToAnAnswer) {
  TimingBench bench;
  bench.arrive(10);
  bench.timing.on_ack_sent(true, bench.now + milliseconds(1));
  EXPECT_FALSE(bench.timing.is_quick()) << "the program answers at once: no ACK of its own needed";
  bench.arrive(10);
  EXPECT_FALSE(bench.timing.owes_now());
  bench.now += seconds(2);
  bench.arrive(10);
  EXPECT_FALSE(bench.timing.is_quick()) << "a dialogue has pauses";
}

TEST(AckTiming, DoesNotTakeLateTextForAnAnswer) {
  TimingBench bench;
  bench.arrive(10);
  bench.timing.on_ack_sent(true, bench.now + milliseconds(100));
  EXPECT_TRUE(bench.timing.is_quick());
}

TEST(AckTiming, IsQuickWhileTheProgramWantsIt) {
  TimingBench bench;
  bench.end_quick_phase();
  bench.arrive(10);
  EXPECT_FALSE(bench.timing.owes_now());
  bench.timing.set_quick(true);
  EXPECT_TRUE(bench.ack()) << "what waited goes";
  bench.arrive(10);
  EXPECT_TRUE(bench.ack());
  bench.timing.set_quick(false);
  bench.arrive(10);
  EXPECT_FALSE(bench.ack());
}

TEST(AckTiming, LearnsTheSizeOfAFullSegmentUpAndDown) {
  TimingBench bench;
  EXPECT_EQ(bench.timing.segment_size(), 536);
  bench.arrive(1448);
  EXPECT_EQ(bench.timing.segment_size(), 1448);
  bench.arrive(700, 1, true);
  EXPECT_EQ(bench.timing.segment_size(), 1448) << "a pushed segment may be short";
  bench.arrive(1200, 1, false);
  EXPECT_EQ(bench.timing.segment_size(), 1200) << "the sender had more, and cut there";
  bench.arrive(20, 1, false);
  EXPECT_EQ(bench.timing.segment_size(), 536);
  bench.arrive(1000000, 2);
  EXPECT_EQ(bench.timing.segment_size(), 65535);
  bench.arrive(3000, 3);
  EXPECT_EQ(bench.timing.segment_size(), 65535);
}

TEST(AckTiming, NeverWaitsWithoutADelay) {
  TimingBench bench;
  bench.end_quick_phase();
  bench.delay_max = Duration::zero();
  bench.arrive(1);
  EXPECT_TRUE(bench.ack());
}

}  // namespace
}  // namespace strata::tcp::ack_timing_test
