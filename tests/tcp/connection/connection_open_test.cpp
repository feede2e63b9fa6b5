// SPDX-License-Identifier: Apache-2.0
// How connections begin: RFC 9293 3.10.7.3, and Fast Open from both sides.
#include <gtest/gtest.h>

#include "tcp/support/peer.h"
#include "tcp/support/programs.h"

namespace strata::tcp::connection_open_test {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

TcpSocketOptions fast_open() {
  TcpSocketOptions options;
  options.fast_open = true;
  return options;
}

// RFC 9293 3.10.7.3 MUST: SYN,ACK opens the connection and is acknowledged.
TEST(ConnectionOpen, TheSynAckIsAcknowledgedAtOnce) {
  Peer peer;
  peer.open_actively();
  EXPECT_EQ(peer.state(), State::kEstablished);
  EXPECT_TRUE(peer.transport.readiness(peer.handle).writable);
}

TEST(ConnectionOpen, WhatWasWrittenBeforeGoesWithTheAck) {
  Peer peer;
  peer.connect();
  ASSERT_TRUE(peer.write("early"));
  EXPECT_FALSE(peer.pull().has_value());
  peer.syn(wire::kTcpAck);
  const auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(Peer::text_of(out[0]), "early");
  EXPECT_EQ(SequenceNumber(out[0].header.acknowledgment_number), peer.next);
}

// RFC 9293 3.5 MUST: two SYNs that cross open one connection.
TEST(ConnectionOpen, SynsThatCrossOpenOneConnection) {
  Peer peer;
  peer.connect();
  peer.syn({});
  EXPECT_EQ(peer.state(), State::kSynReceived);
  const auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].header.flags, wire::kTcpSyn | wire::kTcpAck);
  peer.say({});
  EXPECT_EQ(peer.state(), State::kEstablished);
  ASSERT_TRUE(peer.write("both"));
  EXPECT_EQ(Peer::text_of(*peer.pull()), "both");
}

// RFC 9293 3.10.7.3 MUST: RST with an acceptable ACK refuses the connection.
TEST(ConnectionOpen, AResetRefuses) {
  Peer peer;
  peer.connect();
  EXPECT_NE(peer.say({.flags = wire::kTcpRst | wire::kTcpAck, .ack = 5}), DropReason::kNone);
  EXPECT_EQ(peer.state(), State::kSynSent);
  EXPECT_EQ(peer.say({.flags = wire::kTcpRst | wire::kTcpAck}), DropReason::kNone);
  EXPECT_EQ(peer.state(), State::kClosed);
  EXPECT_EQ(peer.transport.take_error(peer.handle), Error::kConnectionRefused);
  EXPECT_TRUE(peer.pull_all().empty());
}

// RFC 9293 3.8.3 MUST: R2 for a SYN is long enough for three minutes of tries.
TEST(ConnectionOpen, ASynWithoutAnswerIsGivenUpAfterItsRetries) {
  PeerOptions options;
  options.socket.syn_retries = 3;
  Peer peer(options);
  peer.connect();
  const auto again = peer.wait(seconds(14));
  EXPECT_EQ(again.size(), 3U);
  (void)peer.wait(seconds(2));
  EXPECT_EQ(peer.state(), State::kClosed);
  EXPECT_EQ(peer.transport.take_error(peer.handle), Error::kTimedOut);
  Peer usual;
  usual.connect();
  (void)usual.wait(seconds(120));
  EXPECT_EQ(usual.state(), State::kSynSent);
}

// RFC 9293 3.10.1: the user timeout is of OPEN, and counts from then on.
TEST(ConnectionOpen, TheUserTimeoutEndsAnAttempt) {
  PeerOptions options;
  options.socket.user_timeout = milliseconds(4500);
  Peer peer(options);
  peer.connect();
  EXPECT_EQ(peer.wait(milliseconds(4400)).size(), 2U);
  EXPECT_EQ(peer.state(), State::kSynSent);
  EXPECT_TRUE(peer.wait(milliseconds(200)).empty());
  EXPECT_EQ(peer.state(), State::kClosed);
  EXPECT_EQ(peer.transport.take_error(peer.handle), Error::kTimedOut);
}

TEST(ConnectionOpen, ClosingBeforeItIsOpenForgetsIt) {
  Peer peer;
  peer.connect();
  peer.transport.close(peer.handle, peer.now);
  EXPECT_TRUE(peer.pull_all().empty());
  EXPECT_EQ(peer.transport.connections(), 0U);
  // The answer belongs to nothing now.
  peer.syn(wire::kTcpAck);
  const auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_TRUE(out[0].header.flags.rst());
}

