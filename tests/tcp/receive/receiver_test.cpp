// SPDX-License-Identifier: Apache-2.0
// Receiver as a whole: against an oracle that knows every byte, and what it lends and gives back.
#include "tcp/receive/receiver.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "strata/rng.h"
#include "tcp/receive/rig.h"

namespace strata::tcp::receiver_test {
namespace {

using testing::Commons;
using testing::first_difference;
using testing::microseconds;
using testing::milliseconds;
using testing::ReceivingPeer;
using testing::stream_text;

TEST(Receiver, OwnsNothingOnceAllIsReadAndInOrder) {
  Commons commons;
  commons.slabs.give_back_inbox(commons.slabs.take_inbox());  // one is kept
  ReceivingPeer peer(commons);
  const std::size_t before = commons.memory.bytes_used();
  peer.text(1000, 1000);
  peer.text(3000, 10);
  peer.text(0, 1000);
  EXPECT_GT(commons.account.used(), 0U);
  EXPECT_EQ(peer.acks().size(), 3U);
  EXPECT_EQ(peer.read().size(), 2000U);
  EXPECT_GT(commons.slabs.in_use(), 0U) << "ten bytes still wait for what is in front";
  peer.text(2000, 1000);
  (void)peer.acks();
  EXPECT_EQ(peer.read().size(), 1010U);
  EXPECT_EQ(commons.slabs.in_use(), 0U);
  EXPECT_EQ(commons.account.used(), 0U);
  EXPECT_EQ(commons.account.holders(), 0U);
  EXPECT_EQ(commons.pool.descriptors_in_use(), 0U);
  EXPECT_EQ(commons.memory.bytes_used(), before);
}

TEST(Receiver, GivesEverythingBackWhenReleasedInTheMiddle) {
  Commons commons;
  commons.slabs.give_back_inbox(commons.slabs.take_inbox());  // one is kept
  const std::size_t before = commons.memory.bytes_used();
  {
    ReceivingPeer peer(commons);
    peer.text(0, 1400);
    peer.text(5000, 1400);
    peer.text(9000, 3);
    peer.receiver.on_urgent(commons.shared, peer.at(20000));
  }
  EXPECT_EQ(commons.account.used(), 0U);
  EXPECT_EQ(commons.account.holders(), 0U);
  EXPECT_EQ(commons.pool.descriptors_in_use(), 0U);
  EXPECT_EQ(commons.memory.bytes_used(), before);
}

TEST(Receiver, ContinuesFromASnapshot) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(0, 3000);
  (void)peer.acks();
  (void)peer.read(1000);
  const ReceiverSnapshot values = peer.receiver.snapshot(commons.shared);
  std::vector<std::byte> unread(values.unread);
  ASSERT_EQ(peer.receiver.peek(commons.shared, 0, unread), 2000U);

