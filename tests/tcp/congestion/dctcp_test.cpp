// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/dctcp.h"

#include <gtest/gtest.h>

#include "tcp/congestion/congestion_testing.h"
#include "tcp/congestion/registry.h"

namespace strata::tcp::congestion::dctcp_test {
namespace {

class DctcpTest : public ::testing::Test {
 protected:
  static StartEvent start() {
    StartEvent event = Feeder::usual_start();
    event.initial_window = 100 * kMss;
    event.ssthresh = 100 * kMss;
    return event;
  }
  double alpha() {
    return static_cast<const Dctcp&>(feeder_.control()).alpha() / double{Dctcp::kOne};
  }
  // One window of data, `marked` percent of it with ECE.
  void window(std::uint32_t marked) {
    for (std::uint32_t i = 0; i < 100; ++i) {
      feeder_.ce_bytes = i < marked ? kMss : 0;
      feeder_.ack(kMss, i == 99);
    }
    feeder_.ce_bytes = 0;
  }

  Feeder feeder_{kDctcp, start()};
};

// RFC 8257 3.3 SHOULD: alpha begins at 1, so that the first mark halves the window.
TEST_F(DctcpTest, TheFirstMarkHalves) {
  EXPECT_EQ(feeder_->name(), "dctcp");
  EXPECT_DOUBLE_EQ(alpha(), 1);
  feeder_.congestion(CongestionCause::kEcn);
  EXPECT_EQ(feeder_->ssthresh(), 50 * kMss);
}

// RFC 8257 3.3 MUST: once per window alpha moves a sixteenth of the way to the share marked.
TEST_F(DctcpTest, AlphaFollowsTheShareOfMarkedBytes) {
  double expected = 1;
  for (const std::uint32_t marked : {0U, 50U, 100U, 25U, 0U, 0U, 80U}) {
    window(marked);
    expected = expected * 15 / 16 + marked / 100.0 / 16;
    EXPECT_NEAR(alpha(), expected, 1e-5);
  }
}

TEST_F(DctcpTest, AlphaReachesNoneAndAll) {
  for (int i = 0; i < 300; ++i) window(0);
  EXPECT_DOUBLE_EQ(alpha(), 0);
  feeder_.congestion(CongestionCause::kEcn);
  EXPECT_EQ(feeder_->ssthresh(), feeder_->cwnd());
  feeder_.recovered();
  for (int i = 0; i < 300; ++i) window(100);
  EXPECT_NEAR(alpha(), 1, 1e-4);
}

TEST_F(DctcpTest, AlphaWaitsForTheEndOfTheWindow) {
  for (int i = 0; i < 50; ++i) feeder_.ack(kMss);
  EXPECT_DOUBLE_EQ(alpha(), 1);
}

// RFC 8257 3.3 MUST: a mark takes alpha / 2 of the window.
TEST_F(DctcpTest, AMarkTakesHalfOfAlpha) {
  for (int i = 0; i < 40; ++i) window(20);
  const std::uint32_t cwnd = feeder_->cwnd();
  feeder_.congestion(CongestionCause::kEcn);
  EXPECT_NEAR(feeder_->ssthresh(), cwnd * (1 - alpha() / 2), 2);
  EXPECT_GT(feeder_->ssthresh(), cwnd * 80 / 100);
}

// RFC 8257 3.5 MUST: a loss is answered as by any TCP, whatever alpha is.
TEST_F(DctcpTest, ALossHalvesWhateverAlphaIs) {
  for (int i = 0; i < 300; ++i) window(0);
  const std::uint32_t cwnd = feeder_->cwnd();
  feeder_.congestion(CongestionCause::kLoss);
  EXPECT_EQ(feeder_->ssthresh(), cwnd / 2);
}

TEST_F(DctcpTest, WithoutMarksItGrowsLikeReno) {
  Feeder reno(kReno, start());
  for (int i = 0; i < 30; ++i) {
    reno.round();
    feeder_.round();
    EXPECT_EQ(feeder_->cwnd(), reno->cwnd());
  }
}

}  // namespace
}  // namespace strata::tcp::congestion::dctcp_test
