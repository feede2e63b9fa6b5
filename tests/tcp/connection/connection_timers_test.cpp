// SPDX-License-Identifier: Apache-2.0
// Keepalive, user timeout, FIN-WAIT-2 and lingering, and how long a silent peer is waited for.
#include <gtest/gtest.h>

#include "tcp/support/peer.h"

namespace strata::tcp::connection_timers_test {
namespace {

using namespace testing;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

PeerOptions with_keepalive() {
  PeerOptions options;
  options.socket.keepalive = true;
  options.socket.keepalive_idle = seconds(10);
  options.socket.keepalive_interval = seconds(2);
  options.socket.keepalive_probes = 3;
  return options;
}

// RFC 9293 3.8.4 MUST: keepalive is off unless the program asks for it.
TEST(ConnectionTimers, WithoutKeepaliveAConnectionAtRestIsSilentForEver) {
  Peer peer;
  peer.open_passively();
  peer.drain();
  EXPECT_TRUE(peer.wait(hours(24 * 30)).empty());
  EXPECT_EQ(peer.state(), State::kEstablished);
}

// RFC 9293 3.8.4 MUST: the idle time before a probe is two hours unless the program says less.
TEST(ConnectionTimers, KeepaliveWaitsTwoHours) {
  PeerOptions options;
  options.socket.keepalive = true;
  Peer peer(options);
  peer.open_passively();
  peer.drain();
  EXPECT_TRUE(peer.wait(hours(2) - seconds(1)).empty());
  EXPECT_EQ(peer.wait(seconds(2)).size(), 1U);
}

// RFC 9293 3.8.4 MUST: a probe that is not answered does not end the connection by itself.
TEST(ConnectionTimers, KeepaliveProbesAndGivesUpAfterTheLast) {
  Peer peer(with_keepalive());
  peer.open_passively();
  peer.drain();
  EXPECT_TRUE(peer.wait(milliseconds(9'900)).empty());
  const auto probes = peer.wait(milliseconds(4'200));
  ASSERT_EQ(probes.size(), 3U);
  for (const Outgoing& probe : probes) {
    EXPECT_EQ(SequenceNumber(probe.header.sequence_number), peer.expected - 1);
    EXPECT_EQ(probe.payload, nullptr);
  }
  EXPECT_EQ(peer.state(), State::kEstablished);
  const auto last = peer.wait(seconds(2));
  ASSERT_EQ(last.size(), 1U);
  EXPECT_TRUE(last[0].header.flags.rst());
  EXPECT_EQ(peer.state(), State::kClosed);
  EXPECT_EQ(peer.transport.take_error(peer.handle), Error::kTimedOut);
}

TEST(ConnectionTimers, AnAnsweredProbeBeginsTheWaitAnew) {
  Peer peer(with_keepalive());
  peer.open_passively();
  peer.drain();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(peer.wait(milliseconds(10'500)).size(), 1U);
    peer.say({});
  }
  EXPECT_EQ(peer.state(), State::kEstablished);
}

// RFC 9293 3.8.4 MUST: a keepalive probe of the peer is answered.
TEST(ConnectionTimers, TheProbeOfAPeerIsAnswered) {
  Peer peer;
  peer.open_passively();
  peer.drain();
  for (int i = 0; i < 3; ++i) {
    peer.say({.seq = -1});
    expect_one_ack(peer);
    peer.say({.seq = -1, .text = "x"});
    EXPECT_EQ(peer.pull_all().size(), 1U);
    peer.now += seconds(75);
  }
}

// With a user timeout, so many probes go unanswered as fit.
TEST(ConnectionTimers, KeepaliveProbesKeepTheirIntervalHoweverManyThereAre) {
  PeerOptions options = with_keepalive();
  options.socket.user_timeout = hours(1);
  Peer peer(options);
  peer.open_passively();
  peer.drain();
  const Time began = peer.now;
  int probes = 0;
  for (int turn = 0; turn < 10'000 && probes < 300; ++turn) {
    const auto deadline = peer.transport.next_deadline();
    ASSERT_TRUE(deadline.has_value());
    peer.now = std::max(peer.now, *deadline);
    peer.transport.on_deadline(peer.now);
    probes += static_cast<int>(peer.pull_all().size());
  }
  EXPECT_EQ(probes, 300);
  EXPECT_GE(peer.now - began, seconds(2) * 299);
  EXPECT_EQ(peer.state(), State::kEstablished);
}

TEST(ConnectionTimers, WhatKeepaliveCannotCountItGivesUp) {
  PeerOptions options = with_keepalive();
  options.socket.user_timeout = hours(100);
  Peer peer(options);
  peer.open_passively();
  peer.drain();
  std::size_t probes = 0;
  for (int turn = 0; turn < 100'000 && peer.state() == State::kEstablished; ++turn) {
    const auto deadline = peer.transport.next_deadline();
    ASSERT_TRUE(deadline.has_value());
    peer.now = std::max(peer.now, *deadline);
    peer.transport.on_deadline(peer.now);
    probes += peer.pull_all().size();
  }
  EXPECT_EQ(peer.state(), State::kClosed);
  EXPECT_EQ(probes, 4096U) << "the last is the RST";
}

// RFC 9293 3.8.3 MUST: R2 ends a connection whose text is not acknowledged.
TEST(ConnectionTimers, TextThatIsNeverAcknowledgedEndsTheConnection) {
  Peer peer;
  peer.open_passively();
  peer.drain();
  ASSERT_TRUE(peer.write("anybody?"));
  const auto tries = peer.wait(seconds(100));
  EXPECT_GT(tries.size(), 5U);
  EXPECT_EQ(peer.state(), State::kEstablished) << "R2 is at least 100 seconds";
  (void)peer.wait(minutes(60));
  EXPECT_EQ(peer.state(), State::kClosed);
  EXPECT_EQ(peer.transport.take_error(peer.handle), Error::kTimedOut);
}

// RFC 5482 3 MUST: the user timeout says how long text may stay without acknowledgement.
TEST(ConnectionTimers, TheUserTimeoutEndsItSooner) {
  PeerOptions options;
  options.socket.user_timeout = seconds(7);
  Peer peer(options);
  peer.open_passively();
  peer.drain();
  ASSERT_TRUE(peer.write("anybody?"));
  (void)peer.wait(milliseconds(6'500));
  EXPECT_EQ(peer.state(), State::kEstablished);
  (void)peer.wait(seconds(10));
  EXPECT_EQ(peer.state(), State::kClosed);
}

// RFC 5482 3.1 SHOULD: a peer's user timeout is adopted between bounds where we have none.
TEST(ConnectionTimers, ThePeersUserTimeoutCountsWhereWeHaveNone) {
  PeerOptions options;
  options.options.user_timeout = wire::TcpUserTimeout{1, false};
  options.socket.user_timeout_option = true;
  Peer peer(options);
  peer.open_passively();
  peer.drain();
  ASSERT_TRUE(peer.write("anybody?"));
  (void)peer.wait(seconds(95));
  EXPECT_EQ(peer.state(), State::kEstablished) << "no less than 100 seconds";
  (void)peer.wait(seconds(150));
  EXPECT_EQ(peer.state(), State::kClosed);
}

// RFC 5482 3: the option may come with any segment, and zero suggests nothing.
TEST(ConnectionTimers, ThePeerMayChangeItsUserTimeoutAtAnyTime) {
  for (const bool is_switched_on : {true, false}) {
    PeerOptions options;
    options.socket.user_timeout_option = is_switched_on;
    Peer peer(options);
    peer.open_passively();
    peer.drain();
    for (const std::uint16_t told : {std::uint16_t{2}, std::uint16_t{0}}) {
      Segment segment;
      segment.flow = peer.flow();
      segment.seq = peer.next;
      segment.ack = peer.expected;
      segment.flags = wire::kTcpAck;
      segment.window = 1000;
      segment.options.user_timeout = wire::TcpUserTimeout{told, true};
      EXPECT_EQ(peer.transport.on_segment(std::move(segment), peer.now), DropReason::kNone);
    }
    ASSERT_TRUE(peer.write("anybody?"));
    (void)peer.wait(seconds(115));
    EXPECT_EQ(peer.state(), State::kEstablished);
    (void)peer.wait(seconds(150));
    EXPECT_EQ(peer.state(), is_switched_on ? State::kClosed : State::kEstablished);
  }
}

TEST(ConnectionTimers, AProgramMayWaitInFinWait2AsLongAsItLikes) {
  Peer peer;
  peer.open_passively();
  ASSERT_TRUE(peer.transport.shut_down(peer.handle, Transport::Direction::kWrite, peer.now));
  peer.drain();
  peer.say({});
  (void)peer.wait(hours(10));
  EXPECT_EQ(peer.state(), State::kFinWait2);
}

TEST(ConnectionTimers, WithoutAProgramFinWait2EndsBySettings) {
  Peer peer;
  peer.open_passively();
  peer.transport.close(peer.handle, peer.now);
  peer.drain();
  peer.say({});
  EXPECT_EQ(peer.transport.orphans(), 1U);
  (void)peer.wait(seconds(59));
  EXPECT_EQ(peer.transport.connections(), 1U);
  (void)peer.wait(seconds(2));
  EXPECT_EQ(peer.transport.connections(), 0U);
  EXPECT_EQ(peer.transport.orphans(), 0U);
  EXPECT_FALSE(peer.transport.next_deadline().has_value());
}

TEST(ConnectionTimers, NobodysTextBehindAClosedWindowIsGivenUpWithAReset) {
  Peer peer;
  peer.open_passively();
  peer.drain();
  peer.say({.window = 0});
  ASSERT_TRUE(peer.write("unwanted"));
  peer.transport.close(peer.handle, peer.now);
  const Time began = peer.now;
  bool was_reset = false;
  while (peer.transport.connections() != 0) {
    ASSERT_LT(peer.now - began, minutes(10));
    for (const Outgoing& outgoing : peer.wait(seconds(1))) {
      was_reset |= outgoing.header.flags.rst();
    }
    peer.say({.window = 0});  // RFC 9293 3.8.6.1: it answers each probe
  }
  EXPECT_TRUE(was_reset);
  EXPECT_GT(peer.now - began, minutes(1));
}

TEST(ConnectionTimers, LingeringIsToldWhenAllIsAcknowledgedOrTheTimeIsOver) {
  for (const bool answers : {true, false}) {
    PeerOptions options;
    options.socket.linger = seconds(3);
    Peer peer(options);
    peer.open_passively();
    peer.drain();
    bool told = false;
    (void)peer.transport.on_ready(peer.handle, [&](Readiness news) { told |= news.closed; });
    peer.ready.tell();
    ASSERT_TRUE(peer.write("last words"));
    ASSERT_TRUE(peer.transport.close_lingering(peer.handle, peer.now));
    peer.expect_all(peer.wait(seconds(1)));
    if (answers) peer.say({});
    peer.ready.tell();
    EXPECT_EQ(told, answers);
    (void)peer.wait(seconds(4));
    peer.ready.tell();
    EXPECT_TRUE(told);
    peer.transport.close(peer.handle, peer.now);
    EXPECT_EQ(peer.transport.connections(), 1U) << "what was written is still delivered";
  }
}

}  // namespace
}  // namespace strata::tcp::connection_timers_test
