// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/cubic.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tcp/congestion/congestion_testing.h"
#include "tcp/congestion/registry.h"

namespace strata::tcp::congestion::cubic_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

StartEvent cubic_start(std::uint32_t segments) {
  StartEvent event = Feeder::usual_start();
  event.initial_window = segments * kMss;
  event.ssthresh = segments * kMss;
  return event;
}

double segments(Feeder& feeder) { return feeder->cwnd() / double{kMss}; }

// W_cubic of RFC 9438 4.2 in segments, t in seconds.
double curve(double w_max, double start_segments, double t) {
  const double k = std::cbrt((w_max - start_segments) / 0.4);
  return 0.4 * std::pow(t - k, 3) + w_max;
}

// RFC 9438 4.6 MUST: congestion leaves beta_cubic = 0.7 of the window in use.
TEST(Cubic, CongestionLeavesSevenTenths) {
  Feeder feeder(kCubic, cubic_start(1000));
  EXPECT_EQ(feeder->name(), "cubic");
  feeder.congestion();
  EXPECT_EQ(feeder->ssthresh(), 700 * kMss);
  Feeder small(kCubic, cubic_start(2));
  small.congestion();
  EXPECT_EQ(small->ssthresh(), 2 * kMss);
}

// RFC 9438 4.2 MUST: after a reduction the window follows C (t - K)^3 + W_max.
TEST(Cubic, TheWindowFollowsTheCurve) {
  Feeder feeder(kCubic, cubic_start(1000));
  feeder.lose();
  const Time begun = feeder.now();
  for (int i = 0; i < 150; ++i) {
    feeder.round();
    const double t = std::chrono::duration<double>(feeder.now() - begun).count();
    // The window lags the curve by up to a round trip, towards where it will be in one.
    EXPECT_GE(segments(feeder), curve(1000, 700, t - 0.1) - 2) << t;
    EXPECT_LE(segments(feeder), curve(1000, 700, t + 0.1) + 2) << t;
  }
}

// RFC 9438 4.2 MUST: K is the cube root of (W_max - cwnd_epoch) / C; there the window is at W_max.
TEST(Cubic, ReachesThePlateauAfterK) {
  for (const std::uint32_t w_max : {200U, 1000U, 4000U}) {
    Feeder feeder(kCubic, cubic_start(w_max));
    feeder.lose();
    const double k = std::cbrt(w_max * 0.3 / 0.4);
    const Time plateau = feeder.now() + milliseconds(static_cast<int>(k * 1000));
    while (feeder.now() < plateau) feeder.round();
    EXPECT_NEAR(segments(feeder), w_max, 1 + w_max / 500.0);
  }
}

// RFC 9438 4.7 SHOULD: a flow cut below its last W_max takes (1 + beta_cubic) / 2 as the new one.
TEST(Cubic, FastConvergenceLowersThePlateau) {
  Feeder feeder(kCubic, cubic_start(1000));
  feeder.lose();  // W_max 1000, cwnd 700
  feeder.lose();  // 700 < 1000: W_max 595, cwnd 490
  ASSERT_EQ(feeder->cwnd(), 490 * kMss);
  const Time plateau = feeder.now() + milliseconds(static_cast<int>(std::cbrt(105 / 0.4) * 1000));
  while (feeder.now() < plateau) feeder.round();
  EXPECT_NEAR(segments(feeder), 595, 3);
}

// RFC 9438 4.4 MUST: in one round trip the window grows by half at most.
TEST(Cubic, GrowsByHalfEachRoundTripAtMost) {
  Feeder feeder(kCubic, cubic_start(1000));
  feeder.lose();
  feeder.wait(seconds(60));  // far into the convex part
  for (int i = 0; i < 6; ++i) {
    const double before = segments(feeder);
    feeder.round();
    EXPECT_LE(segments(feeder), before * 1.5 * 1.17);  // each ACK is of the window it finds
    EXPECT_GT(segments(feeder), before * 1.4);
  }
}

// RFC 9438 4.3 MUST: where the curve is below Reno's window, the window is Reno's.
TEST(Cubic, IsNeverSlowerThanReno) {
  for (const std::uint32_t w_max : {10U, 30U, 60U}) {
    StartEvent event = cubic_start(w_max);
    Feeder feeder(kCubic, event);
    feeder.rtt = milliseconds(10);
    feeder.lose();
    double w_est = segments(feeder);
    for (int i = 0; i < 100; ++i) {
      w_est += w_est < w_max ? 9.0 / 17 : 1;
      feeder.round();
      // Part of a segment is not sent, and so not acknowledged.
      EXPECT_NEAR(segments(feeder), w_est, 1 + w_est / 12) << w_max << " round " << i;
    }
  }
}

