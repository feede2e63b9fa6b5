// SPDX-License-Identifier: Apache-2.0
// Acknowledgements that lie.
#include <gtest/gtest.h>

#include "tcp/send/sender_testing.h"

namespace strata::tcp::sender_ack_test {
namespace {

using Texts = std::vector<Sent>;

// RFC 9293 3.10.7.4 MUST: an acknowledgement of what was never sent is refused, and changes
// nothing.
TEST(SenderAck, OptimisticAcknowledgementsChangeNothing) {
  SenderLab lab;
  lab.write(60'000);
  (void)lab.pull();
  const TcpInfo before = lab.info();
  AckEvent lie = lab.event(10'001);
  lie.window = 5;
  EXPECT_EQ(lab.ack(lie, {}).kind, AckKind::kTooNew);
  EXPECT_EQ(lab.sender.una(), SenderLab::at(0));
  EXPECT_EQ(lab.sender.window(), before.peer_window);
  EXPECT_EQ(lab.info().congestion_window, before.congestion_window);
}

// RFC 5681 3.1 MUST: dividing one acknowledgement into many gains nothing (RFC 3465: bytes count).
TEST(SenderAck, DividedAcknowledgementsGainNothing) {
  SenderLab whole;
  SenderLab divided;
  for (SenderLab* lab : {&whole, &divided}) {
    lab->write(60'000);
    (void)lab->pull();
    lab->advance(100ms);
  }
  whole.ack(2000);
  for (std::uint32_t acked = 10; acked <= 2000; acked += 10) divided.ack(acked);
  EXPECT_LE(divided.info().congestion_window, whole.info().congestion_window);
}

TEST(SenderAck, DuplicatesBeyondWhatIsOutGainNothing) {
  SenderLab lab({.sack = false});
  lab.write(60'000);
  (void)lab.pull();
  for (int i = 0; i < 500; ++i) {
    lab.ack(0);
    (void)lab.pull();
  }
  EXPECT_LE(lab.info().unacknowledged, 22'000U) << "what was out, and ssthresh again";
}

TEST(SenderAck, SackLiesMarkNothing) {
  SenderLab lab;
  lab.write(10'000);
  (void)lab.pull();
  lab.ack(0, {{10'000, 11'000}, {9000, 10'001}, {5000, 5000}, {6000, 5000}});
  EXPECT_EQ(lab.info().in_flight, 10'000U);
  lab.ack(0, {{1, 999}});  // no whole segment
  EXPECT_EQ(lab.info().in_flight, 10'000U);
}

// Every second segment SACKed, thousands of them, over and over: records stay one a segment.
TEST(SenderAck, ThousandsOfHolesAreBounded) {
  LabOptions options{.window = 8U << 20U};
  options.config.initial_window = 255;
  options.config.send_buffer_first = options.config.send_buffer_max = 4U << 20U;
  options.mss = 100;
  SenderLab lab(options);
  std::uint32_t acked = 0;
  for (int round = 0; round < 8; ++round) {
    lab.write(1U << 20U);
    (void)lab.pull();
    lab.advance(100ms);
    const std::uint32_t sent = SenderLab::offset(lab.sender.nxt());
    while (acked < sent) lab.ack(acked = std::min(acked + 200, sent));
  }
  lab.write(1U << 20U);
  (void)lab.pull();
  lab.advance(100ms);
  const std::uint32_t end = SenderLab::offset(lab.sender.nxt());
  ASSERT_GT((end - acked) / 100, 2000U);
  for (int again = 0; again < 3; ++again) {
    for (std::uint32_t at = acked + 100; at + 100 <= end; at += 200) {
      lab.ack(acked, {{at, at + 100}});
      ASSERT_LE(lab.shared.records.size(), (end - acked) / 100 + 3000U);
    }
    (void)lab.pull();
  }
  lab.ack(SenderLab::offset(lab.sender.nxt()));
}

TEST(SenderAck, TimestampLiesGiveNoSamples) {
  SenderLab lab;
  lab.write(10'000);
  (void)lab.pull();
  lab.run_deadline();
  (void)lab.pull();
  lab.run_deadline();
  (void)lab.pull();
  const Duration srtt = lab.sender.rtt().srtt();
  AckEvent lie = lab.event(1000);
  lie.echo = lie.clock + 5000;  // from the future
  lab.ack(lie, {});
  EXPECT_EQ(lab.sender.rtt().srtt(), srtt);
}

// RFC 6298 3 MUST: no sample when it is not known which of two transmissions was answered.
TEST(SenderAck, AnswersToDuplicatesAreNoSamples) {
  for (const bool sack : {true, false}) {
    SenderLab lab({.sack = sack});
    lab.write(1000);
    const auto first = lab.clock();
    (void)lab.pull();
    lab.advance(1s);  // the peer's answer was lost
    while (lab.pull().empty()) lab.run_deadline();
    lab.advance(100ms);
    const Duration srtt = lab.sender.rtt().srtt();
    AckEvent answer = lab.event(1000);
    answer.echo = first;
    if (sack) {
      lab.ack(answer, {{0, 1000}});
    } else {
      lab.ack(answer, {});
    }
    EXPECT_EQ(lab.sender.rtt().srtt(), srtt) << sack;
  }
}

TEST(SenderAck, EchoesTellWhichTransmissionWasAnswered) {
  SenderLab lab;
  lab.write(1000);
  (void)lab.pull();
  while (lab.pull().empty()) lab.run_deadline();
  AckEvent answer = lab.event(1000);
  lab.advance(500ms);
  answer.clock = lab.clock();
  lab.ack(answer, {});
  EXPECT_GT(lab.sender.rtt().srtt(), 140ms);
}

// Any acknowledgement at all, at any time: what was acknowledged is never asked for again, nothing
// grows, and the sums hold.
TEST(SenderAck, SurvivesAnyHistory) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    SenderLab lab({.sack = seed % 4 != 0, .timestamps = seed % 3 != 0, .ecn = seed % 2 == 0});
    for (int step = 0; step < 400; ++step) {
      lab.write(static_cast<std::uint32_t>(rng.below(5000)), rng.chance({1, 8}));
      for (const auto& sent : lab.pull(rng.chance({1, 3}) ? 0 : 65535)) {
        ASSERT_GE(sent.text.begin, lab.sender.una());
        ASSERT_LE(sent.text.end, lab.sender.nxt());
      }
      const std::uint32_t una = SenderLab::offset(lab.sender.una());
      const std::uint32_t out = SenderLab::offset(lab.sender.nxt()) - una;
      const auto place = [&] {
        return static_cast<std::uint32_t>(una + rng.below(out + 3000ULL)) - 1500U;
      };
      AckEvent ack = lab.event(rng.chance({1, 2}) ? una : place());
      ack.echo = ack.clock - static_cast<std::uint32_t>(rng.below(1000));
      ack.ece = rng.chance({1, 5});
      if (rng.chance({1, 6})) ack.window = static_cast<std::uint32_t>(rng.below(3000));
      ack.length = rng.chance({1, 8}) ? 10 : 0;
      (void)lab.ack(ack, {{place(), place()}, {place(), place()}, {una + 1000, una + 2000}});
      if (rng.chance({1, 20})) {
        lab.sender.on_mss(lab.shared, static_cast<std::uint16_t>(rng.between(40, 1500)), lab.now);
      }
      lab.advance(Duration(static_cast<std::int64_t>(rng.below(200'000'000))));
      const auto deadline = lab.sender.next_deadline(lab.shared);
      if (deadline && *deadline <= lab.now) {
        (void)lab.sender.on_deadline(lab.shared, {.retries = 255}, lab.now);
      }
      const TcpInfo info = lab.info();
      ASSERT_LE(info.in_flight, info.unacknowledged);
      ASSERT_GE(info.congestion_window, 1U);
      ASSERT_TRUE(!lab.sender.has_outstanding() || lab.sender.next_deadline(lab.shared))
          << "text is out and nobody waits for it";
    }
  }
}

}  // namespace
}  // namespace strata::tcp::sender_ack_test
