// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/bbr_machine.h"

#include <gtest/gtest.h>

#include "strata/rng.h"
#include "tcp/congestion/bbr_testing.h"

namespace strata::tcp::congestion::bbr_machine_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(BbrMachine, SendsAtTheRateOfThePathWithAShortQueue) {
  BbrPath path;
  path.run(seconds(3));
  path.model.reset_figures();
  path.run(seconds(20));
  EXPECT_GT(path.model.utilisation(), 0.95);
  EXPECT_LT(path.model.mean_queue(), kPathBdp / 3);
  EXPECT_EQ(path.model.timeouts(0), 0U);
}

TEST(BbrMachine, SmallerSegmentsLowerTheFloor) {
  BbrMachine machine({.mss = 1448, .initial_window = 14'480, .srtt = milliseconds(10)});
  machine.on_mss_change(536);
  machine.on_rto({.flight_size = 14'480, .in_flight = 0});
  EXPECT_EQ(machine.cwnd(), 536U);
}

TEST(BbrMachine, RestartsFromIdleAtTheRateOfTheModel) {
  BbrPath path;
  ASSERT_TRUE(path.reach(BbrState::kProbeBwUp, seconds(6)));
  const std::uint32_t cwnd = path.machine().cwnd();
  path.model.control(0).on_idle_restart({.now = path.model.now(),
                                         .idle = seconds(1),
                                         .rto = milliseconds(200),
                                         .restart_window = 14'480});
  EXPECT_EQ(path.machine().pacing_rate(), path.machine().bw() * 99 / 100);
  EXPECT_EQ(path.machine().cwnd(), cwnd);
}

// The silence has drained the queue as ProbeRTT would.
TEST(BbrMachine, AnIdleApplicationIsSparedProbeRtt) {
  BbrPath path;
  ASSERT_TRUE(path.reach(BbrState::kProbeBwCruise, seconds(2)));
  CongestionControl& control = path.model.control(0);
  BbrMachine machine = path.machine();
  const Time later = path.model.now() + seconds(6);
  machine.on_idle_restart({.now = later, .idle = seconds(6), .rto = milliseconds(200)});
  AckEvent ack;
  ack.now = later + kPathRtt;
  ack.rtt = kPathRtt;
  ack.srtt = kPathRtt;
  ack.sample.has_data = true;
  ack.sample.prior_delivered = path.model.delivered(0);
  ack.sample.delivered_total = path.model.delivered(0) + 1448;
  ack.sample.delivered = ack.sample.newly_delivered = 1448;
  BbrMachine without = path.machine();
  machine.on_ack(ack);
  EXPECT_NE(machine.state(), BbrState::kProbeRtt);
  without.on_ack(ack);
  EXPECT_EQ(without.state(), BbrState::kProbeRtt);
  EXPECT_TRUE(control.owns_recovery());
}

TEST(BbrMachine, TheSameSeedGivesTheSameRun) {
  Link link = usual_link(5);
  link.loss = {1, 200};
  BbrPath one(link);
  BbrPath two(link);
  for (int i = 0; i < 50; ++i) {
    one.run(milliseconds(100));
    two.run(milliseconds(100));
    ASSERT_EQ(one.machine().cwnd(), two.machine().cwnd());
    ASSERT_EQ(one.machine().pacing_rate(), two.machine().pacing_rate());
  }
}

// Events that no sender would give, in any order: bounds hold, and nothing stops.
TEST(BbrMachine, KeepsItsBoundsUnderAnyEvents) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Rng rng(seed);
    const auto mss = static_cast<std::uint32_t>(rng.between(1, 9000));
    BbrMachine machine(
        {.mss = mss, .initial_window = 10 * mss, .has_sack = rng.chance({1, 2}), .seed = seed});
    Time now{};
    std::uint64_t delivered = 0;
    for (int i = 0; i < 3000; ++i) {
      now += Duration(static_cast<std::int64_t>(rng.next() >> rng.between(28, 63)));
      const auto any = [&] {
        return static_cast<std::uint32_t>(rng.next() >> rng.between(32, 63));
      };
      bool is_ack = false;
      switch (rng.below(20)) {
        case 0: machine.on_congestion({now, CongestionCause::kLoss, any(), any()}); break;
        case 1: machine.on_congestion({now, CongestionCause::kEcn, any(), any()}); break;
        case 2: machine.on_rto({.now = now, .flight_size = any(), .in_flight = any()}); break;
        case 3: machine.on_undo(now); break;
        case 4: machine.on_recovery_exit(); break;
        case 5: machine.on_idle_restart({.now = now, .is_app_limited = rng.chance({1, 2})}); break;
        case 6: machine.on_loss({now, any(), any(), any(), delivered, rng.chance({1, 2})}); break;
        default: {
          AckEvent ack;
          ack.now = now;
          if (rng.chance({3, 4})) ack.rtt = Duration(any());
          ack.srtt = Duration(any());
          ack.in_flight = any();
          ack.is_cwnd_limited = rng.chance({1, 2});
          ack.sample.has_data = rng.chance({9, 10});
          ack.sample.rate = std::min(rng.next() >> rng.between(20, 63), kRateMax);
          ack.sample.newly_delivered = any();
          delivered += ack.sample.newly_delivered;
          ack.sample.delivered_total = delivered;
          ack.sample.prior_delivered = delivered - std::min<std::uint64_t>(delivered, any());
          ack.sample.delivered = any();
          ack.sample.lost = any();
          ack.sample.newly_lost = any() % 3;
          ack.sample.tx_in_flight = any();
          ack.sample.is_app_limited = rng.chance({1, 5});
          machine.on_ack(ack);
          is_ack = ack.sample.has_data;
        }
      }
      const std::uint32_t floor = is_ack ? 4 * mss : mss;
      ASSERT_GE(machine.cwnd(), floor) << "seed " << seed << " step " << i;
      ASSERT_GT(machine.pacing_rate(), 0U);
    }
  }
}

}  // namespace
}  // namespace strata::tcp::congestion::bbr_machine_test
