// SPDX-License-Identifier: Apache-2.0
// Receiver: which ACKs are owed, what is in them, and the window they offer.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tcp/receive/receiver.h"
#include "tcp/receive/rig.h"

namespace strata::tcp::receiver_acks_test {
namespace {

using testing::Commons;
using testing::milliseconds;
using testing::ReceivingPeer;

// RFC 5681 4.2 SHOULD: a duplicate ACK at once for each segment out of order.
TEST(ReceiverAcks, OwesOneForEachSegmentOfABatchBehindAHole) {
  Commons commons;
  ReceivingPeer peer(commons, {.irs = SequenceNumber(0), .window_offered = 65535});
  peer.end_quick_phase();
  const std::uint64_t hole = peer.receiver.bytes_received();
  for (std::uint64_t i = 1; i <= 9; ++i) peer.text(hole + i * 1000, 1000);
  EXPECT_TRUE(peer.receiver.owes_prompt_ack());
  std::vector<Ack> acks;
  while (const auto ack = peer.receiver.next_prompt_ack(commons.shared, peer.now)) {
    acks.push_back(*ack);
  }
  ASSERT_EQ(acks.size(), 9U) << "without SACK these are all the sender has";
  for (const Ack& ack : acks) {
    EXPECT_EQ(ack.ack, peer.at(hole));
    EXPECT_EQ(ack.window, acks[0].window) << "RFC 5681 2: else it would not be a duplicate";
    EXPECT_TRUE(ack.sack.empty());
  }
}

TEST(ReceiverAcks, CountsTheSegmentsOfAMergedUnitBehindAHole) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(5000, 1200, {.segments = 4});
  EXPECT_EQ(peer.acks().size(), 4U);
}

TEST(ReceiverAcks, SendsWhatDuplicatesRepeatBeforeThem) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(0, 1000);
  peer.text(2000, 1000);
  peer.text(3000, 1000);
  peer.text(1000, 1000);
  const auto acks = peer.acks();
  ASSERT_EQ(acks.size(), 4U);
  EXPECT_EQ(acks[0].ack, peer.at(1000));
  EXPECT_EQ(acks[1].ack, peer.at(1000));
  EXPECT_EQ(acks[2].ack, peer.at(1000));
  EXPECT_EQ(acks[3].ack, peer.at(4000));
}

// RFC 5681 4.2 SHOULD: an ACK at once for a segment that fills all or part of a gap.
TEST(ReceiverAcks, AreOwedAtOnceWhenAGapIsFilledInPart) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.end_quick_phase();
  const std::uint64_t hole = peer.receiver.bytes_received();
  peer.text(hole + 1000, 100);
  (void)peer.acks();
  for (std::uint64_t i = 0; i < 30; ++i) {
    peer.text(hole + i * 10, 10);
    const auto acks = peer.acks();
    ASSERT_EQ(acks.size(), 1U) << i;
    EXPECT_EQ(acks[0].ack, peer.at(hole + (i + 1) * 10));
  }
}

TEST(ReceiverAcks, TellBlocksInTheOrderOfTheirTriggers) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(1000, 100);
  peer.text(3000, 100);
  peer.text(5000, 100);
  const auto acks = peer.acks();
  ASSERT_EQ(acks.size(), 3U);
  EXPECT_EQ(peer.blocks(acks[0]), "1000-1100 5000-5100 3000-3100");
  EXPECT_EQ(peer.blocks(acks[1]), "3000-3100 5000-5100 1000-1100");
  EXPECT_EQ(peer.blocks(acks[2]), "5000-5100 3000-3100 1000-1100");
}

TEST(ReceiverAcks, LeaveRoomForTimestamps) {
  Commons commons;
  ReceivingPeer peer(commons, {.irs = SequenceNumber(0),
                               .window_offered = 65535,
                               .sack_permitted = true,
                               .timestamps = true});
  for (std::uint64_t i = 1; i < 9; ++i) peer.text(i * 1000, 100);
  EXPECT_EQ(peer.acks().back().sack.size(), 3U);
}

