// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/window_based.h"

#include <gtest/gtest.h>

#include <array>

#include "strata/rng.h"
#include "tcp/congestion/congestion_testing.h"
#include "tcp/congestion/registry.h"

namespace strata::tcp::congestion::window_based_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class WindowBasedTest : public ::testing::TestWithParam<const Algorithm*> {
 protected:
  static StartEvent start(std::uint32_t segments) {
    StartEvent event = Feeder::usual_start();
    event.initial_window = segments * kMss;
    event.ssthresh = segments * kMss;
    return event;
  }
};

INSTANTIATE_TEST_SUITE_P(Algorithms, WindowBasedTest, ::testing::Values(&kReno, &kCubic, &kDctcp),
                         [](const auto& row) { return std::string(row.param->name); });

TEST_P(WindowBasedTest, RecoveryMovesTheWindowAndEndsAtTheThreshold) {
  Feeder feeder(*GetParam(), start(100));
  feeder.congestion();
  EXPECT_EQ(feeder->cwnd(), 100 * kMss);
  feeder.ack(kMss);
  EXPECT_EQ(feeder->cwnd(), 100 * kMss) << "the control leaves it alone";
  feeder->set_cwnd(80 * kMss);
  feeder.ack(kMss);
  EXPECT_EQ(feeder->cwnd(), 80 * kMss);
  feeder.recovered();
  EXPECT_EQ(feeder->cwnd(), feeder->ssthresh());
}

// RFC 5681 3.1 MUST: after a timeout cwnd is no more than the loss window of one segment.
TEST_P(WindowBasedTest, ATimeoutLeavesOneSegment) {
  Feeder feeder(*GetParam(), start(100));
  feeder.timeout();
  EXPECT_EQ(feeder->cwnd(), kMss);
  EXPECT_LE(feeder->ssthresh(), 70 * kMss);
  EXPECT_GE(feeder->ssthresh(), 50 * kMss);
}

// RFC 5681 3.1 MUST: a segment that times out again leaves ssthresh as it is.
TEST_P(WindowBasedTest, ABackOffDoesNotLowerTheThresholdAgain) {
  Feeder feeder(*GetParam(), start(100));
  feeder.timeout();
  const std::uint32_t ssthresh = feeder->ssthresh();
  for (int i = 0; i < 5; ++i) feeder.timeout(false);
  EXPECT_EQ(feeder->ssthresh(), ssthresh);
  EXPECT_EQ(feeder->cwnd(), kMss);
}

// RFC 3465 2.3 SHOULD: slow start after a timeout grows by one segment an ACK.
TEST_P(WindowBasedTest, RepairOfATimeoutGrowsByOneSegmentAnAck) {
  Feeder feeder(*GetParam(), start(100));
  feeder.timeout();
  feeder.ack(60 * kMss);
  EXPECT_EQ(feeder->cwnd(), 2 * kMss);
  feeder.recovered();
  EXPECT_EQ(feeder->cwnd(), 2 * kMss) << "a timeout's end is no reason to jump";
  feeder.ack(2 * kMss);
  EXPECT_EQ(feeder->cwnd(), 4 * kMss);
}

TEST_P(WindowBasedTest, ASpuriousReductionIsUndone) {
  Feeder feeder(*GetParam(), start(100));
  for (int i = 0; i < 3; ++i) feeder.round();
  const std::uint32_t cwnd = feeder->cwnd();
  const std::uint32_t ssthresh = feeder->ssthresh();
  feeder.congestion();
  feeder->set_cwnd(30 * kMss);
  feeder.undo();
  EXPECT_EQ(feeder->cwnd(), cwnd);
  EXPECT_EQ(feeder->ssthresh(), ssthresh);
  feeder.timeout();
  feeder.ack(kMss);
  feeder.undo();
  EXPECT_EQ(feeder->cwnd(), cwnd);
  EXPECT_EQ(feeder->ssthresh(), ssthresh);
  feeder.recovered();
  EXPECT_EQ(feeder->cwnd(), cwnd) << "there is nothing left to end";
}

TEST_P(WindowBasedTest, OneReductionIsUndoneOnce) {
  Feeder feeder(*GetParam(), start(100));
  feeder.lose();
  const std::uint32_t once = feeder->cwnd();
  feeder.lose();
  feeder.undo();
  EXPECT_EQ(feeder->cwnd(), once);
  feeder.undo();
  EXPECT_EQ(feeder->cwnd(), once);
}