// RFC 5482 3 SHOULD: the user timeout is also told by the first segment without SYN.
TEST(ConnectionOpen, TheHandshakeAckTellsTheUserTimeoutAgain) {
  PeerOptions options;
  options.socket.user_timeout = seconds(90);
  options.socket.user_timeout_option = true;
  Peer peer(options);
  peer.connect();
  peer.syn(wire::kTcpAck);
  const auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(Peer::options_of(out[0]).user_timeout, (wire::TcpUserTimeout{90, false}));
}

TEST(ConnectionOpen, TextAndFinOfTheSynAckAreTaken) {
  Peer peer;
  peer.connect();
  Segment segment;
  segment.flow = peer.flow();
  segment.seq = peer.next;
  segment.ack = peer.expected;
  segment.flags = wire::kTcpSyn | wire::kTcpAck | wire::kTcpFin;
  segment.window = 1000;
  segment.payload = peer.pool.allocate_for(2, 0);
  copy_bytes(std::as_bytes(std::span(std::string_view("hi"))), segment.payload->append(2));
  segment.payload_bytes = 2;
  EXPECT_EQ(peer.transport.on_segment(std::move(segment), peer.now), DropReason::kNone);
  EXPECT_EQ(peer.state(), State::kCloseWait);
  EXPECT_EQ(peer.read(), "hi");
}

// RFC 7413 4.1.3 MUST: the first connection asks for a cookie, the next sends text with it.
TEST(ConnectionOpen, FastOpenSendsTextWithTheSecondSyn) {
  Wire wire;
  const Handle listener = listen(wire, fast_open());
  const auto accept = [&] {
    Handle got;
    EXPECT_TRUE(wire.run_until([&] {
      if (auto accepted = wire.server.transport.accept(listener, wire.now)) got = *accepted;
      return static_cast<bool>(got);
    }));
    return got;
  };
  const Handle first = connect(wire, fast_open());
  const Handle first_server = accept();
  EXPECT_FALSE(wire.client.transport.info(first, wire.now)->has_fast_open_data);
  wire.run_for(seconds(1));
  wire.log.clear();
  const Time began = wire.now;
  const std::string_view request = "GET / HTTP/1.1";
  const Handle second = connect(wire, fast_open(), kServerPort, std::as_bytes(std::span(request)));
  const Handle second_server = accept();
  // Half a round trip: the handshake is not over, and the text is here.
  EXPECT_EQ(wire.now - began, wire.config().delay);
  EXPECT_EQ(wire.server.transport.state(second_server), TcpState::kSynReceived);
  std::array<std::byte, 64> buffer;
  const auto got = wire.server.transport.read(second_server, buffer, wire.now);
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(*got, request.size());
  // RFC 7413 4.2.2 MAY: the server answers before the handshake is over.
  const std::string_view reply = "HTTP/1.1 200 OK";
  ASSERT_TRUE(
      wire.server.transport.write(second_server, std::as_bytes(std::span(reply)), wire.now));
  wire.run_for(seconds(1));
  EXPECT_EQ(wire.client.transport.state(second), TcpState::kEstablished);
  EXPECT_EQ(wire.server.transport.state(second_server), TcpState::kEstablished);
  EXPECT_TRUE(wire.client.transport.info(second, wire.now)->has_fast_open_data);
  EXPECT_EQ(*wire.client.transport.read(second, buffer, wire.now), reply.size());
  for (const Passed& passed : wire.log) {
    EXPECT_FALSE(passed.lost);
    EXPECT_FALSE(passed.flags.rst());
  }
  wire.server.transport.close(first_server, wire.now);
}

TEST(ConnectionOpen, AFastOpenServerMayCloseBeforeTheHandshakeIsOver) {
  Wire wire;
  const Handle listener = listen(wire, fast_open());
  for (int round = 0; round < 2; ++round) {
    const std::string_view request = "bye";
    const Handle client =
        connect(wire, fast_open(), kServerPort, std::as_bytes(std::span(request)));
    std::optional<Handle> server;
    EXPECT_TRUE(wire.run_until([&] {
      if (auto accepted = wire.server.transport.accept(listener, wire.now)) server = *accepted;
      return server.has_value();
    }));
    std::array<std::byte, 8> buffer;
    if (round == 0) wire.run_for(seconds(1));
    EXPECT_EQ(*wire.server.transport.read(*server, buffer, wire.now), request.size());
    wire.server.transport.close(*server, wire.now);
    wire.run_for(seconds(1));
    EXPECT_EQ(wire.client.transport.state(client), TcpState::kCloseWait);
    wire.client.transport.close(client, wire.now);
    wire.run_for(seconds(1));
    EXPECT_EQ(wire.server.transport.connections(), 0U);
    EXPECT_EQ(wire.client.transport.connections(), 0U);
  }
}

}  // namespace
}  // namespace strata::tcp::connection_open_test