// RFC 9438 4.8 MUST: after a timeout K is 0 and W_max where congestion avoidance begins.
TEST(Cubic, ATimeoutIsFollowedByThePlateau) {
  Feeder feeder(kCubic, cubic_start(100));
  feeder.lose();
  feeder.timeout();
  EXPECT_EQ(feeder->cwnd(), kMss);
  EXPECT_EQ(feeder->ssthresh(), 49 * kMss);
  feeder.recovered();
  while (feeder->is_slow_start()) feeder.round();
  const Time begun = feeder.now();
  for (int i = 0; i < 30; ++i) feeder.round();
  const double t = std::chrono::duration<double>(feeder.now() - begun).count();
  EXPECT_GE(segments(feeder), 49 + 0.4 * std::pow(t - 0.1, 3) - 1);
  EXPECT_LE(segments(feeder), std::max(49 + 0.4 * std::pow(t + 0.1, 3), 49.0 + 30) + 1);
}

// RFC 9438 4.10 SHOULD: slow start is left by HyStart++ when the round-trip time rises.
TEST(Cubic, HyStartEndsTheFirstSlowStart) {
  Feeder feeder(kCubic);
  feeder.round();
  feeder.rtt = milliseconds(130);
  int rounds = 0;
  while (feeder->is_slow_start() && rounds < 20) {
    feeder.round();
    ++rounds;
  }
  EXPECT_EQ(rounds, 6);
  EXPECT_NEAR(segments(feeder), feeder->ssthresh() / double{kMss}, 1.1);
}

// RFC 9438 4.9.1 MAY: after a spurious reduction everything is as before, the curve included.
TEST(Cubic, ASpuriousLossLeavesTheCurveWhereItWas) {
  for (const bool by_timeout : {false, true}) {
    Feeder undone(kCubic, cubic_start(1000));
    Feeder never(kCubic, cubic_start(1000));
    undone.lose();
    never.lose();
    for (int i = 0; i < 20; ++i) {
      undone.round();
      never.round();
    }
    const std::uint32_t cwnd = undone->cwnd();
    by_timeout ? undone.timeout() : undone.congestion();
    undone->set_cwnd(cwnd / 2);
    undone.undo();
    ASSERT_EQ(undone->cwnd(), cwnd);
    for (int i = 0; i < 60; ++i) {
      undone.round();
      never.round();
      EXPECT_EQ(undone->cwnd(), never->cwnd());
    }
    undone.lose();
    never.lose();
    undone.round();
    never.round();
    EXPECT_EQ(undone->cwnd(), never->cwnd()) << "cwnd_prior and W_max as well";
  }
}

// RFC 9438 5.8 SHOULD: time in which the application did not fill the window does not count.
TEST(Cubic, UnusedTimeDoesNotCount) {
  Feeder pausing(kCubic, cubic_start(1000));
  Feeder steady(kCubic, cubic_start(1000));
  pausing.lose();
  steady.lose();
  for (int i = 0; i < 20; ++i) {
    pausing.round();
    steady.round();
  }
  const std::uint32_t cwnd = pausing->cwnd();
  pausing.is_cwnd_limited = false;
  for (int i = 0; i < 100; ++i) pausing.round();
  EXPECT_EQ(pausing->cwnd(), cwnd);
  pausing.is_cwnd_limited = true;
  for (int i = 0; i < 20; ++i) {
    pausing.round();
    steady.round();
    EXPECT_NEAR(segments(pausing), segments(steady), 5);
  }
}

TEST(Cubic, IdleTimeDoesNotCount) {
  Feeder idle(kCubic, cubic_start(1000));
  Feeder steady(kCubic, cubic_start(1000));
  idle.lose();
  steady.lose();
  for (int i = 0; i < 20; ++i) {
    idle.round();
    steady.round();
  }
  idle.idle(seconds(30), true);
  for (int i = 0; i < 20; ++i) {
    idle.round();
    steady.round();
    EXPECT_NEAR(segments(idle), segments(steady), 5);
  }
}

TEST(Cubic, GoesOnPastTheWrapOfItsClock) {
  // 2^32 ms after the epoch of the time line.
  StartEvent event = cubic_start(1000);
  event.now = Time{milliseconds((std::int64_t{1} << 32) - 2000)};
  Feeder wrapping(kCubic, event);
  Feeder plain(kCubic, cubic_start(1000));
  wrapping.lose();
  plain.lose();
  for (int i = 0; i < 100; ++i) {
    wrapping.round();
    plain.round();
    EXPECT_NEAR(segments(wrapping), segments(plain), 0.1);
  }
}

TEST(Cubic, HoldsItsCurveAtTheEndsOfTheRange) {
  struct Case {
    std::uint32_t mss;
    std::uint32_t cwnd;
  };
  for (const auto& [mss, cwnd] :
       {Case{1, 10}, Case{65'495, 1U << 30U}, Case{536, 1U << 30U}, Case{1, 1U << 30U}}) {
    StartEvent event = Feeder::usual_start();
    event.mss = mss;
    event.initial_window = event.ssthresh = cwnd;
    Feeder feeder(kCubic, event);
    feeder.lose();
    std::uint32_t before = feeder->cwnd();
    for (int i = 0; i < 2000; ++i) {
      feeder.wait(seconds(1));
      feeder.ack(before);
      ASSERT_GE(feeder->cwnd(), before);
      ASSERT_LE(feeder->cwnd(), before + before / 2 + mss);
      before = feeder->cwnd();
    }
    EXPECT_GT(before, cwnd);
  }
}

}  // namespace
}  // namespace strata::tcp::congestion::cubic_test
