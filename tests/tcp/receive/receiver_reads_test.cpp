// SPDX-License-Identifier: Apache-2.0
// Receiver: reads, peeks and slices, urgent bytes, and a buffer that grows with the reader.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "tcp/receive/receiver.h"
#include "tcp/receive/rig.h"

namespace strata::tcp::receiver_reads_test {
namespace {

using testing::Commons;
using testing::first_difference;
using testing::milliseconds;
using testing::ReceivingPeer;
using testing::stream_byte;

TEST(ReceiverReads, GiveBytesOnceAndPeeksLeaveThem) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(0, 1000);
  std::array<std::byte, 100> ahead{};
  EXPECT_EQ(peer.receiver.peek(commons.shared, 950, ahead), 50U);
  EXPECT_EQ(first_difference(Bytes(ahead).first(50), 950), 50U);
  EXPECT_EQ(peer.receiver.peek(commons.shared, 1000, ahead), 0U);
  EXPECT_EQ(peer.receiver.readable(commons.shared), 1000U);
  EXPECT_EQ(first_difference(peer.read(400), 0), 400U);
  EXPECT_EQ(first_difference(peer.read(), 400), 600U);
  EXPECT_EQ(peer.receiver.read(commons.shared, ahead, peer.now), 0U);
}

TEST(ReceiverReads, GiveSlicesThatOutliveTheReceiver) {
  Commons commons;
  PacketPtr slices;
  {
    ReceivingPeer peer(commons);
    peer.text(0, 1400);
    peer.text(1400, 1400);
    slices = peer.receiver.read_slices(commons.shared, 2000, peer.now);
    EXPECT_EQ(peer.receiver.readable(commons.shared), 800U);
    EXPECT_EQ(peer.receiver.bytes_held(commons.shared), commons.account.used());
  }
  EXPECT_EQ(commons.account.used(), 0U);
  ASSERT_NE(slices, nullptr);
  std::vector<std::byte> bytes(slices->size());
  slices->copy_out(0, bytes);
  EXPECT_EQ(bytes.size(), 2000U);
  EXPECT_EQ(first_difference(bytes, 0), 2000U);
}

TEST(ReceiverReads, UnderPressureShedWhatStandsBehindAHole) {
  Commons commons({.buffer_bytes_pressure = 20'000, .buffer_bytes_max = 200'000});
  ReceivingPeer peer(commons);
  for (std::uint64_t i = 0; i < 10; ++i) peer.text(i * 1400, 1400);
  peer.text(50'000, 1400);
  (void)peer.acks();
  for (int i = 0; i < 20; ++i) commons.account.enter();
  ASSERT_TRUE(commons.account.try_take(150'000));
  EXPECT_EQ(first_difference(peer.read(100), 0), 100U);
  EXPECT_EQ(peer.receiver.out_of_order_bytes(commons.shared), 0U);
  const Ack ack = peer.receiver.carried_ack(commons.shared, false, peer.now);
  EXPECT_EQ(ack.ack, peer.at(14'000));
  EXPECT_TRUE(ack.sack.empty());
  commons.account.give_back(150'000);
  for (int i = 0; i < 20; ++i) commons.account.leave();
}

// RFC 9293 3.8.5 MUST: the program learns of urgent data, of any length, and where it ends.
TEST(ReceiverReads, StopAtTheUrgentByteAndLeaveItOut) {
  Commons commons;
  ReceivingPeer peer(commons);
  EXPECT_EQ(peer.receiver.read_urgent(commons.shared).error(), Error::kInvalidArgument);
  EXPECT_TRUE(peer.receiver.on_urgent(commons.shared, peer.at(6))) << "the byte at 5";
  EXPECT_FALSE(peer.receiver.on_urgent(commons.shared, peer.at(6))) << "no news";
  EXPECT_EQ(peer.receiver.read_urgent(commons.shared).error(), Error::kWouldBlock);
  EXPECT_FALSE(peer.receiver.has_urgent(commons.shared));
  peer.text(0, 10);
  EXPECT_TRUE(peer.receiver.has_urgent(commons.shared));
  EXPECT_EQ(peer.receiver.readable(commons.shared), 9U);
  EXPECT_FALSE(peer.receiver.is_at_urgent_mark(commons.shared));
  std::array<std::byte, 100> to{};
  EXPECT_EQ(peer.receiver.read(commons.shared, to, peer.now), 5U) << "up to the mark";
  EXPECT_TRUE(peer.receiver.is_at_urgent_mark(commons.shared));
  EXPECT_EQ(peer.receiver.read_urgent(commons.shared), stream_byte(5));
  EXPECT_EQ(peer.receiver.read_urgent(commons.shared).error(), Error::kInvalidArgument) << "once";
  EXPECT_EQ(peer.receiver.peek(commons.shared, 0, to), 4U);
  EXPECT_EQ(to[0], stream_byte(6));
  EXPECT_EQ(peer.receiver.read(commons.shared, to, peer.now), 4U);
  EXPECT_EQ(to[0], stream_byte(6));
  EXPECT_FALSE(peer.receiver.is_at_urgent_mark(commons.shared));
  (void)peer.acks();
  EXPECT_EQ(commons.slabs.in_use(), 0U);
}

// RFC 6093 6 SHOULD: urgent data is best read in line, as part of the text.
TEST(ReceiverReads, KeepTheUrgentByteInPlaceWhenItIsInline) {
  Commons commons;
  ReceivingPeer peer(commons, {.irs = SequenceNumber(0xffff'fffd), .window_offered = 65535},
                     {.urgent_inline = true});
  peer.text(0, 10);
  EXPECT_TRUE(peer.receiver.on_urgent(commons.shared, peer.at(6)));
  EXPECT_EQ(peer.receiver.readable(commons.shared), 10U);
  EXPECT_EQ(peer.receiver.read_urgent(commons.shared).error(), Error::kInvalidArgument);
  std::array<std::byte, 100> to{};
  EXPECT_EQ(peer.receiver.read(commons.shared, to, peer.now), 5U);
  EXPECT_TRUE(peer.receiver.is_at_urgent_mark(commons.shared));
  EXPECT_EQ(peer.receiver.read(commons.shared, to, peer.now), 5U);
  EXPECT_EQ(to[0], stream_byte(5));
}

TEST(ReceiverReads, FindOnlyTheUrgentByteToBeNothing) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(0, 1);
  peer.receiver.on_urgent(commons.shared, peer.at(1));
  EXPECT_EQ(peer.receiver.readable(commons.shared), 0U);
  std::array<std::byte, 8> to{};
  EXPECT_EQ(peer.receiver.read(commons.shared, to, peer.now), 0U);
  EXPECT_EQ(commons.account.used(), 0U);
}

TEST(ReceiverReads, IgnoreUrgentPointersThatLie) {
  Commons commons;
  ReceivingPeer peer(commons);
  peer.text(0, 100);
  (void)peer.read(50);
  EXPECT_FALSE(peer.receiver.on_urgent(commons.shared, peer.at(50))) << "has been read";
  EXPECT_FALSE(peer.receiver.on_urgent(commons.shared, peer.at(0)));
  EXPECT_FALSE(peer.receiver.on_urgent(commons.shared, peer.at(0) - 5000U));
  EXPECT_TRUE(peer.receiver.on_urgent(commons.shared, peer.at(60000))) << "far ahead: awaited";
  EXPECT_EQ(peer.read().size(), 50U);
  peer.text(100, 10, {.fin = true});
  EXPECT_FALSE(peer.receiver.on_urgent(commons.shared, peer.at(70000))) << "behind the FIN";
  EXPECT_EQ(peer.receiver.read_urgent(commons.shared).error(), Error::kInvalidArgument)
      << "it cannot come any more";
}

// A sender that doubles each round trip, as long as the window lets it, and a program that reads
// everything: the buffer is always ahead.
TEST(ReceiverReads, GrowTheBufferAheadOfASenderInSlowStart) {
  Commons commons({}, {.small_buffers = 8192, .large_buffers = 4});
  ReceivingPeer peer(commons, {.irs = SequenceNumber(0),
                               .window_offered = 65535,
                               .window_shift = 7,
                               .sack_permitted = true,
                               .timestamps = true});
  std::uint64_t place = 0;
  std::uint64_t held_back = 0;
  for (std::uint64_t flight = 14000; flight < 3'000'000; flight *= 2) {
    const std::uint64_t open = peer.receiver.window();
    const std::uint64_t sent = std::min<std::uint64_t>(flight, open);
    held_back += sent + sent / 50 < flight ? 1 : 0;  // by more than what SWS avoidance keeps
    peer.now += milliseconds(10);
    for (std::uint64_t i = 0; i < sent; i += 1400) {
      place += peer.text(place, std::min<std::uint64_t>(1400, sent - i), {.echo = milliseconds(10)})
                   .bytes_made_readable;
      (void)peer.read();
      (void)peer.acks();
    }
  }
  EXPECT_EQ(held_back, 0U);
  EXPECT_GT(peer.receiver.buffer_limit(), 3'000'000U);
}

TEST(ReceiverReads, KeepTheBufferWithinTheProgramsClamp) {
  Commons commons;
  ReceivingPeer peer(commons, {.irs = SequenceNumber(0), .window_offered = 30000},
                     {.window_clamp = 30000});
  std::uint64_t place = 0;
  for (int i = 0; i < 200; ++i) {
    peer.now += milliseconds(5);
    place += peer.text(place, 1400, {.echo = milliseconds(1)}).bytes_made_readable;
    (void)peer.read();
    for (const Ack& ack : peer.acks()) EXPECT_LE(ack.window, 30000);
  }
  EXPECT_EQ(peer.receiver.buffer_limit(), 30000U);
}

}  // namespace
}  // namespace strata::tcp::receiver_reads_test
