// SPDX-License-Identifier: Apache-2.0
// What programs ask of a connection: RFC 9293 3.10.2 to 3.10.5.
#include <gtest/gtest.h>

#include "tcp/support/peer.h"

namespace strata::tcp::connection_calls_test {
namespace {

using namespace testing;
using std::chrono::seconds;

constexpr wire::TcpFlags kFinAck = wire::kTcpFin | wire::kTcpAck;

Result<std::size_t> failed(Error error) { return std::unexpected(error); }

TEST(ConnectionCalls, TextGoesBothWays) {
  Peer peer;
  peer.open_passively();
  ASSERT_EQ(peer.write("question"), 8U);
  const auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(Peer::text_of(out[0]), "question");
  EXPECT_TRUE(out[0].header.flags.psh());
  peer.expect_all(out);
  peer.take({.text = "answer"});
  EXPECT_EQ(peer.read(3), "ans");
  EXPECT_EQ(peer.read(), "wer");
  std::byte byte{};
  EXPECT_EQ(peer.transport.read(peer.handle, {&byte, 1}, peer.now), failed(Error::kWouldBlock));
}

TEST(ConnectionCalls, PeekLeavesTheTextWhereItIs) {
  Peer peer;
  peer.open_passively();
  peer.take({.text = "abcdef"});
  std::string text(3, '?');
  EXPECT_EQ(peer.transport.peek(peer.handle, 2, std::as_writable_bytes(std::span(text))), 3U);
  EXPECT_EQ(text, "cde");
  EXPECT_EQ(peer.read(), "abcdef");
}

TEST(ConnectionCalls, SlicesAndOwnedPacketsAreNotCopied) {
  Peer peer;
  peer.open_passively();
  const std::string owned(500, 'o');
  PacketPtr packet = peer.pool.allocate_for(owned.size(), 0);
  copy_bytes(std::as_bytes(std::span(owned)), packet->append(owned.size()));
  const std::byte* const place = packet->bytes().data();
  ASSERT_TRUE(peer.transport.write_owned(peer.handle, packet, peer.now));
  EXPECT_EQ(packet, nullptr);
  const auto out = peer.pull();
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->payload->bytes().data(), place);
  peer.take({.text = "sliced"});
  const auto slices = peer.transport.read_slices(peer.handle, 100, peer.now);
  ASSERT_TRUE(slices.has_value());
  EXPECT_EQ((*slices)->size(), 6U);
}

// RFC 9293 3.10.4 MUST: CLOSE sends what was written, then FIN, and nothing may be written after.
TEST(ConnectionCalls, FinStandsBehindWhatWasWritten) {
  Peer peer;
  peer.open_passively();
  ASSERT_TRUE(peer.write("end"));
  ASSERT_TRUE(peer.transport.shut_down(peer.handle, Transport::Direction::kWrite, peer.now));
  EXPECT_EQ(peer.state(), State::kFinWait1);
  EXPECT_EQ(peer.write("more"), failed(Error::kClosed));
  const auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(Peer::text_of(out[0]), "end");
  EXPECT_TRUE(out[0].header.flags.fin());
  peer.expect_all(out);
  peer.take({.text = "still"});
  EXPECT_EQ(peer.read(), "still");
  peer.take({.flags = kFinAck});
  EXPECT_EQ(peer.state(), State::kTimeWait);
  EXPECT_EQ(peer.transport.time_waits(), 1U);
  std::byte byte{};
  EXPECT_EQ(peer.transport.read(peer.handle, {&byte, 1}, peer.now), failed(Error::kClosed));
  peer.transport.close(peer.handle, peer.now);
  peer.pull_all();
  EXPECT_EQ(peer.transport.connections(), 0U);
}

TEST(ConnectionCalls, WhatWasNotReadOutlivesTimeWait) {
  Peer peer;
  peer.open_passively();
  ASSERT_TRUE(peer.transport.shut_down(peer.handle, Transport::Direction::kWrite, peer.now));
  peer.drain();
  peer.take({.flags = kFinAck, .text = "late reader"});
  EXPECT_EQ(peer.state(), State::kTimeWait);
  (void)peer.wait(seconds(100));
  EXPECT_EQ(peer.transport.time_waits(), 0U);
  EXPECT_EQ(peer.read(), "late reader");
  EXPECT_TRUE(peer.pull_all().empty());
}

// RFC 9293 3.6.1 SHOULD: closing with text unread sends RST.
TEST(ConnectionCalls, ClosingWithTextUnreadResets) {
  Peer peer;
  peer.open_passively();
  peer.drain();
  peer.take({.text = "unread"});
  peer.transport.close(peer.handle, peer.now);
  const auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_TRUE(out[0].header.flags.rst());
  EXPECT_EQ(peer.transport.connections(), 0U);
}

TEST(ConnectionCalls, LingerZeroResets) {
  PeerOptions options;
  options.socket.linger = Duration{};
  Peer peer(options);
  peer.open_passively();
  peer.drain();
  peer.transport.close(peer.handle, peer.now);
  const auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_TRUE(out[0].header.flags.rst());
}

// RFC 9293 3.10.5 MUST: ABORT sends RST and forgets what was queued.
TEST(ConnectionCalls, AbortResetsAndForgets) {
  Peer peer;
  peer.open_passively();
  peer.drain();
  ASSERT_TRUE(peer.write("never"));
  peer.transport.abort(peer.handle, peer.now);
  const auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].header.flags, wire::kTcpRst | wire::kTcpAck);
  EXPECT_EQ(SequenceNumber(out[0].header.sequence_number), peer.expected);
  EXPECT_EQ(peer.transport.connections(), 0U);
  EXPECT_EQ(peer.transport.buffers().used(), 0U);
  EXPECT_EQ(peer.write("stale"), failed(Error::kInvalidHandle));
}