TEST_P(WindowBasedTest, AnUndoneFirstSlowStartIsAFirstSlowStartAgain) {
  Feeder feeder(*GetParam());
  feeder.round();
  feeder.congestion();
  feeder.undo();
  EXPECT_EQ(feeder->ssthresh(), kNoThreshold);
  const std::uint32_t cwnd = feeder->cwnd();
  feeder.round();
  EXPECT_EQ(feeder->cwnd(), 2 * cwnd);
}

// RFC 5681 4.1 SHOULD: after an idle time longer than the RTO cwnd is at most the restart window.
TEST_P(WindowBasedTest, IdlenessEndsInTheRestartWindow) {
  Feeder feeder(*GetParam(), start(100));
  feeder.idle(milliseconds(299));
  EXPECT_EQ(feeder->cwnd(), 100 * kMss);
  feeder.idle(milliseconds(301));
  EXPECT_EQ(feeder->cwnd(), 10 * kMss);
  EXPECT_EQ(feeder->ssthresh(), 100 * kMss) << "which slow start finds again";
  Feeder small(*GetParam(), start(4));
  small.idle(seconds(2));
  EXPECT_EQ(small->cwnd(), 4 * kMss);
}

// RFC 7661 4.4 MAY: a sender that does not burst uses its window again after idleness.
TEST_P(WindowBasedTest, APacedSenderKeepsItsWindow) {
  Feeder feeder(*GetParam(), start(100));
  feeder.idle(seconds(2), true);
  EXPECT_EQ(feeder->cwnd(), 100 * kMss);
}

// RFC 7661 4.4.3 MUST: five minutes without use halve the window and keep three quarters in mind.
TEST_P(WindowBasedTest, AWindowNotUsedForLongIsHalved) {
  Feeder feeder(*GetParam(), start(100));
  feeder.lose();
  const std::uint32_t cwnd = feeder->cwnd();
  feeder->on_window_unused(feeder.now(), 10 * kMss);
  EXPECT_EQ(feeder->cwnd(), cwnd / 2);
  EXPECT_GE(feeder->ssthresh(), cwnd * 3 / 4);
  for (int i = 0; i < 10; ++i) feeder->on_window_unused(feeder.now(), 10 * kMss);
  EXPECT_EQ(feeder->cwnd(), 10 * kMss);
}

TEST_P(WindowBasedTest, ALargerSegmentRaisesTheFloor) {
  Feeder feeder(*GetParam(), start(100));
  feeder.timeout();
  feeder->on_mss_change(9000);
  EXPECT_EQ(feeder->cwnd(), 9000U);
  EXPECT_GE(feeder->ssthresh(), 18'000U);
}

// Whatever happens in whatever order: never below a segment, no threshold below two, no growth
// that was not acknowledged.
TEST_P(WindowBasedTest, KeepsItsBoundsUnderAnyEvents) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Rng rng(seed);
    Feeder feeder(*GetParam());
    bool is_reducing = false;
    for (int i = 0; i < 3000; ++i) {
      feeder.wait(milliseconds(rng.below(200)));
      feeder.is_cwnd_limited = rng.chance({3, 4});
      const std::uint32_t before = feeder->cwnd();
      const auto bytes = static_cast<std::uint32_t>(rng.between(1, before));
      switch (rng.below(40)) {
        case 0:
          if (is_reducing) break;
          feeder.congestion(rng.chance({1, 2}) ? CongestionCause::kEcn : CongestionCause::kLoss);
          ASSERT_LE(feeder->ssthresh(), std::max(before, 2 * kMss));
          is_reducing = true;
          break;
        case 1:
          feeder.timeout(rng.chance({1, 2}));
          is_reducing = false;
          break;
        case 2:
          feeder.undo();
          is_reducing = false;
          break;
        case 3:
          feeder.recovered();
          is_reducing = false;
          break;
        case 4: feeder.idle(milliseconds(rng.below(5000)), rng.chance({1, 2})); break;
        case 5: feeder->on_window_unused(feeder.now(), 10 * kMss); break;
        case 6:
          if (is_reducing) feeder->set_cwnd(std::max(before - bytes, kMss));
          break;
        default:
          feeder.ce_bytes = rng.chance({1, 5}) ? bytes : 0;
          feeder.ack(bytes, rng.chance({1, 10}));
          ASSERT_GE(feeder->cwnd(), before);
          ASSERT_LE(feeder->cwnd(), std::uint64_t{before} + std::max(bytes, kMss));
          break;
      }
      ASSERT_GE(feeder->cwnd(), kMss) << "seed " << seed << " step " << i;
      ASSERT_GE(feeder->ssthresh(), 2 * kMss) << "seed " << seed << " step " << i;
    }
  }
}

}  // namespace
}  // namespace strata::tcp::congestion::window_based_test
