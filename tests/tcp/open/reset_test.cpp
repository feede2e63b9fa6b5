// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/reset.h"

#include <gtest/gtest.h>

#include <set>

#include "tcp/support/opening.h"

namespace strata::tcp::reset_test {
namespace {

using namespace std::chrono_literals;
using testing::flow_of;
using testing::kStart;
using testing::segment;
using wire::kTcpAck;
using wire::kTcpFin;
using wire::kTcpPsh;
using wire::kTcpRst;
using wire::kTcpSyn;

// RFC 9293 3.10.7.1 MUST: with ACK the reset takes its sequence number from the ACK field.
TEST(Reset, AnswersAnAckWithItsOwnNumber) {
  const auto reset = reset_for(segment(flow_of(1), kTcpAck | kTcpPsh, 100, 777, 10));
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->header.flags, kTcpRst);
  EXPECT_EQ(reset->header.sequence_number, 777U);
  EXPECT_EQ(reset->flow, flow_of(1));
  EXPECT_EQ(reset->option_size(), 0U);
}

// RFC 9293 3.10.7.1 MUST: without ACK it has number zero and acknowledges the segment.
TEST(Reset, AcknowledgesWhatHadNoAck) {
  const auto reset = reset_for(segment(flow_of(1), kTcpSyn | kTcpFin, 0xffff'ffff, 0, 10));
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->header.flags, kTcpRst | kTcpAck);
  EXPECT_EQ(reset->header.sequence_number, 0U);
  EXPECT_EQ(reset->header.acknowledgment_number, 11U);
}

// RFC 9293 3.10.7.1 MUST: a RST is never answered.
TEST(Reset, IsNotAnsweredItself) {
  EXPECT_FALSE(reset_for(segment(flow_of(1), kTcpRst, 1)));
  EXPECT_FALSE(reset_for(segment(flow_of(1), kTcpRst | kTcpAck | kTcpSyn, 1, 2)));
}

int count_in_second(ReplyBudget& budget, Time from) {
  int count = 0;
  for (int i = 0; i < 10'000; ++i) count += budget.take(from + i * 99us) ? 1 : 0;
  return count;
}

// RFC 5961 7 SHOULD: challenge ACKs are limited to a configured number in a time.
TEST(ReplyBudget, LetsAboutSoManyThroughInEachSecond) {
  ReplyBudget budget(1000, 7);
  int total = 0;
  for (int second = 0; second < 100; ++second) {
    const int count = count_in_second(budget, kStart + second * 1s);
    EXPECT_GE(count, 500);
    EXPECT_LE(count, 1500);
    total += count;
  }
  EXPECT_NEAR(total, 100'000, 10'000);
}

// RFC 5961 10 SHOULD: what others were answered cannot be counted (CVE-2016-5696).
TEST(ReplyBudget, HasANumberThatNobodyKnows) {
  ReplyBudget budget(1000, 7);
  std::set<int> counts;
  for (int second = 0; second < 50; ++second) {
    counts.insert(count_in_second(budget, kStart + second * 1s));
  }
  EXPECT_GE(counts.size(), 40U);
}

TEST(ReplyBudget, LetsNothingThroughWhenTurnedOff) {
  ReplyBudget budget(0, 7);
  EXPECT_FALSE(budget.take(kStart));
}

TEST(ReplyBudgets, AreUnpredictableEachForItself) {
  ReplyBudgets budgets(1000, 1000, 7);
  EXPECT_NE(count_in_second(budgets.resets, kStart),
            count_in_second(budgets.challenge_acks, kStart));
}

}  // namespace
}  // namespace strata::tcp::reset_test
