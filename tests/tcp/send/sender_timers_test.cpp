// SPDX-License-Identifier: Apache-2.0
// The retransmission timer, the persist timer, and giving up.
#include <gtest/gtest.h>

#include "tcp/send/sender_testing.h"

namespace strata::tcp::sender_timers_test {
namespace {

using Texts = std::vector<Sent>;

// Timestamps and SACK would answer sooner than the timer.
LabOptions plain() { return {.sack = false, .timestamps = false}; }

// RFC 6298 5.1 MUST: the timer runs while anything is out.
// RFC 6298 5.2 MUST: and stops when everything is acknowledged.
TEST(SenderTimers, RunWhileSomethingIsOut) {
  SenderLab lab(plain());
  EXPECT_FALSE(lab.until_deadline());
  lab.write(10'000);
  EXPECT_FALSE(lab.until_deadline());
  (void)lab.pull();
  EXPECT_EQ(lab.until_deadline(), 300ms);  // 100 + max(200, 4 * 50)
  lab.ack(10'000);
  EXPECT_FALSE(lab.until_deadline());
}

// RFC 6298 5.3 SHOULD: an acknowledgement of new data starts it anew.
TEST(SenderTimers, RestartWithEachAcknowledgement) {
  SenderLab lab(plain());
  lab.write(10'000);
  (void)lab.pull();
  lab.advance(100ms);
  lab.ack(1000);
  EXPECT_GT(*lab.until_deadline(), 290ms);
}

// RFC 7765 4 SHOULD: with fewer than four segments out, it counts from when the first was sent.
TEST(SenderTimers, CountFromTheFirstWhenFewAreOut) {
  SenderLab lab(plain());
  lab.write(4000);
  (void)lab.pull();
  lab.advance(100ms);
  lab.ack(2000);
  EXPECT_EQ(*lab.until_deadline(), lab.info().retransmission_timeout - 100ms);
}

// RFC 6298 5.4 MUST: when it expires the earliest segment is sent again.
// RFC 6298 5.5 MUST: and the timeout doubles.
// RFC 5681 3.1 MUST: cwnd becomes one segment, ssthresh half of what was in flight.
TEST(SenderTimers, ExpiryRepeatsTheFirstAndBacksOff) {
  SenderLab lab(plain());
  lab.write(60'000);
  (void)lab.pull();
  lab.run_deadline();
  auto sent = lab.pull();
  EXPECT_EQ(texts(sent), (Texts{{0, 1000}}));
  EXPECT_EQ(sent[0].cause, TcpLossCause::kTimeout);
  EXPECT_EQ(lab.info().congestion_window, 1000U);
  EXPECT_EQ(lab.info().slow_start_threshold, 5000U);
  EXPECT_EQ(lab.until_deadline(), 600ms);
  lab.run_deadline();
  EXPECT_EQ(texts(lab.pull()), (Texts{{0, 1000}}));
  EXPECT_EQ(lab.until_deadline(), 1200ms);
  // RFC 5681 3.1 MUST: a second timeout of the same segment leaves ssthresh alone.
  EXPECT_EQ(lab.info().slow_start_threshold, 5000U);
}

// RFC 6298 3 MUST: what was sent again gives no sample (Karn), so the back-off stays.
TEST(SenderTimers, KarnKeepsTheBackOff) {
  SenderLab lab(plain());
  lab.write(3000);
  (void)lab.pull();
  lab.run_deadline();
  (void)lab.pull();
  const Duration srtt = lab.sender.rtt().srtt();
  lab.advance(10ms);
  lab.ack(1000);
  EXPECT_EQ(lab.sender.rtt().srtt(), srtt);
  EXPECT_EQ(lab.info().backoffs, 1);
}

// RFC 7323 4.1 MUST: with timestamps, an acknowledgement of new data gives one all the same.
TEST(SenderTimers, TimestampsGiveASampleAfterARetransmission) {
  SenderLab lab({.sack = false});
  lab.write(3000);
  (void)lab.pull();
  lab.run_deadline();
  (void)lab.pull();
  const std::uint32_t stamp = lab.clock();
  lab.advance(60ms);
  AckEvent ack = lab.event(1000);
  ack.echo = stamp;
  lab.ack(ack, {});
  EXPECT_LT(lab.sender.rtt().srtt(), 100ms);
  EXPECT_EQ(lab.info().backoffs, 0);
}

// RFC 9293 3.8.3 MUST: R1 is told, and after R2 the connection is given up.
TEST(SenderTimers, SuspectsAndGivesUp) {
  SenderLab lab(plain());
  lab.write(1000);
  (void)lab.pull();
  std::vector<DeadlineOutcome> outcomes;
  for (int i = 0; i < 6; ++i) {
    outcomes.push_back(lab.run_deadline({.retries = 5}));
    (void)lab.pull();
  }
  using enum DeadlineOutcome;
  EXPECT_EQ(outcomes, (std::vector{kNothing, kNothing, kSuspect, kNothing, kNothing, kGaveUp}));
}

// RFC 5482 2 MAY: with a user timeout, time decides.
TEST(SenderTimers, GivesUpAtTheUserTimeout) {
  SenderLab lab(plain());
  lab.write(1000);
  (void)lab.pull();
  const Time began = lab.now;
  const Patience patience{.retries = 15, .user_timeout = 5s};
  while (lab.run_deadline(patience) != DeadlineOutcome::kGaveUp) {
    (void)lab.pull();
    ASSERT_LT(lab.now - began, 6s);
  }
  EXPECT_EQ(lab.now - began, 5s);
}

// RFC 5482 2: a closed window does not stop the user timeout, which begins with what is written.
TEST(SenderTimers, TheUserTimeoutOfAClosedWindowBeginsWithTheText) {
  SenderLab lab({.window = 0});
  lab.write(5000);
  EXPECT_TRUE(lab.pull().empty());
  const Time began = lab.now;
  while (lab.run_deadline({.user_timeout = 10s}) != DeadlineOutcome::kGaveUp) {
    EXPECT_EQ(lab.pull().size(), 1U);
    lab.ack(0);
    ASSERT_LT(lab.now - began, 20s);
  }
  EXPECT_GE(lab.now - began, 10s);
}

TEST(SenderTimers, NobodyWaitsForEverBehindAClosedWindow) {
  SenderLab lab({.window = 0});
  lab.write(5000);
  (void)lab.pull();
  const Time began = lab.now;
  while (lab.run_deadline({.retries = 8, .is_orphan = true}) != DeadlineOutcome::kGaveUp) {
    EXPECT_EQ(lab.pull().size(), 1U);
    lab.ack(0);
    ASSERT_LT(lab.now - began, 10min);
  }
  EXPECT_GT(lab.now - began, 1min);
}

// RFC 9293 3.8.6.1 MUST: a closed window is probed, at increasing intervals, with a byte of text.
TEST(SenderTimers, ProbesAClosedWindow) {
  SenderLab lab({.window = 1000});
  lab.write(5000);
  (void)lab.pull();
  lab.window = 0;
  lab.advance(100ms);
  lab.ack(1000);
  EXPECT_TRUE(lab.pull().empty());
  std::vector<Duration> waits;
  for (int i = 0; i < 5; ++i) {
    waits.push_back(*lab.until_deadline());
    EXPECT_EQ(lab.run_deadline(), DeadlineOutcome::kNothing);
    const auto sent = lab.pull();
    ASSERT_EQ(texts(sent), (Texts{{1000, 1001}})) << i;
    EXPECT_TRUE(sent[0].is_probe);
    lab.ack(1000);  // RFC 9293 3.8.6.1 MUST: as long as it answers, the connection stays
  }
  for (std::size_t i = 1; i < waits.size(); ++i) EXPECT_GE(waits[i], waits[i - 1] * 3 / 2);
  EXPECT_EQ(lab.info().timeouts, 0U);
  EXPECT_EQ(lab.info().slow_start_threshold, UINT32_MAX);
  EXPECT_GT(lab.info().limited_by_peer_window, 1s);
  lab.window = 8000;
  EXPECT_TRUE(lab.ack(1000).window_opened);
  EXPECT_EQ(texts(lab.pull()), (Texts{{1000, 1001}, {1001, 5000}}));
}

// RFC 9293 3.8.6.1 MUST: a probe that the window took after all is not sent again.
TEST(SenderTimers, AProbeMayBeTaken) {
  SenderLab lab({.window = 1000});
  lab.write(5000);
  (void)lab.pull();
  lab.window = 0;
  lab.ack(1000);
  (void)lab.pull();
  lab.run_deadline();
  (void)lab.pull();
  lab.window = 4000;
  lab.ack(1001);
  EXPECT_EQ(texts(lab.pull()), (Texts{{1001, 5000}}));
}

TEST(SenderTimers, AClosedWindowThatNeverAnswersIsGivenUp) {
  SenderLab lab({.window = 1000});
  lab.write(5000);
  (void)lab.pull();
  lab.window = 0;
  lab.ack(1000);
  (void)lab.pull();
  int probes = 0;
  while (lab.run_deadline({.retries = 6}) != DeadlineOutcome::kGaveUp) {
    (void)lab.pull();
    ASSERT_LT(++probes, 20);
  }
  EXPECT_EQ(probes, 6);
}

// RFC 9293 3.8.6.2.1 MUST: what silly window avoidance holds back is sent in the end.
TEST(SenderTimers, OverridesASillyWindow) {
  SenderLab lab({.window = 4000});
  lab.write(9000);
  (void)lab.pull();
  lab.window = 100;
  lab.ack(4000);
  EXPECT_TRUE(lab.pull().empty());
  lab.run_deadline();
  EXPECT_EQ(texts(lab.pull()), (Texts{{4000, 4100}}));
}

// RFC 2018 8 MUST: after a timeout what was SACKed and is not acknowledged is sent again.
TEST(SenderTimers, SendsAgainWhatWasRenegedOn) {
  SenderLab lab;
  lab.write(10'000);
  (void)lab.pull();
  lab.advance(100ms);
  lab.ack(0, {{1000, 10'000}});
  (void)lab.pull();
  lab.advance(100ms);
  lab.ack(1000);  // and not 10,000: the rest was thrown away
  EXPECT_TRUE(lab.pull().empty());
  EXPECT_LE(*lab.until_deadline(), 100ms);
  lab.run_deadline();
  std::uint32_t acked = 1000;
  for (int i = 0; i < 40 && acked < 10'000; ++i) {
    for (const auto& sent : lab.pull()) {
      EXPECT_EQ(SenderLab::offset(sent.text.begin), acked);
      acked = SenderLab::offset(sent.text.end);
    }
    lab.advance(100ms);
    lab.ack(acked);
  }
  EXPECT_EQ(acked, 10'000U);
}

// RFC 6069 4 MAY: an unreachable way is no congestion: a back-off is taken back.
TEST(SenderTimers, UnreachableTakesABackOffBack) {
  SenderLab lab(plain());
  lab.write(1000);
  (void)lab.pull();
  lab.run_deadline();
  (void)lab.pull();
  EXPECT_EQ(lab.until_deadline(), 600ms);
  lab.sender.on_icmp_soft(lab.shared, SenderLab::at(500), lab.now);
  EXPECT_EQ(lab.until_deadline(), 600ms) << "not about this segment";
  lab.sender.on_icmp_soft(lab.shared, SenderLab::at(0), lab.now);
  EXPECT_EQ(lab.until_deadline(), 300ms);
}

// RFC 5681 4.1 SHOULD: after more than a timeout of silence a window starts again small.
TEST(SenderTimers, ARestartAfterIdleIsSmall) {
  SenderLab lab;
  std::uint32_t acked = 0;
  for (int round = 0; round < 5; ++round) {
    lab.write(60'000);
    (void)lab.pull();
    lab.advance(100ms);
    const std::uint32_t sent = SenderLab::offset(lab.sender.nxt());
    while (acked < sent) lab.ack(acked = std::min(acked + 2 * kMss, sent));
  }
  while (lab.sender.has_outstanding() || lab.sender.unsent(lab.shared) > 0) {
    (void)lab.pull();
    lab.ack(SenderLab::offset(lab.sender.nxt()));
  }
  EXPECT_GT(lab.info().congestion_window, 20'000U);
  lab.advance(10s);
  lab.write(60'000);
  std::uint32_t burst = 0;
  for (const auto& sent : lab.pull()) burst += sent.text.length();
  EXPECT_LE(burst, 10'000U);
}

// RFC 4821 7.7 SHOULD: full segments that time out again and again look like a black hole.
TEST(SenderTimers, FallsBackFromABlackHole) {
  SenderLab lab({.sack = false, .timestamps = false, .mss = 1460});
  lab.write(20'000);
  (void)lab.pull();
  for (int i = 0; i < 2; ++i) {
    lab.run_deadline();
    EXPECT_EQ(lab.pull()[0].segment_size, 1460);
  }
  lab.run_deadline();
  const auto sent = lab.pull();
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent[0].segment_size, 1208);
  EXPECT_EQ(lab.sender.mss(), 1208);
}

TEST(SenderTimers, TriesAgainWhenThereWasNoMemory) {
  SenderLab lab;
  lab.write(5000);
  std::vector<PacketPtr> all;
  while (PacketPtr packet = lab.pool.allocate(BufferClass::kSmall)) {
    all.push_back(std::move(packet));
  }
  while (PacketPtr packet = all[0]->share(0, 0)) all.push_back(std::move(packet));
  EXPECT_TRUE(lab.pull().empty());
  EXPECT_EQ(lab.until_deadline(), 10ms);
  all.clear();
  lab.run_deadline();
  EXPECT_EQ(texts(lab.pull()), (Texts{{0, 5000}}));
}

}  // namespace
}  // namespace strata::tcp::sender_timers_test