  Commons other;
  ReceivingPeer twin(other);
  twin.read_total = 1000;
  ASSERT_TRUE(twin.receiver.restore(other.shared, values, unread));
  EXPECT_EQ(twin.receiver.snapshot(other.shared), values);
  EXPECT_EQ(twin.receiver.bytes_held(other.shared), other.account.used());
  EXPECT_TRUE(twin.ack().has_value()) << "the peer learns where we stand";
  EXPECT_EQ(twin.text(3000, 500).kind, TextKind::kInOrder);
  const auto bytes = twin.read();
  EXPECT_EQ(bytes.size(), 2500U);
  EXPECT_EQ(first_difference(bytes, 1000), bytes.size());
}

TEST(Receiver, RefusesASnapshotItDoesNotUnderstand) {
  Commons commons;
  ReceivingPeer peer(commons);
  ReceiverSnapshot values = peer.receiver.snapshot(commons.shared);
  std::vector<std::byte> unread(10);
  EXPECT_FALSE(peer.receiver.restore(commons.shared, values, unread)) << "more than was told";
  values.unread = 10;
  EXPECT_FALSE(peer.receiver.restore(commons.shared, values, unread)) << "more than was received";
  values.received = 10;
  values.version = 2;
  EXPECT_FALSE(peer.receiver.restore(commons.shared, values, unread));
  values.version = ReceiverSnapshot::kVersion;
  EXPECT_TRUE(peer.receiver.restore(commons.shared, values, unread));
}

// A peer that sends any part of its stream, again or ahead, far behind the window and over the
// wrap, and a program that reads now and then: every byte is read once and in order, the offered
// edge stays, and the books balance after each step. (First bytes win: see reassembly_test.cpp.)
class ReceiverOracle : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ReceiverOracle, ReadsEveryByteOnceAndInOrder) {
  Rng rng(GetParam());
  const bool is_poor = rng.below(3) == 0;
  TcpConfig config{
      .receive_buffer_first = 20000, .receive_buffer_max = 60000, .out_of_order_segments_max = 40};
  if (is_poor) config.buffer_bytes_max = config.buffer_bytes_pressure = 90000;
  Commons commons(config, {.small_buffers = is_poor ? 48U : 512U, .large_buffers = 2});
  // Sequence numbers wrap somewhere in the stream.
  const SequenceNumber irs(static_cast<std::uint32_t>(0U - rng.below(60000)));
  ReceivingPeer peer(commons, {.irs = irs,
                               .window_offered = 20000,
                               .window_shift = static_cast<std::uint8_t>(rng.below(4)),
                               .sack_permitted = true});
  constexpr std::uint64_t kLength = 40000;
  SequenceNumber right_edge = peer.at(20000);
  bool fin_reached = false;
  for (int step = 0; step < 6000 && !fin_reached; ++step) {
    peer.now += microseconds(rng.below(400));
    const std::uint64_t next = peer.receiver.bytes_received();
    const std::uint64_t begin = next + rng.below(6000) - std::min<std::uint64_t>(next, 1000);
    std::uint64_t place = rng.below(3) == 0 ? next : begin;
    place = std::min(place, kLength);
    std::size_t count = rng.below(4) == 0 ? rng.below(40) : rng.below(2000);
    count = std::min<std::size_t>(count, kLength - place);
    const bool fin = place + count == kLength && rng.below(2) == 0;
    const auto outcome = peer.text(
        place, count, {.segments = static_cast<std::uint16_t>(1 + rng.below(3)), .fin = fin});
    fin_reached = outcome.fin_reached;
    EXPECT_EQ(peer.receiver.bytes_received() - next, outcome.bytes_made_readable);
    if (rng.below(3) == 0) {
      for (const Ack& ack : peer.acks()) {
        const SequenceNumber edge =
            ack.ack + (std::uint32_t{ack.window} << peer.receiver.window_shift());
        EXPECT_GE(edge - right_edge, 0) << "the offered edge moved left";
        right_edge = later(right_edge, edge);
      }
    }
    if (rng.below(4) == 0) {
      const std::uint64_t from = peer.read_total;
      const auto bytes = peer.read(rng.below(5000));
      ASSERT_EQ(first_difference(bytes, from), bytes.size()) << "step " << step;
    }
    ASSERT_EQ(peer.receiver.bytes_held(commons.shared), commons.account.used());
    ASSERT_LE(peer.receiver.out_of_order_segments(commons.shared), 40U);
  }
  EXPECT_TRUE(fin_reached);
  (void)peer.acks();
  const std::uint64_t from = peer.read_total;
  const auto rest = peer.read();
  EXPECT_EQ(first_difference(rest, from), rest.size());
  EXPECT_EQ(peer.read_total, kLength);
  (void)peer.acks();
  EXPECT_EQ(commons.account.used(), 0U);
  EXPECT_EQ(commons.slabs.in_use(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ReceiverOracle, ::testing::Range<std::uint64_t>(1, 61));

TEST(Receiver, TakesAChainOfMergedSegmentsAsOneUnit) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.end_quick_phase();
  const std::uint64_t place = peer.receiver.bytes_received();
  PacketPtr chain = stream_text(commons.pool, place, 1400);
  for (std::uint64_t i = 1; i < 20; ++i) {
    chain->append_chain(stream_text(commons.pool, place + i * 1400, 1400));
  }
  const auto outcome = peer.receiver.on_text(commons.shared, peer.at(place), std::move(chain),
                                             {.segments = 20}, peer.now);
  EXPECT_EQ(outcome.kind, TextKind::kInOrder);
  EXPECT_EQ(outcome.bytes_made_readable, 28000U);
  EXPECT_EQ(peer.acks().size(), 1U);
  const std::uint64_t from = peer.read_total;
  const auto bytes = peer.read();
  EXPECT_EQ(bytes.size(), 28000U);
  EXPECT_EQ(first_difference(bytes, from), bytes.size());
}

}  // namespace
}  // namespace strata::tcp::receiver_test
