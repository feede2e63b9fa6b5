// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/reno.h"

#include <gtest/gtest.h>

#include "tcp/congestion/congestion_testing.h"
#include "tcp/congestion/registry.h"

namespace strata::tcp::congestion::reno_test {
namespace {

using std::chrono::milliseconds;

StartEvent start_in_avoidance(std::uint32_t segments) {
  StartEvent start = Feeder::usual_start();
  start.initial_window = segments * kMss;
  start.ssthresh = segments * kMss;
  return start;
}

// RFC 5681 3.1 SHOULD: the initial ssthresh is arbitrarily high.
TEST(Reno, BeginsInSlowStart) {
  Feeder feeder(kReno);
  EXPECT_EQ(feeder->name(), "reno");
  EXPECT_EQ(feeder->cwnd(), 10 * kMss);
  EXPECT_EQ(feeder->ssthresh(), kNoThreshold);
  EXPECT_EQ(feeder->pacing_rate(), 0U);
  EXPECT_FALSE(feeder->owns_recovery());
}

TEST(Reno, SlowStartDoublesEachRoundTrip) {
  Feeder feeder(kReno);
  for (std::uint32_t segments = 20; segments <= 320; segments *= 2) {
    feeder.round();
    EXPECT_EQ(feeder->cwnd(), segments * kMss);
  }
}

// RFC 3465 2.2 SHOULD: slow start counts bytes, so that many small ACKs gain nothing.
TEST(Reno, DividedAcksGainNothing) {
  Feeder feeder(kReno);
  for (std::uint32_t i = 0; i < 1000; ++i) feeder.ack(10);
  EXPECT_EQ(feeder->cwnd(), 20 * kMss);
}

// RFC 9406 4.3 SHOULD: without pacing an ACK grows slow start by L = 8 segments at most.
TEST(Reno, AStretchedAckGrowsByEightSegmentsUnlessPaced) {
  Feeder feeder(kReno);
  feeder.ack(10 * kMss);
  EXPECT_EQ(feeder->cwnd(), 18 * kMss);
  feeder.is_paced = true;
  feeder.ack(10 * kMss);
  EXPECT_EQ(feeder->cwnd(), 28 * kMss);
}

// RFC 5681 3.1 MUST: congestion avoidance adds no more than a segment each round trip.
TEST(Reno, AvoidanceAddsASegmentEachRoundTrip) {
  Feeder feeder(kReno, start_in_avoidance(20));
  for (std::uint32_t segments = 21; segments < 40; ++segments) {
    feeder.round();
    EXPECT_EQ(feeder->cwnd(), segments * kMss);
  }
}

// RFC 3465 2.1 SHOULD: congestion avoidance counts bytes, so that stretched ACKs lose nothing.
TEST(Reno, StretchedAcksLoseNothingInAvoidance) {
  Feeder stretched(kReno, start_in_avoidance(20));
  for (int i = 0; i < 40; ++i) stretched.ack(10 * kMss);
  Feeder single(kReno, start_in_avoidance(20));
  for (int i = 0; i < 400; ++i) single.ack(kMss);
  EXPECT_EQ(stretched->cwnd(), single->cwnd());
  EXPECT_GT(single->cwnd(), 30 * kMss);
}

TEST(Reno, AnAckOfManyWindowsAddsOneSegment) {
  Feeder feeder(kReno, start_in_avoidance(20));
  feeder.ack(500 * kMss);
  EXPECT_EQ(feeder->cwnd(), 21 * kMss);
}

TEST(Reno, SlowStartStopsAtTheThreshold) {
  StartEvent start = Feeder::usual_start();
  start.ssthresh = 12 * kMss + 300;
  Feeder feeder(kReno, start);
  feeder.ack(kMss);
  feeder.ack(kMss);
  feeder.ack(kMss);
  EXPECT_EQ(feeder->cwnd(), 12 * kMss + 300);
}

// RFC 5681 3.1 MUST: after a loss ssthresh is max(FlightSize / 2, 2 * SMSS) at most.
TEST(Reno, ALossHalvesTheFlight) {
  struct Case {
    std::uint32_t cwnd;
    std::uint32_t flight_size;
    std::uint32_t ssthresh;
  };
  for (const auto& [cwnd, flight_size, ssthresh] :
       {Case{40, 40, 20}, Case{40, 30, 15},  // not all was in use
        Case{40, 42, 20},                    // limited transmit does not count
        Case{3, 3, 2}, Case{1, 1, 2}}) {
    Feeder feeder(kReno, start_in_avoidance(cwnd));
    feeder->on_congestion({.now = feeder.now(), .flight_size = flight_size * kMss});
    EXPECT_EQ(feeder->ssthresh(), ssthresh * kMss);
    EXPECT_EQ(feeder->cwnd(), cwnd * kMss) << "recovery moves the window";
  }
}

// RFC 7661 4.4 MUST: a window that the application does not use does not grow.
TEST(Reno, AnUnusedWindowDoesNotGrow) {
  Feeder slow_start(kReno);
  slow_start.is_cwnd_limited = false;
  slow_start.round();
  EXPECT_EQ(slow_start->cwnd(), 10 * kMss);
  Feeder avoidance(kReno, start_in_avoidance(20));
  avoidance.is_cwnd_limited = false;
  for (int i = 0; i < 10; ++i) avoidance.round();
  EXPECT_EQ(avoidance->cwnd(), 20 * kMss);
}

TEST(Reno, HyStartEndsTheFirstSlowStartBeforeALoss) {
  Feeder feeder(kReno);
  feeder.round();
  feeder.rtt = milliseconds(130);  // a queue builds
  int rounds = 0;
  while (feeder->is_slow_start() && rounds < 20) {
    feeder.round();
    ++rounds;
  }
  EXPECT_EQ(rounds, 6);
  EXPECT_GE(feeder->cwnd(), feeder->ssthresh());
  EXPECT_LE(feeder->cwnd(), feeder->ssthresh() + kMss) << "and grows by a segment a round trip";
}

}  // namespace
}  // namespace strata::tcp::congestion::reno_test
