// SPDX-License-Identifier: Apache-2.0
// The sender as its connection sees it: writing, sending, windows, Nagle, FIN, urgent data.
#include "tcp/send/sender.h"

#include <gtest/gtest.h>

#include "tcp/send/sender_testing.h"

namespace strata::tcp::sender_test {
namespace {

using Texts = std::vector<Sent>;

TEST(Sender, SendsWhatWasWrittenInOneSuperSegment) {
  SenderLab lab;
  EXPECT_EQ(lab.write(5000), 5000U);
  const auto sent = lab.pull();
  EXPECT_EQ(texts(sent), (Texts{{0, 5000}}));
  EXPECT_EQ(sent[0].segments, 5);
  EXPECT_TRUE(sent[0].push);
  EXPECT_FALSE(sent[0].is_retransmission);
  EXPECT_EQ(lab.ack(5000).kind, AckKind::kNew);
  EXPECT_FALSE(lab.sender.has_outstanding());
  EXPECT_EQ(lab.sender.next_deadline(lab.shared), std::nullopt);
}

TEST(Sender, GivesEverythingBackSomeTimeAfterItFellIdle) {
  SenderLab lab;
  lab.write(5000);
  (void)lab.pull();
  lab.ack(5000);
  EXPECT_EQ(lab.account.used(), 0U);
  EXPECT_EQ(lab.account.holders(), 0U);
  EXPECT_EQ(lab.shared.records.size(), 1U);  // one is kept warm
  EXPECT_EQ(lab.shared.flights.size(), 1U);
  EXPECT_EQ(lab.shared.next_fold(), lab.now + Flight::kRest);
  Sender::on_fold(lab.shared, lab.now + Flight::kRest - Duration{1});
  EXPECT_EQ(lab.shared.flights.size(), 1U);
  Sender::on_fold(lab.shared, lab.now + Flight::kRest);
  EXPECT_EQ(lab.shared.flights.size(), 0U);
  EXPECT_EQ(lab.shared.next_fold(), std::nullopt);
  EXPECT_EQ(lab.info().bytes_acknowledged, 5000U);
}

TEST(Sender, BeginsAnewFromAFlightThatRests) {
  SenderLab lab;
  for (std::uint32_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(lab.write(5000), 5000U);
    EXPECT_EQ(texts(lab.pull()), (Texts{{(i - 1) * 5000, i * 5000}}));
    lab.ack(i * 5000);
    EXPECT_EQ(lab.shared.flights.size(), 1U);
    EXPECT_EQ(lab.sender.next_deadline(lab.shared), std::nullopt);
    EXPECT_EQ(lab.info().bytes_acknowledged, i * 5000U);
  }
}

TEST(Sender, KeepsAFlightThatIsBusyWhenItsFirstRestWouldEnd) {
  SenderLab lab;
  lab.write(5000);
  (void)lab.pull();
  lab.ack(5000);
  lab.write(5000);
  Sender::on_fold(lab.shared, lab.now + Flight::kRest);
  EXPECT_EQ(lab.shared.flights.size(), 1U);
  EXPECT_EQ(lab.shared.next_fold(), std::nullopt) << "nobody rests";
  EXPECT_EQ(texts(lab.pull()), (Texts{{5000, 10000}}));
  lab.ack(10000);
  EXPECT_EQ(lab.shared.next_fold(), lab.now + Flight::kRest);
}

TEST(Sender, RestsFromTheLastTimeOnThatItFellIdle) {
  SenderLab lab;
  lab.write(5000);
  (void)lab.pull();
  lab.ack(5000);
  const Time first = lab.now;
  lab.now += Flight::kRest - Duration{1};
  lab.write(5000);
  (void)lab.pull();
  lab.ack(10000);
  Sender::on_fold(lab.shared, first + Flight::kRest);
  EXPECT_EQ(lab.shared.flights.size(), 1U);
  EXPECT_EQ(lab.shared.next_fold(), lab.now + Flight::kRest);
  Sender::on_fold(lab.shared, lab.now + Flight::kRest);
  EXPECT_EQ(lab.shared.flights.size(), 0U);
}

TEST(Sender, IsSmallWhenIdle) { EXPECT_LE(sizeof(Sender), 168U); }

// RFC 6928 2 MUST: the initial window is at most min(10 SMSS, max(2 SMSS, 14600)).
TEST(Sender, BeginsWithTheInitialWindow) {
  struct Row {
    std::uint16_t mss;
    std::uint32_t window;
  };
  for (const Row& row : {Row{536, 5360}, Row{1460, 14600}, Row{2000, 14000}, Row{9000, 18000}}) {
    SenderLab lab({.mss = row.mss});
    lab.write(64000);
    std::uint32_t total = 0;
    for (const auto& sent : lab.pull()) total += sent.text.length();
    EXPECT_EQ(total, row.window) << row.mss;
  }
}

// RFC 5681 3.1 MUST: after a lost SYN or SYN,ACK the first window is one segment.
TEST(Sender, BeginsWithOneSegmentAfterALostSyn) {
  SenderLab lab;
  Sender other{SequenceNumber(kFirst)};
  other.on_established(lab.shared,
                       {.una = SenderLab::at(0),
                        .seq = SequenceNumber(1),
                        .window = 65535,
                        .mss = kMss,
                        .handshake_was_retransmitted = true},
                       lab.now);
  const std::vector<std::byte> bytes(5000);
  EXPECT_EQ(other.write(lab.shared, bytes, lab.now), 5000U);
  const auto sent = other.next_transmission(lab.shared, {.bytes_max = 65535}, lab.now);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->text.length(), kMss);
  EXPECT_FALSE(other.next_transmission(lab.shared, {.bytes_max = 65535}, lab.now));
  // RFC 6298 5.7 MUST: without a sample the timeout is three seconds then.
  EXPECT_EQ(other.next_deadline(lab.shared), lab.now + 3s);
  other.release(lab.shared);
}

// RFC 9293 3.8.6 MUST: nothing new leaves beyond the offered window.
TEST(Sender, ObeysThePeersWindow) {
  SenderLab lab({.window = 2500});
  lab.write(9000);
  EXPECT_EQ(texts(lab.pull()), (Texts{{0, 2000}}));
  lab.window = 3500;
  lab.ack(1000);
  EXPECT_EQ(texts(lab.pull()), (Texts{{2000, 4000}}));
}

// RFC 9293 3.8.6.2.1 MUST: a sender avoids the silly window syndrome.
TEST(Sender, DoesNotFillSillyWindows) {
  SenderLab lab({.window = 4000});
  lab.write(9000);
  EXPECT_EQ(texts(lab.pull()), (Texts{{0, 4000}}));
  lab.window = 3100;
  lab.ack(1000);
  EXPECT_TRUE(lab.pull().empty());  // 100 bytes of window
  lab.window = 3200;
  lab.ack(4000);
  EXPECT_EQ(texts(lab.pull()), (Texts{{4000, 7000}}));
}

// RFC 9293 3.8.6.2.1 SHOULD: half of the largest window the peer ever offered is worth sending.
TEST(Sender, FillsHalfOfASmallWindow) {
  SenderLab lab({.window = 600});
  lab.write(9000);
  EXPECT_EQ(texts(lab.pull()), (Texts{{0, 600}}));
  lab.window = 200;
  lab.ack(600);
  EXPECT_TRUE(lab.pull().empty());
  lab.window = 300;
  lab.ack(600);
  EXPECT_EQ(texts(lab.pull()), (Texts{{600, 900}}));
}

// RFC 9293 3.10.7.4 MUST: only newer segments move the window.
TEST(Sender, IgnoresTheWindowOfOldSegments) {
  SenderLab lab;
  lab.write(3000);
  (void)lab.pull();
  AckEvent newer = lab.event(1000);
  newer.seq = SequenceNumber(100);
  newer.window = 7000;
  lab.ack(newer, {});
  AckEvent older = lab.event(1000);
  older.seq = SequenceNumber(50);
  older.window = 10;
  lab.ack(older, {});
  EXPECT_EQ(lab.sender.window(), 7000U);
}

// RFC 9293 3.7.4 SHOULD: Nagle's rule holds back a small segment while another is unacknowledged.
TEST(Sender, HoldsBackSmallSegmentsWhileOneIsOut) {
  SenderLab lab;
  lab.write(10);
  EXPECT_EQ(texts(lab.pull()), (Texts{{0, 10}}));
  lab.write(10);
  EXPECT_TRUE(lab.pull().empty());
  lab.write(1000);
  EXPECT_EQ(texts(lab.pull()), (Texts{{10, 1010}}));
  lab.ack(10);
  EXPECT_EQ(texts(lab.pull()), (Texts{{1010, 1020}}));
}

// RFC 9293 3.7.4 MUST: a program can switch Nagle's rule off.
TEST(Sender, SendsSmallSegmentsAtOnceWithNoDelay) {
  SenderLab lab;
  lab.sender.set_options(lab.shared, {.no_delay = true}, lab.now);
  lab.write(10);
  EXPECT_EQ(texts(lab.pull()), (Texts{{0, 10}}));
  lab.write(10);
  EXPECT_EQ(texts(lab.pull()), (Texts{{10, 20}}));
}

TEST(Sender, CorkHoldsBackForAWhileOnly) {
  SenderLab lab;
  lab.sender.set_options(lab.shared, {.cork = true}, lab.now);
  lab.write(1500);
  EXPECT_EQ(texts(lab.pull()), (Texts{{0, 1000}}));
  lab.ack(1000);
  EXPECT_TRUE(lab.pull().empty());
  EXPECT_EQ(lab.until_deadline(), 200ms);
  lab.run_deadline();
  EXPECT_EQ(texts(lab.pull()), (Texts{{1000, 1500}}));
}

TEST(Sender, MoreHoldsBackUntilTheNextWrite) {
  SenderLab lab;
  lab.write(500, true);
  EXPECT_TRUE(lab.pull().empty());
  lab.write(100);
  EXPECT_EQ(texts(lab.pull()), (Texts{{0, 600}}));
}

// RFC 9293 3.9.1.2 MUST: PSH is set in the last segment of what is queued.
TEST(Sender, PushesTheLastSegmentAndSuperSegments) {
  SenderLab lab({.window = 1000});
  lab.write(5000);
  auto sent = lab.pull();
  EXPECT_FALSE(sent.back().push) << "one segment, and more behind it";
  AckEvent opened = lab.event(1000);
  opened.window = 3000;
  lab.ack(opened, {});
  sent = lab.pull();
  EXPECT_EQ(texts(sent), (Texts{{1000, 4000}}));
  EXPECT_TRUE(sent.back().push) << "its receiver shall hand it on";
  lab.ack(4000);
  sent = lab.pull();
  EXPECT_TRUE(sent.back().push);
}

TEST(Sender, FinGoesWithTheLastText) {
  SenderLab lab;
  lab.write(1500);
  ASSERT_TRUE(lab.sender.queue_fin(lab.shared, lab.now));
  const auto sent = lab.pull();
  EXPECT_EQ(texts(sent), (Texts{{0, 1500}}));
  EXPECT_TRUE(sent[0].fin);
  EXPECT_TRUE(lab.sender.is_fin_sent());
  AckOutcome outcome = lab.ack(1500);
  EXPECT_FALSE(outcome.fin_acked);
  EXPECT_EQ(outcome.bytes_acked, 1500U);
  outcome = lab.ack(1501);
  EXPECT_TRUE(outcome.fin_acked);
  EXPECT_EQ(outcome.bytes_acked, 0U);
  EXPECT_TRUE(lab.sender.is_finished());
  EXPECT_FALSE(lab.sender.next_deadline(lab.shared));
}

TEST(Sender, FinAloneIsSentAndSentAgain) {
  SenderLab lab;
  ASSERT_TRUE(lab.sender.queue_fin(lab.shared, lab.now));
  auto sent = lab.pull();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_TRUE(sent[0].fin);
  EXPECT_EQ(sent[0].payload, nullptr);
  lab.run_deadline();
  sent = lab.pull();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_TRUE(sent[0].fin);
  EXPECT_TRUE(sent[0].is_retransmission);
  EXPECT_TRUE(lab.ack(1).fin_acked);
  EXPECT_EQ(lab.write(1), 0U);
}

// RFC 9293 3.8.5 MUST: urgent data of any length is announced, even beyond a closed window's edge.
TEST(Sender, UrgentPointerPointsBehindTheUrgentByte) {
  SenderLab lab;
  lab.write(1500);
  lab.sender.mark_urgent(lab.shared);
  lab.write(700);
  const auto sent = lab.pull();
  ASSERT_EQ(texts(sent), (Texts{{0, 1000}, {1000, 2000}, {2000, 2200}}));
  EXPECT_EQ(sent[0].urgent_pointer, 1500);
  EXPECT_EQ(sent[1].urgent_pointer, 500);
  EXPECT_FALSE(sent[2].urgent_pointer);
}

TEST(Sender, TakesWhatTheBufferHasRoomFor) {
  LabOptions options;
  options.config.send_buffer_first = 4000;
  SenderLab lab(options);
  EXPECT_EQ(lab.write(10000), 4000U);
  EXPECT_EQ(lab.write(1), 0U);
  (void)lab.pull();
  lab.ack(3000);
  EXPECT_GE(lab.sender.room(lab.shared), 3000U);
}

TEST(Sender, BufferGrowsToTwiceTheWindow) {
  SenderLab lab;
  EXPECT_EQ(lab.sender.room(lab.shared), 64U << 10U);
  std::uint32_t acked = 0;
  for (int i = 0; i < 12; ++i) {
    lab.write(4U << 20U);
    (void)lab.pull();
    lab.advance(50ms);
    const std::uint32_t sent = SenderLab::offset(lab.sender.nxt());
    while (acked < sent) lab.ack(acked = std::min(acked + 2 * kMss, sent));
  }
  EXPECT_GT(lab.info().send_buffer, 1U << 20U);
  EXPECT_LE(lab.info().send_buffer, lab.config.send_buffer_max);
}

TEST(Sender, RefusesWritesWhenTheAccountIsEmpty) {
  SenderLab lab({.account_max = 67000});
  EXPECT_EQ(lab.write(60000), 2048U);
  EXPECT_EQ(lab.write(60000), 0U);
  (void)lab.pull();
  lab.ack(2048);
  EXPECT_EQ(lab.write(100), 100U);
}

TEST(Sender, UnderPressureTakesNothingBeyondItsShare) {
  SenderLab lab({.account_max = 1'000'000, .account_pressure = 200'000});
  ASSERT_EQ(lab.write(60'000), 60'000U);
  for (int i = 0; i < 19; ++i) lab.account.enter();
  ASSERT_TRUE(lab.account.try_take(300'000));
  EXPECT_EQ(lab.sender.room(lab.shared), 0U);
  EXPECT_EQ(lab.write(1000), 0U);
  while (lab.sender.queued(lab.shared) > 0) {
    ASSERT_FALSE(lab.pull().empty());
    lab.advance(100ms);
    lab.ack(SenderLab::offset(lab.sender.nxt()));
  }
  EXPECT_EQ(lab.write(1000), 1000U) << "what has left makes room, whatever others hold";
  lab.account.give_back(300'000);
  for (int i = 0; i < 19; ++i) lab.account.leave();
}

TEST(Sender, TakesOwnedPacketsWholeOrNotAtAll) {
  LabOptions options;
  options.config.send_buffer_first = 40000;
  SenderLab lab(options);
  const auto packet_of = [&](std::uint32_t size) {
    PacketPtr packet = lab.pool.allocate_for(size, 0);
    std::uint32_t i = lab.written;
    for (std::byte& byte : packet->append(size)) byte = SenderLab::byte_at(i++);
    return packet;
  };
  PacketPtr first = packet_of(30000);
  EXPECT_TRUE(lab.sender.write_owned(lab.shared, first, lab.now));
  EXPECT_EQ(first, nullptr);
  lab.written += 30000;
  PacketPtr second = packet_of(30000);
  EXPECT_FALSE(lab.sender.write_owned(lab.shared, second, lab.now));
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(texts(lab.pull()), (Texts{{0, 10000}}));
}

TEST(Sender, AnswersWhatKindOfAcknowledgementItWas) {
  SenderLab lab({.window = 20000});
  lab.write(30000);
  (void)lab.pull();
  EXPECT_EQ(lab.ack(10001).kind, AckKind::kTooNew);
  EXPECT_EQ(lab.ack(5000).kind, AckKind::kNew);
  EXPECT_EQ(lab.ack(5000).kind, AckKind::kDuplicate);
  EXPECT_EQ(lab.ack(4000).kind, AckKind::kOld);
  AckEvent ancient = lab.event(0);
  ancient.ack = SenderLab::at(0) - 20000U;
  EXPECT_EQ(lab.ack(ancient, {}).kind, AckKind::kTooOld);
  lab.window = 30000;
  EXPECT_EQ(lab.ack(5000).kind, AckKind::kUpdate);
}

TEST(Sender, SharesFirstTextForASyn) {
  SenderLab lab;
  Sender other{SequenceNumber(kFirst)};
  const std::vector<std::byte> bytes(3000, std::byte{7});
  EXPECT_EQ(other.write(lab.shared, bytes, lab.now), 3000U);
  EXPECT_FALSE(other.next_transmission(lab.shared, {.bytes_max = 65535}, lab.now));
  const PacketPtr first = other.share_first(lab.shared, 1000);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->size(), 1000U);
  other.on_established(
      lab.shared,
      {.una = SenderLab::at(1000), .seq = SequenceNumber(1), .window = 65535, .mss = kMss},
      lab.now);
  const auto sent = other.next_transmission(lab.shared, {.bytes_max = 65535}, lab.now);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->text, (SequenceRange{SenderLab::at(1000), SenderLab::at(3000)}));
  other.release(lab.shared);
}

TEST(Sender, MovesToAnotherPlaceWithAllItsText) {
  SenderLab from;
  from.write(15000);
  (void)from.pull();
  from.advance(100ms);
  from.ack(3000);
  const SenderSnapshot snapshot = from.sender.snapshot(from.shared);
  std::vector<std::byte> text(snapshot.queued);
  from.sender.copy_text(from.shared, 0, text);

  SenderLab lab;
  Sender to{SequenceNumber(0)};
  ASSERT_TRUE(to.restore(lab.shared, snapshot, &congestion::kCubic, lab.now));
  EXPECT_EQ(to.write(lab.shared, text, lab.now), text.size());
  ASSERT_TRUE(to.finish_restore(lab.shared, snapshot, lab.now));
  EXPECT_EQ(to.una(), from.sender.una());
  EXPECT_EQ(to.nxt(), from.sender.nxt());
  EXPECT_EQ(to.rtt().srtt(), from.sender.rtt().srtt());
  // What was under way is sent again when nobody acknowledges it.
  const auto deadline = to.next_deadline(lab.shared);
  ASSERT_TRUE(deadline);
  while (to.next_transmission(lab.shared, {.bytes_max = 65535}, lab.now)) {
  }
  EXPECT_EQ(to.on_ack(lab.shared, {.seq = SequenceNumber(1), .ack = to.nxt(), .window = 1U << 20U},
                      lab.now)
                .kind,
            AckKind::kNew);
  EXPECT_EQ(to.una(), SenderLab::at(15000));
  to.release(lab.shared);
}

}  // namespace
}  // namespace strata::tcp::sender_test