TEST(ConnectionCalls, AnErrorIsToldOnceAndThenTheEnd) {
  Peer peer;
  peer.open_passively();
  peer.take({.text = "before"});
  peer.pull_all();
  peer.say({.flags = wire::kTcpRst});
  const Readiness readiness = peer.transport.readiness(peer.handle);
  EXPECT_TRUE(readiness.error && readiness.closed && readiness.readable && readiness.writable);
  EXPECT_EQ(peer.read(), "before") << "what was acknowledged belongs to the program";
  EXPECT_EQ(peer.write("x"), failed(Error::kConnectionReset));
  EXPECT_EQ(peer.write("x"), failed(Error::kClosed));
  std::byte byte{};
  EXPECT_EQ(peer.transport.read(peer.handle, {&byte, 1}, peer.now), failed(Error::kClosed));
}

// As on Linux: the end was told; the reset is for whoever writes, or asks.
TEST(ConnectionCalls, BehindTheEndAResetIsNotRead) {
  Peer peer;
  peer.open_passively();
  peer.take({.flags = wire::kTcpFin | wire::kTcpAck});
  peer.pull_all();
  peer.say({.flags = wire::kTcpRst});
  EXPECT_EQ(peer.state(), State::kClosed);
  std::byte byte{};
  EXPECT_EQ(peer.transport.read(peer.handle, {&byte, 1}, peer.now), failed(Error::kClosed));
  EXPECT_EQ(peer.transport.take_error(peer.handle), Error::kClosed);
}

// As on Linux: whoever only says that it will write no more is not told, and takes it from nobody.
TEST(ConnectionCalls, ShutDownLeavesTheErrorOfAReset) {
  Peer peer;
  peer.open_passively();
  peer.pull_all();
  peer.say({.flags = wire::kTcpRst});
  using enum Transport::Direction;
  for (const Transport::Direction direction : {kWrite, kRead, kBoth}) {
    EXPECT_EQ(peer.transport.shut_down(peer.handle, direction, peer.now),
              Result<void>(std::unexpected(Error::kNotConnected)));
  }
  EXPECT_EQ(peer.transport.take_error(peer.handle), Error::kConnectionReset);
  EXPECT_EQ(peer.transport.take_error(peer.handle), std::nullopt);
}

