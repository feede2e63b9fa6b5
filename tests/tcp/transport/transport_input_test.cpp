// SPDX-License-Identifier: Apache-2.0
// Segments that belong to nothing, to listeners, and to what is half open.
#include <gtest/gtest.h>

#include "tcp/support/peer.h"

namespace strata::tcp::transport_input_test {
namespace {

using namespace testing;
using std::chrono::seconds;

// RFC 9293 3.10.7.1 MUST: a segment for nobody is answered with a RST that is acceptable to it.
TEST(TransportInput, NobodyAnswersWithAReset) {
  Peer peer;
  EXPECT_EQ(peer.say({.flags = wire::kTcpAck, .ack = 77}), DropReason::kTcpNoSocket);
  const auto with_ack = peer.pull_all();
  ASSERT_EQ(with_ack.size(), 1U);
  EXPECT_EQ(with_ack[0].header.flags, wire::kTcpRst);
  EXPECT_EQ(SequenceNumber(with_ack[0].header.sequence_number), peer.expected + 77);
  EXPECT_EQ(peer.say({.flags = wire::kTcpSyn}), DropReason::kTcpNoSocket);
  const auto without = peer.pull_all();
  ASSERT_EQ(without.size(), 1U);
  EXPECT_EQ(without[0].header.flags, wire::kTcpRst | wire::kTcpAck);
  EXPECT_EQ(SequenceNumber(without[0].header.acknowledgment_number), peer.next + 1);
}

// RFC 9293 3.10.7.1 MUST: a RST for nobody is dropped without an answer.
TEST(TransportInput, AResetIsNeverAnswered) {
  Peer peer;
  EXPECT_EQ(peer.say({.flags = wire::kTcpRst}), DropReason::kTcpNoSocket);
  EXPECT_TRUE(peer.pull_all().empty());
}

TEST(TransportInput, ResetsAreLimited) {
  PeerOptions options;
  options.config.resets_per_second = 10;
  Peer peer(options);
  std::size_t resets = 0;
  for (int i = 0; i < 1000; ++i) {
    peer.say({});
    resets += peer.pull_all().size();
  }
  EXPECT_LE(resets, 15U);
}

TEST(TransportInput, AHalfOpenConnectionIsNoConnectionYet) {
  Peer peer;
  peer.listen();
  peer.syn({});
  EXPECT_EQ(peer.transport.half_opens(), 1U);
  EXPECT_EQ(peer.transport.connections(), 0U);
  const auto syn_ack = peer.pull_all();
  ASSERT_EQ(syn_ack.size(), 1U);
  EXPECT_EQ(syn_ack[0].header.flags, wire::kTcpSyn | wire::kTcpAck);
  peer.expected = SequenceNumber(syn_ack[0].header.sequence_number) + 1;
  EXPECT_EQ(peer.take({.text = "with the ACK"}), DropReason::kNone);
  EXPECT_EQ(peer.transport.half_opens(), 0U);
  peer.handle = *peer.transport.accept(peer.listener, peer.now);
  EXPECT_EQ(peer.read(), "with the ACK");
}

// RFC 9293 3.5.3 MUST: a passive connection that is reset returns to LISTEN.
TEST(TransportInput, AResetTakesAHalfOpenConnectionBackToListen) {
  Peer peer;
  peer.listen();
  peer.syn({});
  peer.pull_all();
  peer.say({.flags = wire::kTcpRst});
  EXPECT_EQ(peer.transport.half_opens(), 0U);
  EXPECT_TRUE(peer.pull_all().empty());
}

TEST(TransportInput, HardErrorsEndHalfOpenConnectionsWhenTheyQuoteTheSynAck) {
  Peer peer;
  peer.listen();
  peer.syn({});
  const auto syn_ack = peer.pull();
  IcmpNews news{.error = Error::kHostUnreachable, .is_hard = true, .sequence = {}, .mtu = {}};
  news.sequence = SequenceNumber(syn_ack->header.sequence_number) + 1;
  EXPECT_EQ(peer.transport.on_icmp(peer.flow(), news, peer.now), DropReason::kTcpQuoteNotInFlight);
  news.sequence = SequenceNumber(syn_ack->header.sequence_number);
  EXPECT_EQ(peer.transport.on_icmp(peer.flow(), news, peer.now), DropReason::kNone);
  EXPECT_EQ(peer.transport.half_opens(), 0U);
  EXPECT_EQ(peer.transport.on_icmp(peer.flow(), news, peer.now), DropReason::kIcmpQuoteUnknown);
}

// RFC 4987 3.6 MAY: with a full backlog, the peer remembers for us.
TEST(TransportInput, ACookieOpensAConnectionFromNothing) {
  PeerOptions options;
  options.config.half_open_max = 0;
  options.options.timestamps = wire::TcpTimestamps{777, 0};
  options.options.sack_permitted = true;
  options.options.window_scale = 9;
  Peer peer(options);
  peer.open_passively();
  EXPECT_EQ(peer.transport.half_opens(), 0U);
  EXPECT_EQ(peer.state(), State::kEstablished);
  const auto info = peer.transport.info(peer.handle, peer.now);
  EXPECT_TRUE(info->has_timestamps && info->has_sack);
  EXPECT_EQ(info->send_window_scale, 9);
  peer.take({.text = "through a cookie"});
  EXPECT_EQ(peer.read(), "through a cookie");
  EXPECT_EQ(peer.transport.counters().cookies_in, 1U);
}

// RFC 9293 3.10.7.4 MUST: in TIME-WAIT the peer's FIN is acknowledged again.
TEST(TransportInput, ATimeWaitAcknowledgesTheFinAgain) {
  Peer peer;
  peer.open_passively();
  ASSERT_TRUE(peer.transport.shut_down(peer.handle, Transport::Direction::kWrite, peer.now));
  peer.drain();
  const Said fin{.flags = wire::kTcpFin | wire::kTcpAck};
  peer.take(fin);
  EXPECT_EQ(peer.pull_all().size(), 1U);
  peer.now += seconds(10);
  peer.say({.flags = fin.flags, .seq = -1});
  const auto again = peer.pull_all();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].header.flags, wire::kTcpAck);
  EXPECT_EQ(SequenceNumber(again[0].header.acknowledgment_number), peer.next);
  EXPECT_EQ(SequenceNumber(again[0].header.sequence_number), peer.expected);
}

}  // namespace
}  // namespace strata::tcp::transport_input_test