// RFC 2883 4 SHOULD: the ACK of a duplicate reports it in its first block.
TEST(ReceiverAcks, ReportDuplicates) {
  struct {
    const char* name;
    std::uint64_t begin;
    std::size_t count;
    const char* blocks;
  } const cases[] = {
      {"all of it read", 100, 200, "100-300 2000-3000"},
      {"waiting behind the hole", 2200, 100, "2200-2300 2000-3000"},
      {"in part below", 500, 600, "500-1000 2000-3000"},
      {"in part behind the hole", 2900, 300, "2900-3000 2000-3200"},
  };
  for (const auto& one : cases) {
    Commons commons;
    ReceivingPeer peer(commons);
    peer.text(0, 1000);
    peer.text(2000, 1000);
    (void)peer.acks();
    peer.text(one.begin, one.count);
    const auto acks = peer.acks();
    ASSERT_FALSE(acks.empty()) << one.name;
    EXPECT_EQ(peer.blocks(acks[0]), one.blocks) << one.name;
  }
}

TEST(ReceiverAcks, ReportADuplicateThatIsNotAcceptable) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(0, 1000);
  (void)peer.acks();
  peer.receiver.on_unacceptable(commons.shared, peer.at(500), 500);
  const auto acks = peer.acks();
  ASSERT_EQ(acks.size(), 1U);
  EXPECT_EQ(peer.blocks(acks[0]), "500-1000");
  peer.receiver.on_unacceptable(commons.shared, peer.at(900000), 500);
  EXPECT_EQ(peer.blocks(peer.acks().at(0)), "") << "never was here";
}

// RFC 9293 3.8.6.1: the probe of a closed window is how a peer learns that it has opened.
TEST(ReceiverAcks, OfProbesTellOfAWindowThatOpensWithoutARead) {
  Commons commons;
  ReceivingPeer peer(commons, {.irs = SequenceNumber(0), .window_offered = 2800});
  peer.text(0, 1400);
  peer.text(1400, 1400);
  const std::size_t others = commons.account.room();
  ASSERT_TRUE(commons.account.try_take(others));
  EXPECT_EQ(peer.acks().back().window, 0);
  commons.account.give_back(others);
  peer.receiver.on_unacceptable(commons.shared, peer.at(2800), 1);
  const auto answers = peer.acks();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_GT(answers[0].window, 2800);
}

TEST(ReceiverAcks, StayWithoutBlocksWhereTheyWereNotPermitted) {
  Commons commons;
  ReceivingPeer peer(commons, {.irs = SequenceNumber(0), .window_offered = 65535});
  peer.text(1000, 100);
  peer.text(1000, 100);
  for (const Ack& ack : peer.acks()) EXPECT_TRUE(ack.sack.empty());
}

TEST(ReceiverAcks, RideOnTextOfOurs) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(0, 1000);
  EXPECT_TRUE(peer.receiver.owes_ack());
  EXPECT_FALSE(peer.receiver.owes_prompt_ack());
  EXPECT_EQ(peer.receiver.acknowledged(), peer.at(0));
  EXPECT_EQ(peer.receiver.carried_ack(commons.shared, true, peer.now).ack, peer.at(1000));
  EXPECT_EQ(peer.receiver.acknowledged(), peer.at(1000));
  EXPECT_FALSE(peer.receiver.owes_ack());
  EXPECT_FALSE(peer.ack().has_value());
}

TEST(ReceiverAcks, RideAllAtOnceWhenNoneIsPrompt) {
  Commons commons;
  ReceivingPeer peer(commons);
  for (std::uint64_t i = 0; i < 6; ++i) peer.text(i * 1000, 1000);
  EXPECT_EQ(peer.receiver.carried_ack(commons.shared, true, peer.now).ack, peer.at(6000));
  EXPECT_FALSE(peer.ack().has_value());
}

