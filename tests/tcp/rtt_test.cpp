// SPDX-License-Identifier: Apache-2.0
#include "tcp/rtt.h"

#include <gtest/gtest.h>

namespace strata::tcp::rtt_test {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{1h};

// RFC 6298 2.1 SHOULD: until there is a sample the timeout is one second.
TEST(Rtt, BeginsWithTheConfiguredTimeout) {
  const TcpConfig config;
  EXPECT_EQ(Rtt().rto(config), 1s);
  EXPECT_FALSE(Rtt().has_sample());
}

// RFC 6298 2.2 MUST: the first sample R sets SRTT to R and RTTVAR to R/2.
TEST(Rtt, FirstSampleSetsVarianceToHalf) {
  Rtt rtt;
  rtt.on_sample(80ms, 1);
  EXPECT_EQ(rtt.srtt(), 80ms);
  EXPECT_EQ(rtt.rttvar(), 40ms);
}

// RFC 6298 2.3 MUST: RTTVAR, with the old SRTT, and then SRTT move by 1/4 and 1/8.
TEST(Rtt, LaterSamplesMoveByAQuarterAndAnEighth) {
  Rtt rtt;
  rtt.on_sample(80ms, 1);
  rtt.on_sample(160ms, 1);
  EXPECT_EQ(rtt.rttvar(), 50ms);  // 3/4 * 40 + 1/4 * |80 - 160|
  EXPECT_EQ(rtt.srtt(), 90ms);    // 7/8 * 80 + 1/8 * 160
  rtt.on_sample(90ms, 1);
  EXPECT_EQ(rtt.rttvar(), 37'500us);
  EXPECT_EQ(rtt.srtt(), 90ms);
}

// RFC 7323 G SHOULD: n samples a round trip count for what one would count.
TEST(Rtt, ManySamplesARoundCountForOne) {
  Rtt once;
  once.on_sample(80ms, 1);
  once.on_sample(160ms, 1);
  Rtt often;
  often.on_sample(80ms, 1);
  for (int i = 0; i < 16; ++i) often.on_sample(160ms, 16);
  EXPECT_NEAR(static_cast<double>(often.srtt().count()), static_cast<double>(once.srtt().count()),
              2e6);
  EXPECT_NEAR(static_cast<double>(often.rttvar().count()),
              static_cast<double>(once.rttvar().count()), 4e6);
}

// RFC 6298 2.4 SHOULD: the timeout has a floor; ours suits the path and covers a delayed ACK.
TEST(Rtt, TimeoutHasAFloorAboveTheRoundTrip) {
  TcpConfig config;
  Rtt rtt;
  for (int i = 0; i < 200; ++i) rtt.on_sample(100us, 1);
  EXPECT_EQ(rtt.rto(config), 200ms + 100us);
  config.rto_min = 5ms;
  EXPECT_EQ(rtt.rto(config), 5ms + 100us);
}

// RFC 6298 2.5 MAY: the timeout has a ceiling of at least sixty seconds.
// RFC 6298 5.5 MUST: each expiry doubles it.
TEST(Rtt, BacksOffByDoublingUpToTheCeiling) {
  const TcpConfig config;
  Rtt rtt;
  rtt.on_sample(200ms, 1);
  EXPECT_EQ(rtt.rto(config), 600ms);
  EXPECT_EQ(rtt.backed_off(config, 1), 1200ms);
  EXPECT_EQ(rtt.backed_off(config, 3), 4800ms);
  EXPECT_EQ(rtt.backed_off(config, 255), config.rto_max);
}

TEST(Rtt, MinimumIsKeptForAWhileOnly) {
  Rtt rtt;
  EXPECT_EQ(rtt.min_rtt(), 0ms);
  rtt.on_minimum_sample(30ms, kNow);
  rtt.on_minimum_sample(50ms, kNow + 1s);
  EXPECT_EQ(rtt.min_rtt(), 30ms);
  rtt.on_minimum_sample(20ms, kNow + 2s);
  EXPECT_EQ(rtt.min_rtt(), 20ms);
  rtt.on_minimum_sample(50ms, kNow + 2s + Rtt::kMinimumWindow + 1ns);
  EXPECT_EQ(rtt.min_rtt(), 50ms);
}

// RFC 4015 3.4 SHOULD: after a spurious timeout the estimate is at least what was measured.
TEST(Rtt, SpuriousTimeoutRaisesTheEstimate) {
  const TcpConfig config;
  Rtt rtt;
  rtt.on_sample(100ms, 1);
  rtt.on_spurious_timeout(900ms);
  EXPECT_EQ(rtt.srtt(), 900ms);
  EXPECT_EQ(rtt.rttvar(), 450ms);
  EXPECT_EQ(rtt.rto(config), 2700ms);
}

TEST(Rtt, NoSampleIsNeverNothing) {
  Rtt rtt;
  rtt.on_sample(0ms, 1);
  EXPECT_TRUE(rtt.has_sample());
  for (int i = 0; i < 1000; ++i) rtt.on_sample(-5s, 1);
  EXPECT_GT(rtt.srtt(), 0ns);
}

}  // namespace
}  // namespace strata::tcp::rtt_test