TEST(ConnectionCalls, ShutDownForReadingThrowsAwayWhatComes) {
  Peer peer;
  peer.open_passively();
  peer.drain();
  ASSERT_TRUE(peer.transport.shut_down(peer.handle, Transport::Direction::kRead, peer.now));
  peer.take({.text = "unwanted"});
  const auto out = peer.wait(seconds(1));
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(SequenceNumber(out[0].header.acknowledgment_number), peer.next);
  std::byte byte{};
  EXPECT_EQ(peer.transport.read(peer.handle, {&byte, 1}, peer.now), failed(Error::kClosed));
  ASSERT_TRUE(peer.write("still talking"));
  EXPECT_EQ(Peer::text_of(*peer.pull()), "still talking");
}

TEST(ConnectionCalls, OptionsAreKeptAndObeyed) {
  Peer peer;
  peer.open_passively();
  TcpSocketOptions options;
  options.hop_limit = 7;
  options.traffic_class = 0xb8;
  ASSERT_TRUE(peer.transport.set_options(peer.handle, options, peer.now));
  EXPECT_EQ(peer.transport.options(peer.handle)->hop_limit, 7);
  ASSERT_TRUE(peer.write("x"));
  const auto out = peer.pull();
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->hop_limit, 7);
  EXPECT_EQ(out->traffic_class, 0xb8);
  options.congestion = {.characters = {'n', 'o', 'n', 'e'}, .length = 4};
  EXPECT_EQ(peer.transport.set_options(peer.handle, options, peer.now),
            Result<void>(std::unexpected(Error::kNotFound)));
  options.congestion = {.characters = {'r', 'e', 'n', 'o'}, .length = 4};
  ASSERT_TRUE(peer.transport.set_options(peer.handle, options, peer.now));
  EXPECT_EQ(peer.transport.info(peer.handle, peer.now)->congestion.view(), "reno");
}

// RFC 5482 3.1 SHOULD: a user timeout the program sets is told to the peer.
TEST(ConnectionCalls, ANewUserTimeoutIsTold) {
  Peer peer;
  peer.open_passively();
  peer.drain();
  TcpSocketOptions options;
  options.user_timeout = seconds(80);
  ASSERT_TRUE(peer.transport.set_options(peer.handle, options, peer.now));
  EXPECT_TRUE(peer.pull_all().empty()) << "RFC 5482 3: off unless asked for";
  options.user_timeout = seconds(90);
  options.user_timeout_option = true;
  ASSERT_TRUE(peer.transport.set_options(peer.handle, options, peer.now));
  const auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 1U);
  const auto told = Peer::options_of(out[0]).user_timeout;
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->seconds(), 90U);
}

TEST(ConnectionCalls, OrphansBeyondTheLimitAreReset) {
  PeerOptions options;
  options.config.orphans_max = 0;
  Peer peer(options);
  peer.open_passively();
  peer.drain();
  peer.transport.close(peer.handle, peer.now);
  const auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_TRUE(out[0].header.flags.rst());
  EXPECT_EQ(peer.transport.connections(), 0U);
  EXPECT_EQ(peer.transport.counters().orphans_reset, 1U);
}

