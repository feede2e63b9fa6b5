// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tcp/congestion/bbr_testing.h"

namespace strata::tcp::congestion::bbr_loss_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Ratio kNoLoss{0, 1};

// So wide that Startup does not find its end, with every tenth packet lost.
Link wide_and_lossy() {
  return {.rate = 100 * kPathRate, .buffer = 200 * kPathBdp, .loss = {1, 10}};
}

TEST(BbrLoss, SustainedLossEndsStartup) {
  BbrPath path(wide_and_lossy());
  ASSERT_TRUE(path.reach(BbrState::kDrain, milliseconds(500)));
  EXPECT_LT(path.machine().max_bw(), 50 * kPathRate) << "not by filling the pipe";
  EXPECT_GE(path.machine().inflight_longterm(), bytes_in(path.machine().bw(), kPathRtt) * 9 / 10);
  EXPECT_LE(path.machine().inflight_longterm(), bytes_in(path.machine().bw(), kPathRtt) * 2);
}

TEST(BbrLoss, AFewLossesDoNotEndStartup) {
  Link link = wide_and_lossy();
  link.loss = {1, 1000};
  BbrPath path(link);
  path.run(milliseconds(330));
  EXPECT_EQ(path.state(), BbrState::kStartup);
}

TEST(BbrLoss, RandomLossBelowTheThresholdLeavesTheLongTermBoundHigh) {
  Link link = usual_link();
  link.loss = {1, 1000};
  BbrPath path(link);
  path.run(seconds(20));
  EXPECT_GE(path.machine().inflight_longterm(), kPathBdp);
}

TEST(BbrLoss, LossWhileCruisingLowersTheShortTermBoundsOnly) {
  BbrPath path;
  ASSERT_TRUE(path.reach(BbrState::kProbeBwCruise, seconds(2)));
  EXPECT_EQ(path.machine().bw_shortterm(), BbrMachine::kRateUnbounded);
  path.model.set_loss({1, 20});
  ASSERT_TRUE(
      path.reach([&] { return path.machine().bw_shortterm() < path.machine().max_bw() * 97 / 100; },
                 milliseconds(400)));
  EXPECT_EQ(path.state(), BbrState::kProbeBwCruise);
  EXPECT_LT(path.machine().inflight_shortterm(), 2 * kPathBdp);
  EXPECT_EQ(path.machine().inflight_longterm(), BbrMachine::kVolumeUnbounded);
  EXPECT_EQ(path.machine().bw(), path.machine().bw_shortterm());
  // The next probe forgets them.
  path.model.set_loss(kNoLoss);
  ASSERT_TRUE(path.reach(BbrState::kProbeBwRefill, seconds(4)));
  EXPECT_EQ(path.machine().bw_shortterm(), BbrMachine::kRateUnbounded);
  EXPECT_EQ(path.machine().inflight_shortterm(), BbrMachine::kVolumeUnbounded);
  EXPECT_EQ(path.machine().bw(), path.machine().max_bw());
}

TEST(BbrLoss, OneRoundTakesThreeTenthsAtMost) {
  BbrPath path;
  ASSERT_TRUE(path.reach(BbrState::kProbeBwCruise, seconds(2)));
  path.model.set_loss({9, 10});
  std::uint64_t before = path.machine().max_bw();
  for (int i = 0; i < 300; ++i) {
    path.run(milliseconds(1));
    if (path.state() != BbrState::kProbeBwCruise) break;
    EXPECT_GE(path.machine().bw(), before * 69 / 100);
    before = path.machine().bw();
  }
  EXPECT_LT(before, kPathRate * 8 / 10);
}

TEST(BbrLoss, TooMuchLossEndsAProbeAndSetsTheLongTermBound) {
  BbrPath path;
  ASSERT_TRUE(path.reach(BbrState::kProbeBwUp, seconds(6)));
  path.model.set_loss({1, 10});
  ASSERT_TRUE(path.reach(BbrState::kProbeBwDown, milliseconds(150)));
  path.model.set_loss(kNoLoss);
  EXPECT_NE(path.machine().inflight_longterm(), BbrMachine::kVolumeUnbounded);
  EXPECT_GE(path.machine().inflight_longterm(), kPathBdp * 7 / 10);
  EXPECT_LE(path.machine().inflight_longterm(), kPathBdp * 3);
}

TEST(BbrLoss, LeavesHeadroomBelowTheLongTermBoundWhileCruising) {
  Link link = usual_link();
  link.buffer = 60'000;
  BbrPath path(link);
  path.run(seconds(4));
  ASSERT_TRUE(path.reach(BbrState::kProbeBwCruise, seconds(4)));
  path.run(milliseconds(50));
  ASSERT_NE(path.machine().inflight_longterm(), BbrMachine::kVolumeUnbounded);
  EXPECT_LE(path.machine().cwnd(), path.machine().inflight_longterm() * 86 / 100);
}

