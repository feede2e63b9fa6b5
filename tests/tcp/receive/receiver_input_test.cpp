// SPDX-License-Identifier: Apache-2.0
// Receiver: what segments do to it, honest ones and lies.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "tcp/receive/receiver.h"
#include "tcp/receive/rig.h"

namespace strata::tcp::receiver_input_test {
namespace {

using testing::Commons;
using testing::first_difference;
using testing::ReceivingPeer;
using testing::seconds;
using testing::stream_text;

// RFC 9293 3.10.7.4 MUST: the four cases of the acceptability test, at every wrap of the numbers.
TEST(ReceiverInput, AcceptsExactlyWhatTouchesTheWindow) {
  struct {
    std::uint32_t window;
    std::int32_t begin;  // from RCV.NXT
    std::uint32_t length;
    bool is_acceptable;
  } const cases[] = {
      {0, 0, 0, true},
      {0, 1, 0, false},
      {0, -1, 0, false},
      {0, 0, 1, false},
      {0, -1, 1, false},
      {100, 0, 0, true},
      {100, 99, 0, true},
      {100, 100, 0, false},
      {100, -1, 0, false},
      {100, 0, 1, true},
      {100, 99, 1, true},
      {100, 100, 1, false},
      {100, -1, 1, false},
      {100, -1, 2, true},
      {100, -50, 50, false},
      {100, -50, 51, true},
      {100, 50, 1000, true},
      {100, -50, 1000, true},
      {100, 2000, 5, false},
      {100, -2000, 5, false},
      {100, INT32_MIN, 0, false},
      {100, INT32_MIN, 5, false},
      {100, INT32_MAX, 65535, false},
  };
  Commons commons;
  for (const auto& one : cases) {
    for (const std::uint32_t irs : {0xffff'fffeU, 0xffff'ffffU, 0U, 0xffff'ff9bU, 0x7fff'ffffU}) {
      const ReceivingPeer peer(commons, {.irs = SequenceNumber(irs), .window_offered = one.window});
      const SequenceNumber begin = peer.first + static_cast<std::uint32_t>(one.begin);
      EXPECT_EQ(peer.receiver.is_acceptable(begin, one.length), one.is_acceptable)
          << one.window << " " << one.begin << " " << one.length << " " << irs;
    }
  }
}

TEST(ReceiverInput, PutsTextInOrderOverEveryWrap) {
  for (std::uint32_t back = 0; back < 40; ++back) {
    Commons commons;
    ReceivingPeer peer(commons, {.irs = SequenceNumber(0U - back), .window_offered = 1000});
    EXPECT_EQ(peer.text(20, 10).kind, TextKind::kOutOfOrder);
    EXPECT_EQ(peer.text(10, 10).kind, TextKind::kOutOfOrder);
    const auto outcome = peer.text(0, 12, {.fin = false});
    EXPECT_EQ(outcome.kind, TextKind::kInOrder);
    EXPECT_EQ(outcome.bytes_made_readable, 30U);
    EXPECT_EQ(first_difference(peer.read(), 0), 30U) << back;
  }
}

TEST(ReceiverInput, TrimsTextToTheWindow) {
  Commons commons;
  ReceivingPeer peer(commons, {.irs = SequenceNumber(5), .window_offered = 1000});
  EXPECT_EQ(peer.text(0, 1500).bytes_made_readable, 1000U);
  EXPECT_EQ(peer.receiver.window(), 0U);
  EXPECT_EQ(peer.text(1000, 1).kind, TextKind::kRefused);
  EXPECT_EQ(peer.text(5000, 10).kind, TextKind::kRefused) << "far behind the window";
  EXPECT_EQ(peer.receiver.bytes_received(), 1000U);
}

TEST(ReceiverInput, DropsTheFinWithTheTextInFrontOfItThatDidNotFit) {
  Commons commons;
  ReceivingPeer peer(commons, {.irs = SequenceNumber(5), .window_offered = 1000});
  EXPECT_FALSE(peer.text(0, 1001, {.fin = true}).fin_reached);
  EXPECT_FALSE(peer.receiver.fin_reached());
  (void)peer.acks();
  (void)peer.read();
  (void)peer.acks();
  EXPECT_TRUE(peer.text(1000, 1, {.fin = true}).fin_reached);
}

TEST(ReceiverInput, KeepsWhatCameFirst) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(100, 100);
  peer.text(300, 700);
  peer.text(0, 1400, {}, 99);  // other bytes in the same places
  const auto bytes = peer.read();
  ASSERT_EQ(bytes.size(), 1400U);
  for (std::uint64_t i = 0; i < bytes.size(); ++i) {
    const bool was_here = (i >= 100 && i < 200) || (i >= 300 && i < 1000);
    ASSERT_EQ(bytes[i], testing::stream_byte(i, was_here ? 0 : 99)) << i;
  }
}

TEST(ReceiverInput, ReachesTheFinInAndOutOfOrder) {
  for (const bool in_order : {true, false}) {
    Commons commons;
    ReceivingPeer peer(commons);
    if (in_order) peer.text(0, 10);
    const auto last = peer.text(10, 10, {.fin = true});
    EXPECT_EQ(last.fin_reached, in_order);
    if (!in_order) {
      EXPECT_TRUE(peer.text(0, 10).fin_reached);
    }
    EXPECT_TRUE(peer.receiver.fin_reached());
    EXPECT_EQ(peer.receiver.next(), peer.at(21)) << "the FIN has a number of its own";
    EXPECT_EQ(peer.acks().back().ack, peer.at(21));
    EXPECT_EQ(peer.read().size(), 20U);
    EXPECT_EQ(commons.slabs.in_use(), 0U);
  }
}

TEST(ReceiverInput, TakesAFinAlone) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(0, 10);
  const auto ahead = peer.receiver.on_fin(commons.shared, peer.at(20), {.fin = true}, peer.now);
  EXPECT_EQ(ahead.kind, TextKind::kOutOfOrder);
  EXPECT_FALSE(ahead.fin_reached);
  EXPECT_TRUE(peer.text(10, 10).fin_reached);
}