TEST(ReceiverAcks, AreOwedForEverySecondSegmentThoughABatchBringsMany) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(0, 1000, {.psh = true});
  (void)peer.acks();
  peer.end_quick_phase();
  const std::uint64_t place = peer.receiver.bytes_received();
  for (std::uint64_t i = 0; i < 10; ++i) peer.text(place + i * 1000, 1000);
  const auto acks = peer.acks();
  ASSERT_EQ(acks.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(acks[i].ack, peer.at(place + (i + 1) * 2000));
}

TEST(ReceiverAcks, WaitForTheDelayAndNotForever) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.end_quick_phase();
  peer.text(peer.receiver.bytes_received(), 10);
  EXPECT_FALSE(peer.ack().has_value());
  const auto deadline = peer.receiver.next_deadline();
  ASSERT_TRUE(deadline.has_value());
  EXPECT_LE(*deadline - peer.now, commons.config.delayed_ack_max);
  peer.receiver.on_deadline(peer.now = *deadline);
  EXPECT_TRUE(peer.ack().has_value());
  EXPECT_FALSE(peer.receiver.next_deadline().has_value());
}

// RFC 8257 3.2 MUST: when CE changes, the text before the change is acknowledged with the old ECE.
TEST(ReceiverAcks, FollowEachChangeOfCeExactly) {
  Commons commons;
  ReceivingPeer peer(
      commons, {.irs = SequenceNumber(0), .window_offered = 65535, .ecn = EcnEchoMode::kExact});
  peer.end_quick_phase();
  const std::uint64_t place = peer.receiver.bytes_received();
  peer.text(place, 100);
  EXPECT_FALSE(peer.receiver.owes_ack()) << "delayed";
  peer.text(place + 100, 100, {.ecn = EcnCodepoint::kCe});
  EXPECT_TRUE(peer.receiver.owes_prompt_ack());
  auto acks = peer.acks();
  ASSERT_EQ(acks.size(), 2U);
  EXPECT_EQ(acks[0].ack, peer.at(place + 100));
  EXPECT_FALSE(acks[0].ece);
  EXPECT_EQ(acks[1].ack, peer.at(place + 200));
  EXPECT_TRUE(acks[1].ece);
  peer.text(place + 200, 100, {.ecn = EcnCodepoint::kCe});
  peer.text(place + 300, 100, {.ecn = EcnCodepoint::kEct0});
  acks = peer.acks();
  ASSERT_EQ(acks.size(), 2U);
  EXPECT_EQ(acks[0].ack, peer.at(place + 300));
  EXPECT_TRUE(acks[0].ece);
  EXPECT_FALSE(acks[1].ece);
}

// RFC 3168 6.1.3 MUST: ECE stands in every ACK until CWR arrives.
TEST(ReceiverAcks, RepeatEceUntilCwr) {
  Commons commons;
  ReceivingPeer peer(
      commons, {.irs = SequenceNumber(0), .window_offered = 65535, .ecn = EcnEchoMode::kClassic});
  peer.text(0, 100, {.ecn = EcnCodepoint::kCe});
  EXPECT_TRUE(peer.acks().back().ece);
  peer.text(100, 100, {.ecn = EcnCodepoint::kEct0});
  peer.text(500, 100, {.ecn = EcnCodepoint::kEct0});
  for (const Ack& ack : peer.acks()) EXPECT_TRUE(ack.ece);
  peer.receiver.on_cwr();
  peer.text(200, 100, {.ecn = EcnCodepoint::kEct0});
  for (const Ack& ack : peer.acks()) EXPECT_FALSE(ack.ece);
}

std::uint32_t bytes_offered(const ReceivingPeer& peer, const Ack& ack) {
  return std::uint32_t{ack.window} << peer.receiver.window_shift();
}

