// SPDX-License-Identifier: Apache-2.0
// What connections make of ICMP errors (RFC 5927, RFC 1191) and of a path that changes.
#include <gtest/gtest.h>

#include "tcp/support/peer.h"

namespace strata::tcp::connection_path_test {
namespace {

using namespace testing;
using std::chrono::seconds;

IcmpNews unreachable(SequenceNumber quoted, bool is_hard) {
  return {.error = is_hard ? Error::kPortUnreachable : Error::kHostUnreachable,
          .is_hard = is_hard,
          .sequence = quoted,
          .mtu = {},
          .quoted_size = 40};
}

IcmpNews too_big(SequenceNumber quoted, std::uint32_t mtu) {
  return {.error = Error::kMessageTooLong,
          .is_hard = false,
          .sequence = quoted,
          .mtu = mtu,
          .quoted_size = 1500};
}

// RFC 5927 4.1 SHOULD: only errors that quote a number in flight are believed.
TEST(ConnectionPath, AQuoteThatIsNotInFlightIsRefused) {
  Peer peer;
  peer.open_passively();
  peer.drain();
  EXPECT_EQ(peer.transport.on_icmp(peer.flow(), too_big(peer.expected, 600), peer.now),
            DropReason::kTcpQuoteNotInFlight)
      << "nothing is in flight";
  ASSERT_TRUE(peer.write("something"));
  peer.pull_all();
  for (const std::uint32_t offset : {9U, 1000U, 0x8000'0000U}) {
    EXPECT_EQ(peer.transport.on_icmp(peer.flow(), too_big(peer.expected + offset, 600), peer.now),
              DropReason::kTcpQuoteNotInFlight);
  }
  EXPECT_EQ(peer.transport.on_icmp(peer.flow(), too_big(peer.expected, 600), peer.now),
            DropReason::kNone);
  EXPECT_EQ(peer.transport.info(peer.handle, peer.now)->path_mtu, 600U);
}

// RFC 5927 5.2 SHOULD: for a synchronized connection hard errors are soft ones.
TEST(ConnectionPath, AnOpenConnectionSurvivesHardErrors) {
  Peer peer;
  peer.open_passively();
  ASSERT_TRUE(peer.write("something"));
  peer.pull_all();
  EXPECT_EQ(peer.transport.on_icmp(peer.flow(), unreachable(peer.expected, true), peer.now),
            DropReason::kNone);
  EXPECT_EQ(peer.state(), State::kEstablished);
  EXPECT_EQ(peer.transport.info(peer.handle, peer.now)->soft_error, Error::kPortUnreachable);
  (void)peer.wait(std::chrono::hours(1));
  EXPECT_EQ(peer.transport.take_error(peer.handle), Error::kPortUnreachable)
      << "the reason that is told when it is given up";
}

// RFC 9293 3.9.2.2 SHOULD: a hard error ends an attempt to connect.
TEST(ConnectionPath, AHardErrorEndsAnAttemptToConnect) {
  Peer peer;
  peer.connect();
  EXPECT_EQ(peer.transport.on_icmp(peer.flow(), unreachable(peer.expected, true), peer.now),
            DropReason::kTcpQuoteNotInFlight);
  EXPECT_EQ(peer.transport.on_icmp(peer.flow(), unreachable(peer.expected - 1, true), peer.now),
            DropReason::kNone);
  EXPECT_EQ(peer.state(), State::kClosed);
  EXPECT_EQ(peer.transport.take_error(peer.handle), Error::kPortUnreachable);
}

// RFC 9293 3.9.2.2 MUST: a soft error does not.
TEST(ConnectionPath, ASoftErrorDoesNot) {
  Peer peer;
  peer.connect();
  EXPECT_EQ(peer.transport.on_icmp(peer.flow(), unreachable(peer.expected - 1, false), peer.now),
            DropReason::kNone);
  EXPECT_EQ(peer.state(), State::kSynSent);
  peer.syn(wire::kTcpAck);
  EXPECT_EQ(peer.state(), State::kEstablished);
}

// RFC 1191 6.5 SHOULD: what was too big is sent again at once, in smaller pieces.
TEST(ConnectionPath, WhatWasTooBigIsSentAgainSmaller) {
  Peer peer;
  peer.open_passively();
  peer.drain();
  ASSERT_TRUE(peer.write(std::string(1460, 'b')));
  ASSERT_EQ(peer.pull_all().size(), 1U);
  EXPECT_EQ(peer.transport.on_icmp(peer.flow(), too_big(peer.expected, 1000), peer.now),
            DropReason::kNone);
  const auto again = peer.pull_all();
  ASSERT_FALSE(again.empty());
  EXPECT_EQ(SequenceNumber(again[0].header.sequence_number), peer.expected);
  for (const Outgoing& outgoing : again) {
    const std::size_t piece =
        outgoing.segment_size != 0 ? outgoing.segment_size : outgoing.payload->size();
    EXPECT_LE(piece, 960U);
  }
}

TEST(ConnectionPath, AnAbsurdMtuIsAnsweredByLettingRoutersFragment) {
  Peer peer;
  peer.open_passively();
  peer.drain();
  ASSERT_TRUE(peer.write(std::string(1460, 'b')));
  peer.pull_all();
  EXPECT_EQ(peer.transport.on_icmp(peer.flow(), too_big(peer.expected, 68), peer.now),
            DropReason::kNone);
  EXPECT_EQ(peer.transport.info(peer.handle, peer.now)->path_mtu, 552U);
  const auto again = peer.pull_all();
  ASSERT_FALSE(again.empty());
  EXPECT_TRUE(again[0].may_fragment);
}

TEST(ConnectionPath, WhoseProgramInsistsIsNeverFragmented) {
  PeerOptions options;
  options.socket.path_mtu = TcpPathMtu::kInsist;
  Peer peer(options);
  peer.open_passively();
  peer.drain();
  ASSERT_TRUE(peer.write(std::string(1460, 'b')));
  peer.pull_all();
  EXPECT_EQ(peer.transport.on_icmp(peer.flow(), too_big(peer.expected, 68), peer.now),
            DropReason::kNone);
  const auto again = peer.pull_all();
  ASSERT_FALSE(again.empty());
  EXPECT_FALSE(again[0].may_fragment);
  EXPECT_FALSE(again[0].ignores_path_mtu);
}

TEST(ConnectionPath, WhoseProgramLeavesItToRoutersHearsNothingOfThePath) {
  PeerOptions options;
  options.socket.path_mtu = TcpPathMtu::kIgnore;
  Peer peer(options);
  peer.open_passively();
  peer.drain();
  ASSERT_TRUE(peer.write(std::string(1460, 'b')));
  const auto out = peer.pull_all();
  ASSERT_FALSE(out.empty());
  EXPECT_TRUE(out[0].ignores_path_mtu);
  EXPECT_EQ(peer.transport.on_icmp(peer.flow(), too_big(peer.expected, 600), peer.now),
            DropReason::kNone);
  EXPECT_EQ(peer.transport.info(peer.handle, peer.now)->path_mtu, 1500U);
  EXPECT_TRUE(peer.pull_all().empty()) << "nothing was lost";
}

// RFC 1191 7.1 SHOULD: a router that does not tell its MTU means the next smaller common one.
TEST(ConnectionPath, WithoutAnMtuTheNextCommonOneIsTaken) {
  Peer peer;
  peer.open_passively();
  peer.drain();
  ASSERT_TRUE(peer.write(std::string(1460, 'b')));
  peer.pull_all();
  EXPECT_EQ(peer.transport.on_icmp(peer.flow(), too_big(peer.expected, 0), peer.now),
            DropReason::kNone);
  EXPECT_EQ(peer.transport.info(peer.handle, peer.now)->path_mtu, 1492U);
}

// RFC 5927 7.2 SHOULD: an MTU that is not smaller than what we send is a lie.
TEST(ConnectionPath, AnMtuThatIsNotSmallerIsRefused) {
  Peer peer;
  peer.open_passively();
  ASSERT_TRUE(peer.write("x"));
  peer.pull_all();
  EXPECT_EQ(peer.transport.on_icmp(peer.flow(), too_big(peer.expected, 1500), peer.now),
            DropReason::kTcpQuoteNotInFlight);
  EXPECT_EQ(peer.transport.on_icmp(peer.flow(), too_big(peer.expected, 9000), peer.now),
            DropReason::kTcpQuoteNotInFlight);
}

TEST(ConnectionPath, TheStacksOwnWordAboutThePathIsBelievedBothWays) {
  Peer peer;
  peer.open_passively();
  peer.transport.on_path_mtu(peer.flow(), 1280, peer.now);
  EXPECT_EQ(peer.transport.info(peer.handle, peer.now)->send_mss, 1240U);
  peer.transport.on_path_mtu(peer.flow(), 1500, peer.now);
  EXPECT_EQ(peer.transport.info(peer.handle, peer.now)->send_mss, 1460U);
}

TEST(ConnectionPath, ASegmentThatCouldNotLeaveIsASoftError) {
  Peer peer;
  peer.open_passively();
  peer.transport.on_unreachable(peer.flow(), Error::kNetworkUnreachable, peer.now);
  EXPECT_EQ(peer.state(), State::kEstablished);
  EXPECT_EQ(peer.transport.info(peer.handle, peer.now)->soft_error, Error::kNetworkUnreachable);
}

// RFC 5461 4: what our own link says is neither forged nor about to pass on some router's way.
TEST(ConnectionPath, ASilentNeighbourEndsAnAttemptAndNothingElse) {
  Peer attempt;
  attempt.connect();
  attempt.transport.on_neighbor_silent(attempt.flow(), attempt.now);
  EXPECT_EQ(attempt.state(), State::kClosed);
  EXPECT_EQ(attempt.transport.take_error(attempt.handle), Error::kHostUnreachable);
  Peer open;
  open.open_passively();
  open.transport.on_neighbor_silent(open.flow(), open.now);
  EXPECT_EQ(open.state(), State::kEstablished);
  EXPECT_EQ(open.transport.info(open.handle, open.now)->soft_error, Error::kHostUnreachable);
}

// RFC 9293 3.8.3 MUST: after R1 the IP layer is told that the way may be dead.
TEST(ConnectionPath, ASilentPeerIsSuspectedOnceAndNotBeforeThreeRetransmissions) {
  Peer peer;
  peer.open_passively();
  peer.drain();
  ASSERT_TRUE(peer.write("anybody?"));
  int sent = static_cast<int>(peer.pull_all().size());
  std::optional<Flow> suspect;
  while (!suspect && sent < 20) {
    sent += static_cast<int>(peer.wait(std::chrono::milliseconds(50)).size());
    suspect = peer.transport.next_suspect();
  }
  EXPECT_GE(sent, 3);
  EXPECT_EQ(suspect, peer.flow());
  EXPECT_FALSE(peer.transport.next_suspect().has_value());
}

}  // namespace
}  // namespace strata::tcp::connection_path_test