TEST(BbrLoss, ASpuriousLossInAProbeResumesTheProbe) {
  BbrPath path;
  ASSERT_TRUE(path.reach(BbrState::kProbeBwUp, seconds(6)));
  path.model.set_loss({1, 10});
  ASSERT_TRUE(path.reach(BbrState::kProbeBwDown, milliseconds(150)));
  path.model.set_loss(kNoLoss);
  const std::uint32_t cwnd = path.machine().cwnd();
  path.model.control(0).on_undo(path.model.now());
  EXPECT_EQ(path.state(), BbrState::kProbeBwRefill);
  EXPECT_EQ(path.machine().inflight_longterm(), BbrMachine::kVolumeUnbounded);
  EXPECT_GE(path.machine().cwnd(), cwnd);
}

TEST(BbrLoss, AnUndoneTimeoutGivesTheWindowBack) {
  BbrPath path;
  ASSERT_TRUE(path.reach(BbrState::kProbeBwCruise, seconds(2)));
  CongestionControl& control = path.model.control(0);
  const std::uint32_t cwnd = control.cwnd();
  control.on_rto({.now = path.model.now(), .flight_size = cwnd});
  EXPECT_EQ(control.cwnd(), LinkModel::kMss);
  control.on_undo(path.model.now());
  EXPECT_EQ(control.cwnd(), cwnd);
}

TEST(BbrLoss, TheEndOfRecoveryGivesTheWindowBack) {
  BbrPath path;
  ASSERT_TRUE(path.reach(BbrState::kProbeBwCruise, seconds(2)));
  CongestionControl& control = path.model.control(0);
  const std::uint32_t cwnd = control.cwnd();
  control.on_rto({.now = path.model.now(), .flight_size = cwnd, .in_flight = 3 * LinkModel::kMss});
  EXPECT_EQ(control.cwnd(), 4 * LinkModel::kMss) << "one segment more";
  control.on_recovery_exit(path.model.now());
  EXPECT_EQ(control.cwnd(), cwnd);
}

// RFC 3168 5 MUST: a mark is answered as congestion.
TEST(BbrLoss, MarksLowerTheShortTermBounds) {
  Link link = usual_link();
  link.mark_above = kPathBdp / 8;
  BbrPath path(link);
  path.run(seconds(4));
  path.model.reset_figures();
  path.run(seconds(10));
  EXPECT_LT(path.model.mean_queue(), kPathBdp / 4);
  EXPECT_GT(path.model.utilisation(), 0.85);
  EXPECT_NE(path.machine().inflight_longterm(), BbrMachine::kVolumeUnbounded);
}

// Without SACK one loss in recovery is all that can be seen, and enough.
BbrMachine startup_ended_by_loss() {
  StartEvent start{.mss = 1000, .initial_window = 10'000, .srtt = milliseconds(40)};
  start.has_sack = false;
  BbrMachine machine(start);
  machine.on_loss({.bytes = 1000, .tx_in_flight = 10'000, .lost = 1000});
  machine.on_congestion({.flight_size = 10'000, .in_flight = 9000});
  AckEvent ack{.bytes_acked = 1000, .in_flight = 8000};
  ack.sample.has_data = true;
  ack.sample.rate = 100'000;
  ack.sample.delivered_total = 1000;
  ack.sample.newly_delivered = 1000;
  ack.sample.newly_lost = 1000;
  ack.sample.lost = 1000;
  ack.sample.tx_in_flight = 10'000;
  machine.on_ack(ack);
  return machine;
}

TEST(BbrLoss, WithoutSackALossInRecoveryEndsStartup) {
  const BbrMachine machine = startup_ended_by_loss();
  EXPECT_NE(machine.state(), BbrState::kStartup);
  EXPECT_TRUE(machine.full_bw_reached());
  EXPECT_NE(machine.inflight_longterm(), BbrMachine::kVolumeUnbounded);
}

TEST(BbrLoss, ASpuriousLossInStartupReturnsToStartup) {
  BbrMachine machine = startup_ended_by_loss();
  machine.on_undo(Time{});
  EXPECT_EQ(machine.state(), BbrState::kStartup);
  EXPECT_FALSE(machine.full_bw_reached());
  EXPECT_EQ(machine.inflight_longterm(), BbrMachine::kVolumeUnbounded);
}

}  // namespace
}  // namespace strata::tcp::congestion::bbr_loss_test
