// SPDX-License-Identifier: Apache-2.0
// The parts of recovery by themselves: rate reduction, evidence for undo, the judge of timeouts.
#include "tcp/send/recovery.h"

#include <gtest/gtest.h>

#include <vector>

namespace strata::tcp::recovery_test {
namespace {

constexpr std::uint32_t kSegment = 1000;

// 20 segments in flight, one lost, ssthresh 10: after the first, one
// segment for every two that are delivered.
// RFC 6937 3 MUST: while pipe is above ssthresh, sending is proportional to what is delivered.
TEST(RateReduction, SendsInProportionWhileAboveTheTarget) {
  RateReduction prr;
  prr.start(20 * kSegment);
  std::uint32_t in_flight = 19 * kSegment;
  std::vector<std::uint32_t> sent;
  for (int i = 0; i < 10; ++i) {
    in_flight -= kSegment;
    if (i == 0) in_flight -= kSegment;  // the lost one
    const std::uint32_t cwnd = prr.on_ack({.delivered = kSegment,
                                           .in_flight = in_flight,
                                           .ssthresh = 10 * kSegment,
                                           .mss = kSegment,
                                           .is_safe = false});
    const std::uint32_t allowed = (cwnd - in_flight) / kSegment * kSegment;
    sent.push_back(allowed / kSegment);
    prr.on_sent(allowed);
    in_flight += allowed;
  }
  EXPECT_EQ(sent, (std::vector<std::uint32_t>{1, 0, 0, 1, 0, 1, 0, 1, 0, 1}));
}

// RFC 6937 3 MUST: below ssthresh, the slow start reduction bound lets at most a segment more
// leave than was delivered.
TEST(RateReduction, SlowStartsBelowTheTarget) {
  RateReduction prr;
  prr.start(20 * kSegment);
  const auto allowed = [&](std::uint32_t delivered, std::uint32_t in_flight, bool is_safe) {
    const std::uint32_t cwnd = prr.on_ack({.delivered = delivered,
                                           .in_flight = in_flight,
                                           .ssthresh = 10 * kSegment,
                                           .mss = kSegment,
                                           .is_safe = is_safe});
    prr.on_sent(cwnd - in_flight);
    return cwnd - in_flight;
  };
  EXPECT_EQ(allowed(kSegment, 4 * kSegment, false), kSegment);
  EXPECT_EQ(allowed(kSegment, 4 * kSegment, true), 2 * kSegment);
  EXPECT_EQ(allowed(kSegment, 5 * kSegment, false), kSegment);
  EXPECT_EQ(allowed(3 * kSegment, 9 * kSegment, true), kSegment);  // never beyond ssthresh
}

TEST(RateReduction, LetsTheFirstRetransmissionLeaveAtOnce) {
  RateReduction prr;
  prr.start(20 * kSegment);
  EXPECT_EQ(
      prr.on_ack(
          {.delivered = 0, .in_flight = 17 * kSegment, .ssthresh = 10 * kSegment, .mss = kSegment}),
      18 * kSegment);
}

// RFC 3522 3.2 MUST: only a timestamp older than the first retransmission proves it spurious.
TEST(UndoEvidence, BelievesOlderTimestampsOnly) {
  UndoEvidence evidence;
  EXPECT_FALSE(evidence.was_delayed(true, 0));
  evidence.start(SequenceNumber(0));
  EXPECT_TRUE(evidence.was_never_acted_on());
  EXPECT_FALSE(evidence.was_delayed(true, 0));
  evidence.on_retransmitted(1, 500);
  evidence.on_retransmitted(1, 600);
  EXPECT_FALSE(evidence.was_never_acted_on());
  EXPECT_TRUE(evidence.was_delayed(true, 499));
  EXPECT_FALSE(evidence.was_delayed(true, 500));
  EXPECT_FALSE(evidence.was_delayed(true, 550));
  EXPECT_FALSE(evidence.was_delayed(false, 499));
  evidence.stop();
  EXPECT_FALSE(evidence.was_delayed(true, 499));
}

TEST(UndoEvidence, ComparesTimestampsAcrossTheWrap) {
  UndoEvidence evidence;
  evidence.start(SequenceNumber(0));
  evidence.on_retransmitted(1, 5);
  EXPECT_TRUE(evidence.was_delayed(true, 0xffff'fff0));
}

// RFC 2883 5 SHOULD: when every retransmission turns out a duplicate, none was needed.
TEST(UndoEvidence, CountsDuplicatesAgainstRetransmissions) {
  UndoEvidence evidence;
  evidence.start(SequenceNumber(1000));
  EXPECT_FALSE(evidence.are_all_duplicates());
  evidence.on_retransmitted(2, 1);
  evidence.on_dsack({SequenceNumber(1000), SequenceNumber(2000)}, SequenceNumber(5000), 1);
  EXPECT_FALSE(evidence.are_all_duplicates());
  // What was below the episode proves nothing of it.
  evidence.on_dsack({SequenceNumber(0), SequenceNumber(1000)}, SequenceNumber(5000), 1);
  EXPECT_FALSE(evidence.are_all_duplicates());
  evidence.on_dsack({SequenceNumber(2000), SequenceNumber(3000)}, SequenceNumber(5000), 1);
  EXPECT_TRUE(evidence.are_all_duplicates());
}

using Verdict = TimeoutJudge::Verdict;

// RFC 5682 2.1 MUST: an ACK that advances lets new text leave; a second that advances over text
// never sent again shows that the timeout was spurious.
TEST(TimeoutJudge, AsksWithNewTextAndThenBelieves) {
  TimeoutJudge judge;
  EXPECT_EQ(judge.on_ack({.una_advanced = true, .can_send_new = true}), Verdict::kNone);
  judge.start();
  EXPECT_EQ(judge.on_ack({.una_advanced = true, .can_send_new = true}), Verdict::kSendNew);
  EXPECT_TRUE(judge.is_waiting_for_second());
  EXPECT_EQ(judge.on_ack({.una_advanced = true, .delivered_original = true}), Verdict::kSpurious);
  EXPECT_FALSE(judge.is_on());
}

// RFC 5682 2.1 MUST: a duplicate ACK at either step means that the timeout was real.
TEST(TimeoutJudge, DuplicatesMeanLoss) {
  TimeoutJudge judge;
  judge.start();
  EXPECT_EQ(judge.on_ack({.is_duplicate = true}), Verdict::kRepair);
  EXPECT_FALSE(judge.is_on());
  judge.start();
  (void)judge.on_ack({.una_advanced = true, .can_send_new = true});
  EXPECT_EQ(judge.on_ack({.is_duplicate = true}), Verdict::kRepair);
}

// RFC 5682 2.1 MUST: an ACK that reaches the recovery point proves nothing, nor can one that lets
// nothing new leave.
TEST(TimeoutJudge, RepairsWhenItCannotAsk) {
  TimeoutJudge judge;
  judge.start();
  EXPECT_EQ(judge.on_ack({.una_advanced = true, .reaches_point = true, .can_send_new = true}),
            Verdict::kRepair);
  judge.start();
  EXPECT_EQ(judge.on_ack({.una_advanced = true}), Verdict::kRepair);
}

// RFC 5682 3.1 MUST: with SACK, duplicates before the retransmission is acknowledged do not decide,
// and a SACK of text never sent again does.
TEST(TimeoutJudge, WithSackWaitsForTheRetransmission) {
  TimeoutJudge judge;
  judge.start();
  EXPECT_EQ(judge.on_ack({.is_duplicate = true, .has_new_sack = true, .has_sack = true}),
            Verdict::kNone);
  EXPECT_EQ(judge.on_ack({.una_advanced = true, .can_send_new = true, .has_sack = true}),
            Verdict::kSendNew);
  EXPECT_EQ(judge.on_ack({.has_new_sack = true, .delivered_original = true, .has_sack = true}),
            Verdict::kSpurious);
}

}  // namespace
}  // namespace strata::tcp::recovery_test
