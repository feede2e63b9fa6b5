// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/bbr.h"

#include <gtest/gtest.h>

#include "tcp/congestion/congestion_testing.h"
#include "tcp/congestion/registry.h"

namespace strata::tcp::congestion::bbr_test {
namespace {

TEST(Bbr, OwnsItsWindowInRecovery) {
  Feeder feeder(kBbr);
  ASSERT_TRUE(feeder.started());
  EXPECT_EQ(feeder->name(), "bbr");
  EXPECT_TRUE(feeder->owns_recovery());
  EXPECT_EQ(feeder->ssthresh(), kNoThreshold);
  EXPECT_GT(feeder->pacing_rate(), 0U);
  const std::uint32_t cwnd = feeder->cwnd();
  feeder.congestion();
  EXPECT_EQ(feeder->cwnd(), cwnd) << "by its model, not by a loss";
  feeder.ack(kMss);
  EXPECT_GE(feeder->cwnd(), cwnd);
}

TEST(Bbr, ShowsTheWindowOfItsMachineAfterEveryEvent) {
  Feeder feeder(kBbr);
  const auto expect_same = [&] {
    EXPECT_EQ(feeder->cwnd(), static_cast<const Bbr&>(feeder.control()).machine().cwnd());
  };
  expect_same();
  feeder.round();
  expect_same();
  feeder->on_loss({.now = feeder.now(), .bytes = kMss, .tx_in_flight = kMss, .lost = kMss});
  feeder.congestion();
  expect_same();
  feeder.timeout();
  expect_same();
  EXPECT_EQ(feeder->cwnd(), kMss);
  feeder.recovered();
  expect_same();
  feeder.timeout();
  feeder.undo();
  expect_same();
  feeder.idle(std::chrono::seconds(1));
  expect_same();
  feeder->on_mss_change(9000);
  expect_same();
  const std::uint32_t cwnd = feeder->cwnd();
  feeder->on_window_unused(feeder.now(), kMss);
  EXPECT_EQ(feeder->cwnd(), cwnd);
}

}  // namespace
}  // namespace strata::tcp::congestion::bbr_test
