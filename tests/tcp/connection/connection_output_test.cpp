// SPDX-License-Identifier: Apache-2.0
// What a connection sends, in which order, and what each segment carries.
#include <gtest/gtest.h>

#include <algorithm>

#include "tcp/support/peer.h"

namespace strata::tcp::connection_output_test {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

PeerOptions with_everything() {
  PeerOptions options;
  options.options.timestamps = wire::TcpTimestamps{777, 0};
  options.options.sack_permitted = true;
  options.options.window_scale = 7;
  return options;
}

// RFC 7323 3.2 MUST: once agreed upon, timestamps are in every segment but RST.
TEST(ConnectionOutput, TimestampsAreInEverySegment) {
  Peer peer(with_everything());
  peer.open_passively();
  ASSERT_TRUE(peer.write("text"));
  peer.take({.text = "out"});
  for (const Outgoing& outgoing : peer.pull_all()) {
    const auto timestamps = Peer::options_of(outgoing).timestamps;
    ASSERT_TRUE(timestamps.has_value());
    EXPECT_EQ(timestamps->echo_reply, 777U);
    EXPECT_EQ(outgoing.header.header_length, 32);
  }
}

TEST(ConnectionOutput, WithoutAgreementThereAreNoOptions) {
  Peer peer;
  peer.open_passively();
  ASSERT_TRUE(peer.write("text"));
  EXPECT_EQ(peer.pull()->header.header_length, 20);
}

// RFC 9293 3.8.6.3 SHOULD: the ACK goes with text, if there is any.
TEST(ConnectionOutput, TextCarriesTheAck) {
  Peer peer;
  peer.open_passively();
  peer.drain();
  peer.take({.text = "question"});
  ASSERT_TRUE(peer.write("answer"));
  const auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(SequenceNumber(out[0].header.acknowledgment_number), peer.next);
  EXPECT_TRUE(peer.wait(milliseconds(150)).empty());
}

// RFC 5681 4.2 SHOULD: each segment out of order is answered by a duplicate ACK of its own.
TEST(ConnectionOutput, DuplicateAcksGoOneByOneAndBeforeText) {
  Peer peer(with_everything());
  peer.open_passively();
  peer.drain();
  const std::string text(1000, 'o');
  for (int i = 1; i <= 3; ++i) peer.say({.seq = 1000 * i, .text = text});
  ASSERT_TRUE(peer.write("text"));
  const auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 4U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(out[static_cast<std::size_t>(i)].payload, nullptr);
    EXPECT_EQ(SequenceNumber(out[static_cast<std::size_t>(i)].header.acknowledgment_number),
              peer.next);
  }
  EXPECT_EQ(Peer::text_of(out[3]), "text");
}

// RFC 2018 3 SHOULD: SACK blocks are in ACKs and beside text, as many as fit.
TEST(ConnectionOutput, SackBlocksFitBesideTimestamps) {
  Peer peer(with_everything());
  peer.open_passively();
  peer.drain();
  for (int i = 5; i >= 1; --i) peer.say({.seq = 2000 * i, .text = "hole before"});
  const auto acks = peer.pull_all();
  ASSERT_EQ(acks.size(), 5U);
  const wire::TcpOptions last = Peer::options_of(acks[4]);
  EXPECT_EQ(last.sack.size(), 3U);
  EXPECT_EQ(last.sack[0].left, (peer.next + 2000).value());
  ASSERT_TRUE(peer.write(std::string(5000, 't')));
  for (const Outgoing& outgoing : peer.pull_all()) {
    const std::size_t piece =
        outgoing.segment_size != 0 ? outgoing.segment_size : outgoing.payload->size();
    EXPECT_LE(piece + outgoing.header.header_length + 20U, 1500U);
    EXPECT_EQ(Peer::options_of(outgoing).sack.size(), 3U);
  }
}