// RFC 9293 3.8.6.2.2 MUST: the window opens by half the buffer or a full segment, never by less.
TEST(ReceiverAcks, OpenAClosedWindowByAFullSegmentOrMore) {
  Commons commons({.receive_buffer_first = 10000, .receive_buffer_max = 10000});
  ReceivingPeer peer(commons, {.irs = SequenceNumber(0), .window_offered = 10000});
  for (std::uint64_t i = 0; i < 10; ++i) peer.text(i * 1000, 1000);
  (void)peer.acks();
  ASSERT_EQ(peer.receiver.window(), 0U);
  std::size_t read = 0;
  while (!peer.receiver.owes_ack()) read += peer.read(100).size();
  EXPECT_GE(read, 1000U);
  EXPECT_LT(read, 2500U) << "slices are given back whole; but a sender waits";
  const auto ack = peer.ack();
  ASSERT_TRUE(ack.has_value());
  EXPECT_GE(bytes_offered(peer, *ack), 1000U);
  EXPECT_EQ(bytes_offered(peer, *ack), peer.receiver.window());
}

TEST(ReceiverAcks, OwesNoWindowUpdateWhileHalfIsOpen) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.end_quick_phase();
  const std::uint64_t place = peer.receiver.bytes_received();
  peer.text(place, 3000, {.segments = 2});
  (void)peer.acks();
  (void)peer.read();
  EXPECT_FALSE(peer.receiver.owes_ack());
}

// RFC 9293 3.8.6 SHOULD: the offered right edge does not move left, whatever the scale rounds off.
TEST(ReceiverAcks, NeverTakeBackWhatWasOffered) {
  for (const int shift : {0, 3, 7, 14}) {
    Commons commons({.receive_buffer_first = 1U << 20U, .receive_buffer_max = 1U << 20U});
    ReceivingPeer peer(commons, {.irs = SequenceNumber(0xffff'0000),
                                 .window_offered = 65535,
                                 .window_shift = static_cast<std::uint8_t>(shift)});
    SequenceNumber edge = peer.at(65535);
    std::uint64_t place = 0;
    for (int i = 0; i < 60; ++i) {
      const std::size_t count = 1 + static_cast<std::size_t>(i * 37 % 1400);
      place += peer.text(place, count).bytes_made_readable;
      for (const Ack& ack : peer.acks()) {
        EXPECT_GE((ack.ack + bytes_offered(peer, ack)) - edge, 0) << shift << " " << i;
        edge = later(edge, ack.ack + bytes_offered(peer, ack));
      }
    }
  }
}

TEST(ReceiverAcks, BoundWhatRoundingUpCanGiveAway) {
  Commons commons({.receive_buffer_first = 8192, .receive_buffer_max = 8192});
  ReceivingPeer peer(commons,
                     {.irs = SequenceNumber(0), .window_offered = 8192, .window_shift = 10});
  std::uint64_t place = 0;
  for (int i = 0; i < 40000; ++i) {
    place += peer.text(place, 1, {.psh = true}).bytes_made_readable;
    (void)peer.acks();
  }
  EXPECT_LE(place, 8192U + 8192 / 4 + 2 * 1024) << "a program that does not read is never flooded";
}

TEST(ReceiverAcks, OfferLessUnderPressureAndNeverTheMemoryOfOthers) {
  Commons commons({.buffer_bytes_pressure = 100000, .buffer_bytes_max = 200000});
  ASSERT_TRUE(commons.account.try_take(150000));
  for (int i = 0; i < 9; ++i) commons.account.enter();
  ReceivingPeer peer(commons, {.irs = SequenceNumber(0), .window_offered = 2000});
  peer.text(0, 1500);
  (void)peer.acks();
  EXPECT_LE(peer.receiver.window(), 20000U);
  (void)peer.read();
  const Ack ack = peer.receiver.carried_ack(commons.shared, false, peer.now);
  EXPECT_GE(bytes_offered(peer, ack), 1500U) << "text keeps moving";
  commons.account.give_back(150000);
}

}  // namespace
}  // namespace strata::tcp::receiver_acks_test