TEST(ReceiverInput, AnswersAFinThatComesAgain) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(0, 10, {.fin = true});
  EXPECT_EQ(peer.acks().size(), 1U);
  const auto again = peer.text(0, 10, {.fin = true});
  EXPECT_EQ(again.kind, TextKind::kDuplicate);
  EXPECT_FALSE(again.fin_reached);
  const auto acks = peer.acks();
  ASSERT_EQ(acks.size(), 1U);
  EXPECT_EQ(acks[0].ack, peer.at(11));
}

TEST(ReceiverInput, BelievesTheFirstFinOnly) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(50, 10, {.fin = true});
  EXPECT_EQ(peer.text(60, 10).kind, TextKind::kRefused) << "text behind the FIN";
  EXPECT_FALSE(peer.text(0, 10, {.fin = true}).fin_reached) << "another FIN, in front of the first";
  EXPECT_FALSE(peer.text(10, 10, {.fin = true}).fin_reached);
  const auto outcome = peer.text(20, 100);
  EXPECT_TRUE(outcome.fin_reached);
  EXPECT_EQ(peer.receiver.bytes_received(), 60U) << "cut to the FIN";
  EXPECT_EQ(peer.text(61, 10).kind, TextKind::kRefused);
}

TEST(ReceiverInput, DoesNotBelieveAFinWhereTextIsKnownToFollow) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(100, 10);
  peer.text(50, 10, {.fin = true});
  EXPECT_FALSE(peer.text(0, 50).fin_reached);
  EXPECT_EQ(peer.receiver.bytes_received(), 60U);
  EXPECT_EQ(peer.text(60, 40).bytes_made_readable, 50U);
}

TEST(ReceiverInput, LetsAFinInOrderEndWhatWasNeverHonest) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(0, 10);
  peer.text(100, 1000);
  EXPECT_TRUE(
      peer.receiver.on_fin(commons.shared, peer.at(10), {.fin = true}, peer.now).fin_reached);
  EXPECT_EQ(peer.receiver.out_of_order_bytes(commons.shared), 0U);
  (void)peer.acks();
  EXPECT_EQ(peer.read().size(), 10U);
  EXPECT_EQ(commons.account.used(), 0U);
}

TEST(ReceiverInput, AcknowledgesAndThrowsAwayAfterShutDown) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(0, 100);
  peer.text(200, 100);
  peer.receiver.shut_down();
  EXPECT_EQ(peer.text(100, 100).bytes_made_readable, 0U);
  EXPECT_EQ(peer.receiver.bytes_received(), 300U);
  EXPECT_EQ(peer.acks().back().ack, peer.at(300));
  EXPECT_EQ(peer.text(500, 100).kind, TextKind::kRefused);
  EXPECT_TRUE(peer.text(300, 200, {.fin = true}).fin_reached);
  EXPECT_EQ(peer.read().size(), 100U) << "what was here may still be read";
  (void)peer.acks();
  EXPECT_EQ(commons.account.used(), 0U);
  EXPECT_EQ(commons.slabs.in_use(), 0U);
}

TEST(ReceiverInput, RefusesWhatTheAccountHasNoRoomFor) {
  Commons commons({.buffer_bytes_pressure = 4096, .buffer_bytes_max = 4096});
  ReceivingPeer peer(commons);
  EXPECT_EQ(peer.text(0, 1400).kind, TextKind::kInOrder);
  EXPECT_EQ(peer.text(1400, 1400).kind, TextKind::kInOrder);
  EXPECT_EQ(peer.text(2800, 1400).kind, TextKind::kRefused);
  EXPECT_FALSE(peer.text(2800, 0, {.fin = true}).kind == TextKind::kRefused);
  EXPECT_EQ(commons.account.used(), 4096U);
}