TEST(ConnectionOutput, LongTextLeavesAsOneSuperSegment) {
  Peer peer;
  peer.open_passively();
  ASSERT_TRUE(peer.write(std::string(10'000, 's')));
  const auto out = peer.pull_all();
  ASSERT_GE(out.size(), 1U);
  EXPECT_EQ(out[0].segment_size, 1460);
  EXPECT_GT(out[0].payload->size(), 5U * 1460);
}

TEST(ConnectionOutput, SegmentsLeaveOneByOneWhereTheHostOrItsSettingsSaySo) {
  PeerOptions by_settings;
  by_settings.config.super_segments = false;
  Peer by_host;
  by_host.limits.super_segment_bytes_max = 0;
  Peer set(by_settings);
  for (Peer* const plain : {&by_host, &set}) {
    plain->open_passively();
    ASSERT_TRUE(plain->write(std::string(10'000, 's')));
    const auto out = plain->pull_all();
    ASSERT_GE(out.size(), 5U);
    for (const Outgoing& outgoing : out) {
      EXPECT_EQ(outgoing.segment_size, 0);
      EXPECT_LE(outgoing.payload->size(), 1460U);
    }
  }
}

// RFC 3168 6.1.5 MUST: new text may be marked; pure ACKs and retransmissions may not.
TEST(ConnectionOutput, OnlyNewTextIsEcnCapable) {
  PeerOptions options;
  options.syn_flags = wire::kTcpEce | wire::kTcpCwr;
  Peer peer(options);
  peer.open_passively();
  ASSERT_TRUE(peer.write("new"));
  auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].ecn, EcnCodepoint::kEct0);
  out = peer.wait(seconds(2));
  ASSERT_FALSE(out.empty());
  for (const Outgoing& again : out) EXPECT_EQ(again.ecn, EcnCodepoint::kNotEct);
  peer.take({.text = "x"});
  out = peer.wait(seconds(1));
  for (const Outgoing& ack : out) EXPECT_EQ(ack.ecn, EcnCodepoint::kNotEct);
}

// RFC 3168 6.1.3 MUST: after CE every ACK says ECE, until the sender says CWR.
TEST(ConnectionOutput, EceIsSaidUntilCwr) {
  PeerOptions options;
  options.syn_flags = wire::kTcpEce | wire::kTcpCwr;
  Peer peer(options);
  peer.open_passively();
  peer.drain();
  const auto ece_of_next_ack = [&](const Said& said) {
    peer.take(said);
    const auto out = peer.wait(milliseconds(300));
    return !out.empty() && out.back().header.flags.ece();
  };
  EXPECT_FALSE(ece_of_next_ack({.text = "clean"}));
  EXPECT_TRUE(ece_of_next_ack({.text = "marked", .ecn = EcnCodepoint::kCe}));
  EXPECT_TRUE(ece_of_next_ack({.text = "clean"}));
  EXPECT_FALSE(ece_of_next_ack({.flags = wire::kTcpAck | wire::kTcpCwr, .text = "reduced"}));
}

// RFC 3168 6.1.2 MUST: ECE makes the sender reduce, and say CWR with its next new text.
TEST(ConnectionOutput, CwrAnswersEce) {
  PeerOptions options;
  options.syn_flags = wire::kTcpEce | wire::kTcpCwr;
  Peer peer(options);
  peer.open_passively();
  ASSERT_TRUE(peer.write(std::string(5000, 'e')));
  peer.drain();
  const std::uint32_t before = peer.transport.info(peer.handle, peer.now)->congestion_window;
  peer.say({.flags = wire::kTcpAck | wire::kTcpEce});
  EXPECT_LT(peer.transport.info(peer.handle, peer.now)->congestion_window, before);
  EXPECT_EQ(peer.transport.info(peer.handle, peer.now)->delivered_ce, 4U);
  ASSERT_TRUE(peer.write("next"));
  const auto out = peer.pull_all();
  ASSERT_FALSE(out.empty());
  EXPECT_TRUE(out.back().header.flags.cwr());
}

// RFC 9293 3.8.5 MUST: the urgent pointer names the byte behind the urgent data.
TEST(ConnectionOutput, UrgentDataIsPointedAt) {
  Peer peer;
  peer.open_passively();
  ASSERT_TRUE(
      peer.transport.write_urgent(peer.handle, std::as_bytes(std::span("!!", 2)), peer.now));
  const auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_TRUE(out[0].header.flags.urg());
  EXPECT_EQ(out[0].header.urgent_pointer, 2);
}

// RFC 4861 7.3.1: an ACK of new data, or new text, shows that the way there works; once, and not
// for long.
TEST(ConnectionOutput, TheSegmentBehindProgressConfirmsTheNextHop) {
  PeerOptions options;
  options.socket.no_delay = true;
  Peer peer(options);
  peer.open_passively();
  const auto confirmations = [&peer] {
    EXPECT_TRUE(peer.write("x"));
    const std::vector<Outgoing> sent = peer.pull_all();
    peer.expect_all(sent);
    return std::ranges::count_if(sent, &Outgoing::confirms_next_hop);
  };
  EXPECT_EQ(confirmations(), 1) << "the handshake";
  EXPECT_EQ(confirmations(), 0) << "nothing came since";
  peer.say({});
  EXPECT_EQ(confirmations(), 1);
  EXPECT_EQ(confirmations(), 0);
  peer.take({.ack = -1, .text = "new"});
  EXPECT_EQ(confirmations(), 1);
  peer.say({});
  peer.now += seconds(2);
  EXPECT_EQ(confirmations(), 0) << "the way may be another one by now";
}

TEST(ConnectionOutput, AResetWaitsForNothing) {
  Peer peer;
  peer.open_passively();
  ASSERT_TRUE(peer.write("never sent"));
  peer.say({.seq = 100, .text = "out of order"});
  peer.transport.abort(peer.handle, peer.now);
  const auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_TRUE(out[0].header.flags.rst());
  EXPECT_EQ(peer.transport.counters().resets_out, 1U);
}

}  // namespace
}  // namespace strata::tcp::connection_output_test
