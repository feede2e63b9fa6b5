// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tcp/congestion/bbr_testing.h"

namespace strata::tcp::congestion::bbr_cycle_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

double pacing_gain(BbrPath& path) {
  return static_cast<double>(path.machine().pacing_rate()) /
         (0.99 * static_cast<double>(path.machine().bw()));
}

TEST(BbrCycle, StartupEndsWhenTheBandwidthStopsGrowing) {
  BbrPath path;
  EXPECT_EQ(path.state(), BbrState::kStartup);
  ASSERT_TRUE(path.reach(BbrState::kDrain, seconds(2)));
  EXPECT_TRUE(path.machine().full_bw_reached());
  EXPECT_NEAR(static_cast<double>(path.machine().max_bw()), kPathRate, kPathRate * 0.02);
  EXPECT_NEAR(pacing_gain(path), 0.5, 0.01);
}

TEST(BbrCycle, DrainEndsWhenTheQueueIsGone) {
  BbrPath path;
  ASSERT_TRUE(path.reach(BbrState::kDrain, seconds(2)));
  ASSERT_TRUE(
      path.reach([&] { return path.state() >= BbrState::kProbeBwDown; }, milliseconds(200)));
  path.model.reset_figures();
  path.run(milliseconds(20));
  EXPECT_LT(path.model.mean_queue(), kPathBdp / 4);
}

TEST(BbrCycle, DrainEndsAfterThreeRoundsInAnyCase) {
  BbrPath path;
  ASSERT_TRUE(path.reach(BbrState::kDrain, seconds(2)));
  path.model.set_rate(kPathRate / 4);  // the queue does not drain as expected
  EXPECT_FALSE(path.reach(BbrState::kProbeBwDown, milliseconds(100)));
  EXPECT_TRUE(path.reach(BbrState::kProbeBwDown, milliseconds(900)));
}

TEST(BbrCycle, GoesRoundInOrder) {
  BbrPath path;
  ASSERT_TRUE(path.reach(BbrState::kProbeBwCruise, seconds(2)));
  for (int i = 0; i < 3; ++i) {
    // A ProbeRTT in between begins the wait anew.
    ASSERT_TRUE(path.reach(BbrState::kProbeBwRefill, seconds(8)));
    EXPECT_NEAR(pacing_gain(path), 1.0, 0.01);
    ASSERT_TRUE(path.reach(BbrState::kProbeBwUp, milliseconds(100)));
    EXPECT_NEAR(pacing_gain(path), 1.25, 0.01);
    ASSERT_TRUE(path.reach(BbrState::kProbeBwDown, milliseconds(500)));
    EXPECT_NEAR(pacing_gain(path), 0.9, 0.01);
    ASSERT_TRUE(path.reach(BbrState::kProbeBwCruise, milliseconds(500)));
    EXPECT_NEAR(pacing_gain(path), 1.0, 0.01);
  }
}

TEST(BbrCycle, ProbesAfterTwoToThreeSecondsDrawnByLot) {
  Duration shortest = Duration::max();
  Duration longest = Duration::zero();
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    BbrPath path(usual_link(seed));
    ASSERT_TRUE(path.reach(BbrState::kProbeBwCruise, seconds(2)));
    const Time begun = path.model.now();
    ASSERT_TRUE(path.reach(BbrState::kProbeBwRefill, seconds(4)));
    shortest = std::min(shortest, path.model.now() - begun);
    longest = std::max(longest, path.model.now() - begun);
  }
  EXPECT_GT(shortest, milliseconds(1700));
  EXPECT_LT(longest, milliseconds(3000));
  EXPECT_GT(longest - shortest, milliseconds(150));
}