TEST(ReceiverInput, GivesUpTextOutOfOrderForTextInOrder) {
  Commons commons({.buffer_bytes_pressure = 7000, .buffer_bytes_max = 7000});
  ReceivingPeer peer(commons);
  peer.text(10000, 1400);
  peer.text(20000, 1400);
  peer.text(30000, 1400);
  EXPECT_EQ(peer.receiver.out_of_order_bytes(commons.shared), 4200U);
  EXPECT_EQ(peer.text(0, 1400).kind, TextKind::kInOrder);
  EXPECT_EQ(peer.receiver.out_of_order_bytes(commons.shared), 2800U) << "the furthest went";
  EXPECT_EQ(peer.text(1400, 1400).kind, TextKind::kInOrder);
  EXPECT_EQ(peer.receiver.out_of_order_bytes(commons.shared), 1400U);
  EXPECT_LE(commons.account.used(), 7000U);
}

TEST(ReceiverInput, ShedsOnRequest) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(10000, 1400);
  peer.text(20000, 1400);
  const std::size_t held = commons.account.used();
  EXPECT_GE(peer.receiver.shed(commons.shared, 1000), 1000U);
  EXPECT_LT(commons.account.used(), held);
  EXPECT_EQ(peer.receiver.out_of_order_bytes(commons.shared), 1400U);
  EXPECT_GE(peer.receiver.shed(commons.shared, 1U << 30U), 1400U);
  EXPECT_EQ(peer.receiver.shed(commons.shared, 1), 0U);
  EXPECT_EQ(commons.account.used(), 0U);
}

// Every second byte out of order on a thousand connections, beside an honest one of which each
// tenth segment is overtaken by the next nine. What it is refused, it sends again a round later.
TEST(ReceiverInput, StaysWithinItsBudgetUnderAThousandTornWindows) {
  constexpr std::size_t kBudget = std::size_t{16} << 20U;
  constexpr std::uint64_t kRounds = 400;
  Commons commons({.buffer_bytes_pressure = kBudget / 4 * 3,
                   .buffer_bytes_max = kBudget,
                   .out_of_order_segments_max = 512},
                  {.small_buffers = 4096, .large_buffers = 8, .extra_descriptors = 1024});
  std::vector<std::unique_ptr<ReceivingPeer>> attackers;
  for (int i = 0; i < 1000; ++i) attackers.push_back(std::make_unique<ReceivingPeer>(commons));
  ReceivingPeer honest(commons);
  std::size_t torn_most = 0;
  for (std::uint64_t round = 0; round < kRounds; ++round) {
    for (std::size_t i = round % 7; i < attackers.size(); i += 7) {
      for (std::uint64_t k = 0; k < 8; ++k) attackers[i]->text(1 + 2 * (round * 8 + k), 1);
      (void)attackers[i]->acks();
    }
    const std::uint64_t place = honest.receiver.bytes_received();
    for (std::uint64_t i = 1; i <= 10; ++i) honest.text(place + (i % 10) * 1400, 1400);
    (void)honest.acks();
    const std::uint64_t from = honest.read_total;
    const auto bytes = honest.read();
    ASSERT_EQ(first_difference(bytes, from), bytes.size());
    (void)honest.acks();
    ASSERT_LE(commons.account.used(), kBudget);
    torn_most = std::max(torn_most, commons.account.used());
  }
  EXPECT_GT(torn_most, kBudget / 4) << "the attack was one";
  EXPECT_GE(honest.read_total, kRounds * 14000 / 2);
}

TEST(ReceiverInput, KeepsItsStateWithoutMemoryForAnything) {
  HeapMemory none(0);
  Commons commons;
  ReceiverSlabs slabs(none, commons.config);
  ReceiverShared shared{none, commons.pool, commons.config, commons.account, slabs};
  Receiver receiver;
  receiver.on_established({.irs = SequenceNumber(0), .window_offered = 1000}, commons.config, {});
  const auto send = [&](std::uint32_t begin) {
    return receiver.on_text(shared, SequenceNumber(begin), stream_text(commons.pool, 0, 10), {},
                            Time(seconds(1)));
  };
  EXPECT_EQ(send(1).kind, TextKind::kRefused);
  EXPECT_EQ(send(100).kind, TextKind::kRefused);
  EXPECT_FALSE(receiver.on_urgent(shared, SequenceNumber(5)));
  const auto ack = receiver.next_ack(shared, Time(seconds(1)));
  ASSERT_TRUE(ack.has_value());
  EXPECT_EQ(ack->ack, SequenceNumber(1));
  EXPECT_EQ(commons.account.used(), 0U);
  EXPECT_EQ(commons.pool.descriptors_in_use(), 0U);
}

}  // namespace
}  // namespace strata::tcp::receiver_input_test
