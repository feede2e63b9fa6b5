// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/hystart.h"

#include <gtest/gtest.h>

namespace strata::tcp::congestion::hystart_test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class HyStartTest : public ::testing::Test {
 protected:
  // A round whose acknowledgements all took `rtt`. True: slow start is over.
  bool round(Duration rtt, int samples = 8) {
    bool is_over = false;
    for (int i = 0; i < samples; ++i) {
      AckEvent ack;
      ack.rtt = rtt;
      ack.sample.round_started = i == 0;
      is_over = hystart_.on_ack(ack) || is_over;
    }
    return is_over;
  }

  HyStart hystart_;
};

// RFC 9406 4.2 SHOULD: a rise of the round's minimum by RttThresh begins conservative slow start.
TEST_F(HyStartTest, ARiseByAnEighthBeginsConservativeSlowStart) {
  struct Case {
    Duration before;
    Duration threshold;  // RFC 9406 4.3: an eighth, but 4 ms at least and 16 ms at most
  };
  for (const auto& [before, threshold] :
       {Case{milliseconds(80), milliseconds(10)}, Case{milliseconds(8), milliseconds(4)},
        Case{milliseconds(400), milliseconds(16)}, Case{microseconds(100), milliseconds(4)}}) {
    hystart_ = {};
    round(before);
    round(before + threshold - microseconds(1));
    EXPECT_FALSE(hystart_.is_conservative()) << before.count();
    hystart_ = {};
    round(before);
    round(before + threshold);
    EXPECT_TRUE(hystart_.is_conservative()) << before.count();
  }
}

// RFC 9406 4.2 SHOULD: a round is judged only when it has N_RTT_SAMPLE = 8 samples.
TEST_F(HyStartTest, FewSamplesDecideNothing) {
  round(milliseconds(80));
  round(milliseconds(200), 7);
  EXPECT_FALSE(hystart_.is_conservative());
}

TEST_F(HyStartTest, TheSmallestOfARoundCounts) {
  round(milliseconds(80));
  AckEvent ack;
  ack.sample.round_started = true;
  ack.rtt = milliseconds(81);
  static_cast<void>(hystart_.on_ack(ack));
  ack.sample.round_started = false;
  ack.rtt = milliseconds(300);
  for (int i = 0; i < 20; ++i) static_cast<void>(hystart_.on_ack(ack));
  EXPECT_FALSE(hystart_.is_conservative());
}

TEST_F(HyStartTest, AnAmbiguousAckIsNoSample) {
  round(milliseconds(80));
  AckEvent ack;
  ack.sample.round_started = true;
  for (int i = 0; i < 20; ++i) static_cast<void>(hystart_.on_ack(ack));
  EXPECT_FALSE(hystart_.is_conservative());
}

// RFC 9406 4.2 SHOULD: conservative slow start grows by a CSS_GROWTH_DIVISOR = 4 of slow start.
TEST_F(HyStartTest, ConservativeGrowthIsAQuarter) {
  EXPECT_EQ(hystart_.growth(4000), 4000U);
  round(milliseconds(80));
  round(milliseconds(100));
  EXPECT_EQ(hystart_.growth(4000), 1000U);
}

// RFC 9406 4.2 SHOULD: an RTT below the one that began it ends conservative slow start.
TEST_F(HyStartTest, AFallOfTheRttReturnsToSlowStart) {
  round(milliseconds(80));
  round(milliseconds(100));
  ASSERT_TRUE(hystart_.is_conservative());
  EXPECT_FALSE(round(milliseconds(99)));
  EXPECT_FALSE(hystart_.is_conservative());
}

// RFC 9406 4.2 SHOULD: after CSS_ROUNDS = 5 conservative rounds, congestion avoidance.
TEST_F(HyStartTest, FiveConservativeRoundsAreTheEnd) {
  round(milliseconds(80));
  round(milliseconds(100));  // the first, in part
  for (int i = 2; i <= 5; ++i) EXPECT_FALSE(round(milliseconds(100))) << i;
  EXPECT_TRUE(round(milliseconds(100)));
}

}  // namespace
}  // namespace strata::tcp::congestion::hystart_test