TEST(BbrCycle, AShortPathProbesAsOftenAsRenoLoses) {
  LinkModel model({.rate = kPathRate, .buffer = 60'000});
  model.add({.algorithm = &kBbr, .rtt = milliseconds(5)});  // a BDP of 17 segments
  model.run_until(Time{seconds(2)});
  const auto& machine = static_cast<const Bbr&>(model.control(0)).machine();
  int probes = 0;
  BbrState before = machine.state();
  for (int i = 0; i < 2000; ++i) {
    model.run_until(model.now() + milliseconds(1));
    if (machine.state() == BbrState::kProbeBwRefill && before != machine.state()) ++probes;
    before = machine.state();
  }
  EXPECT_GE(probes, 4) << "every 17 round trips, not every 2 seconds";
}

TEST(BbrCycle, ProbeRttComesAfterFiveSecondsAndGoes) {
  BbrPath path;
  ASSERT_TRUE(path.reach(BbrState::kProbeRtt, seconds(6)));
  EXPECT_GT(path.model.now(), Time{seconds(5)});
  const Time begun = path.model.now();
  path.run(milliseconds(150));
  EXPECT_EQ(path.state(), BbrState::kProbeRtt);
  EXPECT_LE(path.machine().cwnd(), kPathBdp * 6 / 10);
  EXPECT_GE(path.machine().cwnd(), kPathBdp * 4 / 10);
  ASSERT_TRUE(path.reach(BbrState::kProbeBwCruise, seconds(1)));
  EXPECT_GE(path.model.now() - begun, milliseconds(200));
  EXPECT_LE(path.model.now() - begun, milliseconds(400));
  path.run(milliseconds(100));
  EXPECT_GT(path.machine().cwnd(), kPathBdp);
}

TEST(BbrCycle, ProbeRttDuringStartupReturnsToStartup) {
  // An application too slow ever to fill the pipe.
  BbrPath path(usual_link(), kPathRate / 20);
  ASSERT_TRUE(path.reach(BbrState::kProbeRtt, seconds(7)));
  EXPECT_FALSE(path.machine().full_bw_reached());
  EXPECT_TRUE(path.reach(BbrState::kStartup, seconds(1)));
}

TEST(BbrCycle, AnIdleApplicationNeverEndsStartup) {
  BbrPath path(usual_link(), kPathRate / 20);
  for (int i = 0; i < 20; ++i) {
    path.run(milliseconds(500));
    EXPECT_TRUE(path.state() == BbrState::kStartup || path.state() == BbrState::kProbeRtt);
  }
}

TEST(BbrCycle, FindsTenfoldBandwidth) {
  BbrPath path;
  ASSERT_TRUE(path.reach(BbrState::kProbeBwCruise, seconds(2)));
  path.model.set_rate(10 * kPathRate);
  EXPECT_TRUE(path.reach([&] { return path.machine().max_bw() > 9 * kPathRate; }, seconds(12)));
}

TEST(BbrCycle, AdaptsToATenthOfTheBandwidth) {
  BbrPath path;
  ASSERT_TRUE(path.reach(BbrState::kProbeBwCruise, seconds(2)));
  path.model.set_rate(kPathRate / 10);
  // Two cycles, of round trips that a full buffer makes twenty times as long.
  path.run(seconds(30));
  EXPECT_LT(path.machine().max_bw(), kPathRate * 12 / 100);
  path.model.reset_figures();
  path.run(seconds(10));
  EXPECT_GT(path.model.utilisation(), 0.9);
}

TEST(BbrCycle, FourSegmentsAreTheLeastItSends) {
  LinkModel model({.rate = 20'000, .buffer = 30'000});  // 160 kbit/s: a BDP of half a segment
  model.add({.algorithm = &kBbr, .rtt = kPathRtt});
  model.run_until(Time{seconds(20)});
  model.reset_figures();
  model.run_until(Time{seconds(60)});
  EXPECT_GE(model.cwnd_min(0), 4 * LinkModel::kMss);
  EXPECT_GT(model.utilisation(), 0.9);
}

}  // namespace
}  // namespace strata::tcp::congestion::bbr_cycle_test