TEST(ConnectionCalls, AWriterIsToldWhenThereIsRoomAgain) {
  PeerOptions options;
  options.socket.send_buffer = 4096;
  Peer peer(options);
  peer.open_passively();
  peer.drain();
  int writable = 0;
  (void)peer.transport.on_ready(peer.handle,
                                [&](Readiness news) { writable += news.writable ? 1 : 0; });
  peer.ready.tell();
  EXPECT_EQ(writable, 1) << "what is so when the callback comes is told";
  const std::string much(20'000, 'm');
  const auto took = peer.write(much);
  ASSERT_TRUE(took.has_value());
  EXPECT_LT(*took, much.size());
  EXPECT_EQ(peer.write(much), failed(Error::kWouldBlock));
  peer.drain();
  peer.ready.tell();
  EXPECT_EQ(writable, 1);
  peer.say({});
  peer.ready.tell();
  EXPECT_EQ(writable, 2);
}

TEST(ConnectionCalls, WhoFilledTheBufferToTheBrimIsToldWhenThereIsRoomAgain) {
  for (const bool is_owned : {false, true}) {
    PeerOptions options;
    options.socket.send_buffer = 4096;
    Peer peer(options);
    peer.open_passively();
    peer.drain();
    int writable = 0;
    (void)peer.transport.on_ready(peer.handle,
                                  [&](Readiness news) { writable += news.writable ? 1 : 0; });
    peer.ready.tell();
    const std::string brim(4096, 'b');
    if (is_owned) {
      PacketPtr packet = peer.pool.allocate_for(brim.size(), 0);
      copy_bytes(std::as_bytes(std::span(brim)), packet->append(brim.size()));
      ASSERT_TRUE(peer.transport.write_owned(peer.handle, packet, peer.now));
    } else {
      ASSERT_EQ(peer.write(brim), brim.size());
    }
    EXPECT_FALSE(peer.transport.readiness(peer.handle).writable);
    peer.drain();
    peer.say({});
    peer.ready.tell();
    EXPECT_EQ(writable, 2);
  }
}

bool is_readable(Peer& peer) { return peer.transport.readiness(peer.handle).readable; }

TEST(ConnectionCalls, FewerBytesThanTheLowWaterMarkAreNoNews) {
  PeerOptions options;
  options.socket.receive_low_water = 10;
  Peer peer(options);
  peer.open_passively();
  int readable = 0;
  (void)peer.transport.on_ready(peer.handle,
                                [&](Readiness news) { readable += news.readable ? 1 : 0; });
  peer.take({.text = "123456789"});
  peer.ready.tell();
  EXPECT_FALSE(is_readable(peer));
  EXPECT_EQ(readable, 0);
  peer.take({.text = "0"});
  peer.ready.tell();
  EXPECT_TRUE(is_readable(peer));
  EXPECT_EQ(readable, 1);
  EXPECT_EQ(peer.read(4), "1234") << "whoever reads gets what there is";
  EXPECT_FALSE(is_readable(peer));
  peer.take({.flags = kFinAck});
  EXPECT_TRUE(is_readable(peer)) << "the end is told at once";
}

TEST(ConnectionCalls, ALowerMarkIsNews) {
  PeerOptions options;
  options.socket.receive_low_water = 10;
  Peer peer(options);
  peer.open_passively();
  peer.take({.text = "12345"});
  int readable = 0;
  (void)peer.transport.on_ready(peer.handle,
                                [&](Readiness news) { readable += news.readable ? 1 : 0; });
  peer.ready.tell();
  EXPECT_EQ(readable, 0);
  ASSERT_TRUE(peer.transport.set_options(peer.handle, {.receive_low_water = 5}, peer.now));
  peer.ready.tell();
  EXPECT_EQ(readable, 1);
}

TEST(ConnectionCalls, TheLowWaterMarkGivesWayToAFullBuffer) {
  PeerOptions options;
  options.socket.receive_low_water = 1U << 20U;
  options.socket.receive_buffer = 5000;
  Peer peer(options);
  peer.open_passively();
  const std::string whole(1460, 'w');
  peer.take({.text = whole});
  EXPECT_FALSE(is_readable(peer));
  peer.take({.text = whole});
  peer.take({.text = whole});
  EXPECT_TRUE(is_readable(peer));
}

}  // namespace
}  // namespace strata::tcp::connection_calls_test
