// SPDX-License-Identifier: Apache-2.0
// Losses and their repair, scene by scene.
#include <gtest/gtest.h>

#include "tcp/send/sender_testing.h"

namespace strata::tcp::sender_recovery_test {
namespace {

using Texts = std::vector<Sent>;

// Ten segments of the initial window in flight for a round trip.
struct Ten : SenderLab {
  explicit Ten(const LabOptions& options = {}) : SenderLab(options) {
    write(60'000);
    EXPECT_EQ(texts(pull()), (Texts{{0, 10'000}}));
    advance(100ms);
  }
};

// RFC 3042 2 MUST: each of the first two duplicates lets one new segment leave.
TEST(SenderRecovery, LimitedTransmitWithoutSack) {
  Ten lab({.sack = false});
  lab.ack(0);
  EXPECT_EQ(texts(lab.pull()), (Texts{{10'000, 11'000}}));
  lab.ack(0);
  EXPECT_EQ(texts(lab.pull()), (Texts{{11'000, 12'000}}));
  EXPECT_EQ(lab.info().recovery, TcpRecoveryState::kDisorder);
}

// RFC 5681 3.2 MUST: the third duplicate sends the missing segment again.
TEST(SenderRecovery, ThreeDuplicatesSendTheFirstAgain) {
  Ten lab({.sack = false});
  lab.ack(0);
  lab.ack(0);
  (void)lab.pull();
  const AckOutcome outcome = lab.ack(0);
  EXPECT_TRUE(outcome.recovery_entered);
  const auto sent = lab.pull();
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(texts(sent)[0], (Sent{0, 1000}));
  EXPECT_TRUE(sent[0].is_retransmission);
  EXPECT_EQ(sent[0].cause, TcpLossCause::kDuplicateAcks);
  EXPECT_EQ(lab.info().recovery, TcpRecoveryState::kRecovery);
}

// RFC 6582 3.2 MUST: a partial acknowledgement sends the next hole again at once, and recovery ends
// only at `recover`.
TEST(SenderRecovery, PartialAcknowledgementsPointAtHoles) {
  Ten lab({.sack = false});
  for (int i = 0; i < 3; ++i) lab.ack(0);
  (void)lab.pull();
  const std::uint32_t recover = SenderLab::offset(lab.sender.nxt());
  lab.advance(100ms);
  const AckOutcome partial = lab.ack(4000);
  EXPECT_FALSE(partial.recovery_left);
  const auto sent = lab.pull();
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(texts(sent)[0], (Sent{4000, 5000}));
  EXPECT_EQ(sent[0].cause, TcpLossCause::kPartialAck);
  lab.advance(100ms);
  EXPECT_TRUE(lab.ack(recover).recovery_left);
  EXPECT_LE(lab.info().congestion_window, lab.info().slow_start_threshold + kMss);
}

// RFC 6582 3.2 MUST: duplicates that do not cover more than `recover` start nothing.
TEST(SenderRecovery, DoesNotRecoverTwiceFromOneWindow) {
  Ten lab({.sack = false});
  for (int i = 0; i < 3; ++i) lab.ack(0);
  (void)lab.pull();
  const std::uint32_t recover = SenderLab::offset(lab.sender.nxt());
  lab.advance(100ms);
  lab.ack(recover);
  (void)lab.pull();
  EXPECT_EQ(lab.info().recoveries, 1U);
  // What was still under way arrives again and again.
  AckEvent same = lab.event(recover);
  for (int i = 0; i < 2; ++i) lab.ack(same, {});
  EXPECT_EQ(lab.info().recoveries, 1U);
}

// RFC 6675 5 MUST: with three segments SACKed above a hole, the hole is sent again.
TEST(SenderRecovery, SackShowsTheHole) {
  Ten lab;
  lab.ack(0, {{2000, 3000}});
  lab.ack(0, {{2000, 4000}});
  EXPECT_EQ(lab.info().recoveries, 0U);
  EXPECT_TRUE(lab.ack(0, {{2000, 5000}}).recovery_entered);
  const auto sent = lab.pull();
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(SenderLab::offset(sent[0].text.begin), 0U);
  EXPECT_TRUE(sent[0].is_retransmission);
  std::uint32_t again = 0;
  for (const auto& one : sent) again += one.is_retransmission ? one.text.length() : 0;
  EXPECT_LE(again, 2000U) << "nothing that was SACKed, nothing that may still come";
}

// RFC 6675 5 MUST: ssthresh and cwnd become half of what was in flight.
TEST(SenderRecovery, HalvesTheWindowOnce) {
  Ten lab;
  lab.ack(0, {{1000, 5000}});
  EXPECT_EQ(lab.info().slow_start_threshold, 5000U);
  lab.ack(0, {{1000, 8000}});
  EXPECT_EQ(lab.info().slow_start_threshold, 5000U);
  (void)lab.pull();
  lab.advance(100ms);
  const std::uint32_t nxt = SenderLab::offset(lab.sender.nxt());
  EXPECT_TRUE(lab.ack(nxt).recovery_left);
  EXPECT_LE(lab.info().congestion_window, 6000U) << "ssthresh, and what this one adds";
  EXPECT_EQ(lab.info().recoveries, 1U);
}

// RFC 8985 6.2 MUST: with fewer than three SACKed, the reordering timer finds the loss.
TEST(SenderRecovery, ReorderingTimerFindsTheLoss) {
  Ten lab;
  lab.ack(0, {{1000, 2000}});
  EXPECT_EQ(lab.info().recoveries, 0U);
  EXPECT_EQ(lab.until_deadline(), 25ms);  // a quarter of the least round trip
  lab.run_deadline();
  EXPECT_EQ(lab.info().recoveries, 1U);
  const auto sent = lab.pull();
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(texts(sent)[0], (Sent{0, 1000}));
  EXPECT_EQ(sent[0].cause, TcpLossCause::kReordering);
}

// RFC 8985 4.3 SHOULD: a lost retransmission is found without a timeout.
TEST(SenderRecovery, FindsLostRetransmissions) {
  Ten lab;
  lab.ack(0, {{1000, 10'000}});
  auto sent = lab.pull();
  ASSERT_GE(sent.size(), 2U);
  EXPECT_EQ(texts(sent)[0], (Sent{0, 1000}));
  const std::uint32_t nxt = SenderLab::offset(lab.sender.nxt());
  ASSERT_GT(nxt, 10'000U) << "new text follows";
  lab.advance(100ms);
  // What was sent behind the retransmission arrives, the retransmission does not.
  lab.ack(0, {{1000, nxt}});
  sent = lab.pull();
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(texts(sent)[0], (Sent{0, 1000}));
  EXPECT_EQ(sent[0].cause, TcpLossCause::kLostAgain);
  EXPECT_EQ(lab.info().timeouts, 0U);
}

// RFC 8985 7.3 MUST: when the tail stays silent, the last segment is sent once more.
TEST(SenderRecovery, TailProbeRepeatsTheLastSegment) {
  SenderLab lab;
  lab.write(5000);
  (void)lab.pull();
  EXPECT_EQ(lab.until_deadline(), 202ms);  // 2 SRTT
  lab.run_deadline();
  const auto sent = lab.pull();
  EXPECT_EQ(texts(sent), (Texts{{4000, 5000}}));
  EXPECT_EQ(sent[0].cause, TcpLossCause::kProbe);
  EXPECT_TRUE(sent[0].is_probe);
  EXPECT_EQ(lab.info().timeouts, 0U);
  // RFC 8985 7.3 MUST: one probe at a time; then the timeout.
  lab.run_deadline();
  EXPECT_EQ(lab.info().timeouts, 1U);
}

// RFC 8985 7.3 MUST: a probe prefers text that was never sent.
TEST(SenderRecovery, TailProbePrefersNewText) {
  Ten lab;
  lab.run_deadline();
  const auto sent = lab.pull();
  ASSERT_EQ(texts(sent), (Texts{{10'000, 11'000}}));
  EXPECT_FALSE(sent[0].is_retransmission);
  EXPECT_TRUE(sent[0].is_probe);
}

// RFC 8985 7.4.2 MUST: a probe that repaired the only loss still counts as congestion.
TEST(SenderRecovery, ARepairedTailHalvesTheWindow) {
  SenderLab tail;
  tail.write(5000);
  (void)tail.pull();
  tail.run_deadline();
  (void)tail.pull();
  const std::uint32_t before = tail.info().congestion_window;
  // New text after the probe makes the acknowledgement go beyond it.
  tail.write(1000);
  (void)tail.pull();
  tail.advance(100ms);
  tail.ack(6000);
  EXPECT_LT(tail.info().congestion_window, before + 6000);
  EXPECT_EQ(tail.info().slow_start_threshold, 3000U) << "half of what was in flight";
}

// RFC 8985 7.4.2 MUST: a D-SACK for the probe tells that nothing was lost.
TEST(SenderRecovery, ANeedlessProbeChangesNothing) {
  SenderLab lab;
  lab.write(5000);
  (void)lab.pull();
  lab.run_deadline();
  (void)lab.pull();
  // What is acknowledged lies beyond the probe, as if it had filled a hole.
  lab.write(1000);
  (void)lab.pull();
  lab.ack(6000, {{4000, 5000}});
  EXPECT_EQ(lab.info().slow_start_threshold, UINT32_MAX);
  EXPECT_EQ(lab.info().recoveries, 0U);
}

// RFC 3522 3.2 MUST: an echo older than the retransmission means that the original arrived.
// RFC 4015 3.2 SHOULD: then the window is what it was.
TEST(SenderRecovery, EifelUndoesAFastRetransmit) {
  Ten lab;
  const std::uint32_t before = lab.info().congestion_window;
  const std::uint32_t early = lab.clock() - 100;
  lab.ack(0, {{1000, 5000}});
  (void)lab.pull();
  EXPECT_LT(lab.info().slow_start_threshold, before);
  lab.advance(5ms);
  AckEvent late = lab.event(6000);
  late.echo = early;
  EXPECT_TRUE(lab.ack(late, {}).recovery_undone);
  EXPECT_GE(lab.info().congestion_window, before);
  EXPECT_EQ(lab.info().slow_start_threshold, UINT32_MAX);
  EXPECT_EQ(lab.info().recovery, TcpRecoveryState::kOpen);
  EXPECT_EQ(lab.info().undone, 1U);
}

TEST(SenderRecovery, AnEchoOfTheRetransmissionUndoesNothing) {
  Ten lab;
  lab.ack(0, {{1000, 5000}});
  (void)lab.pull();
  const std::uint32_t stamp = lab.clock();
  lab.advance(100ms);
  AckEvent real = lab.event(SenderLab::offset(lab.sender.nxt()));
  real.echo = stamp;
  EXPECT_FALSE(lab.ack(real, {}).recovery_undone);
  EXPECT_EQ(lab.info().undone, 0U);
}

// RFC 2883 5 SHOULD: D-SACKs for all that was sent again undo the reduction.
TEST(SenderRecovery, DuplicateSacksUndo) {
  Ten lab({.timestamps = false});
  const std::uint32_t before = lab.info().congestion_window;
  lab.ack(0, {{1000, 5000}});
  std::uint32_t again = 0;
  for (const auto& sent : lab.pull()) again += sent.is_retransmission ? 1 : 0;
  ASSERT_EQ(again, 1U);
  lab.advance(50ms);
  lab.ack(10'000);
  const AckOutcome outcome = lab.ack(10'000, {{0, 1000}});
  EXPECT_TRUE(outcome.recovery_undone);
  EXPECT_GE(lab.info().congestion_window, before);
  EXPECT_EQ(lab.info().duplicates_reported, 1U);
}

// RFC 5682 3.1 MUST: a spurious timeout is recognised by new text and a second acknowledgement.
TEST(SenderRecovery, ForwardRtoUndoesASpuriousTimeout) {
  Ten lab({.timestamps = false});
  const std::uint32_t before = lab.info().congestion_window;
  lab.run_deadline();  // the probe of the tail
  (void)lab.pull();
  lab.run_deadline();
  auto sent = lab.pull();
  ASSERT_EQ(texts(sent), (Texts{{0, 1000}}));
  EXPECT_EQ(sent[0].cause, TcpLossCause::kTimeout);
  lab.advance(100ms);
  lab.ack(1000);
  sent = lab.pull();
  ASSERT_FALSE(sent.empty());
  for (const auto& one : sent) EXPECT_FALSE(one.is_retransmission) << "step 2.b";
  EXPECT_LE(texts(sent).back().end - texts(sent).front().begin, 2000U);
  EXPECT_TRUE(lab.ack(2000).recovery_undone);
  EXPECT_GE(lab.info().congestion_window, before);
  EXPECT_EQ(lab.info().backoffs, 0);
}

// RFC 5682 3.1 MUST: when the second acknowledgement is a duplicate, the timeout was real.
TEST(SenderRecovery, ForwardRtoRepairsARealLoss) {
  Ten lab({.timestamps = false});
  lab.run_deadline();
  (void)lab.pull();
  lab.run_deadline();
  (void)lab.pull();
  lab.advance(100ms);
  lab.ack(1000);
  (void)lab.pull();
  lab.advance(100ms);
  lab.ack(1000, {{11'000, 12'000}});
  const auto sent = lab.pull();
  ASSERT_FALSE(sent.empty());
  EXPECT_TRUE(sent[0].is_retransmission);
  EXPECT_EQ(SenderLab::offset(sent[0].text.begin), 1000U);
  EXPECT_EQ(lab.info().undone, 0U);
}

// RFC 5682 2.1, step 2.b: without new text that may leave, the usual repair goes on.
TEST(SenderRecovery, ForwardRtoDoesNotWaitForTextThatIsHeldBack) {
  SenderLab lab({.sack = false, .timestamps = false});
  lab.write(4000);
  (void)lab.pull();
  lab.run_deadline();
  ASSERT_EQ(texts(lab.pull()), (Texts{{0, 1000}}));
  lab.write(300, true);
  EXPECT_TRUE(lab.pull().empty());
  lab.advance(100ms);
  lab.ack(1000);
  const auto sent = lab.pull();
  ASSERT_FALSE(sent.empty());
  EXPECT_TRUE(sent[0].is_retransmission);
  EXPECT_EQ(SenderLab::offset(sent[0].text.begin), 1000U);
}

// RFC 3168 6.1.2 MUST: an ECN echo reduces the window as a loss would, once per window of data,
// and CWR goes with the next new text.
TEST(SenderRecovery, EcnEchoReducesOncePerWindow) {
  Ten lab({.ecn = true});
  AckEvent marked = lab.event(2000);
  marked.ece = true;
  lab.ack(marked, {});
  EXPECT_EQ(lab.info().recovery, TcpRecoveryState::kCwr);
  const std::uint32_t reduced = lab.info().slow_start_threshold;
  EXPECT_LE(reduced, 5000U);
  marked = lab.event(4000);
  marked.ece = true;
  lab.ack(marked, {});
  lab.ack(9000);
  const auto sent = lab.pull();
  ASSERT_FALSE(sent.empty());
  EXPECT_TRUE(sent[0].cwr);
  EXPECT_TRUE(sent[0].ect);
  for (std::size_t i = 1; i < sent.size(); ++i) EXPECT_FALSE(sent[i].cwr);
  EXPECT_EQ(lab.info().slow_start_threshold, reduced);
  lab.ack(10'000);
  EXPECT_EQ(lab.info().recovery, TcpRecoveryState::kOpen);
  EXPECT_EQ(lab.info().congestion_window, reduced);
}

// RFC 3168 6.1.5 MUST NOT: retransmissions carry no ECT.
TEST(SenderRecovery, RetransmissionsMayNotBeMarked) {
  Ten lab({.ecn = true});
  lab.ack(0, {{1000, 5000}});
  const auto sent = lab.pull();
  ASSERT_FALSE(sent.empty());
  ASSERT_TRUE(sent[0].is_retransmission);
  EXPECT_FALSE(sent[0].ect);
  EXPECT_FALSE(sent[0].cwr);
}

// RFC 1191 6.5 MUST: what was too big is sent again in smaller pieces, and that is no congestion.
TEST(SenderRecovery, ASmallerMssCutsWhatIsOut) {
  Ten lab;
  lab.sender.on_mss(lab.shared, 500, lab.now);
  const auto sent = lab.pull();
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent[0].segment_size, 500);
  EXPECT_EQ(sent[0].cause, TcpLossCause::kPathMtu);
  EXPECT_EQ(SenderLab::offset(sent[0].text.begin), 0U);
  EXPECT_EQ(lab.info().slow_start_threshold, UINT32_MAX);
  EXPECT_EQ(lab.info().recoveries, 0U);
}

// RFC 6937 3 MUST: recovery ends with the window at ssthresh, and never sends in one burst.
TEST(SenderRecovery, SpreadsTheReduction) {
  Ten lab;
  lab.ack(0, {{1000, 4000}});
  std::uint32_t burst_max = 0;
  for (std::uint32_t end = 4000; end <= 10'000; end += 1000) {
    lab.ack(0, {{1000, end}});
    std::uint32_t burst = 0;
    for (const auto& sent : lab.pull()) burst += sent.text.length();
    if (end > 4000) burst_max = std::max(burst_max, burst);
  }
  EXPECT_LE(burst_max, 2000U);
}

}  // namespace
}  // namespace strata::tcp::sender_recovery_test
