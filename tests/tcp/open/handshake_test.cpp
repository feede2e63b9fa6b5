// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/handshake.h"

#include <gtest/gtest.h>

#include <array>

#include "tcp/isn.h"
#include "tcp/support/opening.h"

namespace strata::tcp::handshake_test {
namespace {

using namespace std::chrono_literals;
using Event = Handshake::Event;
using ReplyKind = Handshake::ReplyKind;
using testing::End;
using testing::flow_of;
using testing::kStart;
using testing::mirrored;
using testing::options_of;
using testing::received;
using testing::segment;
using testing::usual_options;
using wire::kTcpAck;
using wire::kTcpCwr;
using wire::kTcpEce;
using wire::kTcpFin;
using wire::kTcpRst;
using wire::kTcpSyn;

constexpr SequenceNumber kIss(1000);
constexpr std::uint32_t kIrs = 0xffff'fff0;  // so that numbers wrap on the way

End client_end() { return {.config = {}, .options = {}, .flow = mirrored(flow_of(1))}; }
End server_end() { return {.config = {}, .options = {}, .flow = flow_of(1)}; }

// In SYN-SENT, its SYN sent.
Handshake syn_sent(const End& end) {
  Handshake handshake = Handshake::active(end.context(), kIss);
  EXPECT_TRUE(handshake.next_outgoing(end.context(), kStart));
  return handshake;
}

// In SYN-RECEIVED, its SYN-ACK sent. Without timestamps unless the options have them.
Handshake syn_received(const End& end, const wire::TcpOptions& options = {}) {
  Segment syn = segment(end.flow, kTcpSyn, kIrs);
  syn.options = options;
  Handshake handshake = Handshake::passive(end.context(), syn, kIss);
  EXPECT_TRUE(handshake.next_outgoing(end.context(), kStart));
  return handshake;
}

// RFC 9293 3.5 MUST: the three-way handshake brings both ends to ESTABLISHED (figure 6).
TEST(Handshake, OpensInThreeSegments) {
  const End client = client_end();
  const End server = server_end();
  Handshake a = Handshake::active(client.context(), kIss);
  EXPECT_EQ(a.state(), State::kSynSent);
  const auto syn = a.next_outgoing(client.context(), kStart);
  ASSERT_TRUE(syn);
  EXPECT_EQ(syn->header.flags, kTcpSyn | kTcpEce | kTcpCwr);
  EXPECT_EQ(syn->header.sequence_number, 1000U);
  EXPECT_FALSE(a.next_outgoing(client.context(), kStart));

  Handshake b = Handshake::passive(server.context(), received(*syn), SequenceNumber(5000));
  EXPECT_EQ(b.state(), State::kSynReceived);
  const auto syn_ack = b.next_outgoing(server.context(), kStart + 10ms);
  ASSERT_TRUE(syn_ack);
  EXPECT_EQ(syn_ack->header.flags, kTcpSyn | kTcpAck | kTcpEce);
  EXPECT_EQ(syn_ack->header.acknowledgment_number, 1001U);

  EXPECT_EQ(a.on_segment(received(*syn_ack), client.context()).event, Event::kEstablished);
  EXPECT_EQ(a.rcv_nxt(), SequenceNumber(5001));
  EXPECT_EQ(a.round_trip(client.context(), kStart + 20ms), Duration(20ms));
  const Negotiated ours = a.negotiated(client.context());
  EXPECT_TRUE(ours.window_scaling && ours.timestamps && ours.sack && ours.ecn);

  Segment ack = segment(server.flow, kTcpAck, 1001, 5001);
  ack.options.timestamps = syn->option_size() != 0 ? options_of(*syn).timestamps : std::nullopt;
  EXPECT_EQ(b.on_segment(ack, server.context()).event, Event::kEstablished);
  EXPECT_EQ(b.round_trip(server.context(), kStart + 30ms), Duration(20ms));
  const Negotiated theirs = b.negotiated(server.context());
  EXPECT_EQ(theirs.send_mss, ours.receive_mss);
  EXPECT_EQ(theirs.send_scale, ours.receive_scale);
  EXPECT_EQ(theirs.receive_scale, ours.send_scale);
  EXPECT_TRUE(theirs.timestamps && theirs.sack && theirs.ecn);
}

// RFC 9293 3.5 MUST: simultaneous open is supported (MUST-10, figure 7).
TEST(Handshake, OpensWhenBothEndsOpenAtOnce) {
  const End ends[] = {client_end(), server_end()};
  std::array<Handshake, 2> sides{Handshake::active(ends[0].context(), SequenceNumber(100)),
                                 Handshake::active(ends[1].context(), SequenceNumber(300))};
  std::array<Outgoing, 2> out;
  for (std::size_t i = 0; i < 2; ++i) {
    out[i] = *sides[i].next_outgoing(ends[i].context(), kStart);
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const auto outcome = sides[i].on_segment(received(out[1 - i]), ends[i].context());
    EXPECT_EQ(outcome.event, Event::kReceived);
    EXPECT_EQ(sides[i].state(), State::kSynReceived);
  }
  for (std::size_t i = 0; i < 2; ++i) {
    out[i] = *sides[i].next_outgoing(ends[i].context(), kStart);
    EXPECT_TRUE(out[i].header.flags.contains(kTcpSyn | kTcpAck));
  }
  EXPECT_EQ(out[0].header.sequence_number, 100U);
  EXPECT_EQ(out[0].header.acknowledgment_number, 301U);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto outcome = sides[i].on_segment(received(out[1 - i]), ends[i].context());
    EXPECT_EQ(outcome.event, Event::kEstablished);
    EXPECT_TRUE(sides[i].negotiated(ends[i].context()).timestamps);
  }
}

struct Row {
  const char* what;
  wire::TcpFlags flags;
  std::uint32_t seq;
  std::uint32_t ack;
  std::uint32_t payload;
  Event event;
  DropReason drop;
  ReplyKind reply;
};

// RFC 9293 3.10.7.3 MUST: in SYN-SENT, an ACK that is not of our SYN is answered by a reset.
// RFC 5961 3.2 MUST: in SYN-SENT, a RST counts only if it acknowledges the SYN.
TEST(Handshake, JudgesSegmentsInSynSent) {
  using enum DropReason;
  const Row rows[] = {
      {"ACK of nothing", kTcpAck, 1, 1000, 0, Event::kNone, kTcpUnacceptable, ReplyKind::kReset},
      {"ACK beyond", kTcpAck, 1, 1002, 0, Event::kNone, kTcpUnacceptable, ReplyKind::kReset},
      {"SYN-ACK beyond", kTcpSyn | kTcpAck, 1, 1002, 0, Event::kNone, kTcpUnacceptable,
       ReplyKind::kReset},
      {"bare ACK of the SYN", kTcpAck, 1, 1001, 0, Event::kNone, kTcpUnacceptable,
       ReplyKind::kNone},
      {"text", kTcpAck, 1, 1001, 9, Event::kNone, kTcpUnacceptable, ReplyKind::kNone},
      {"blind RST", kTcpRst, 1, 0, 0, Event::kNone, kTcpResetRefused, ReplyKind::kNone},
      {"RST with the ACK", kTcpRst | kTcpAck, 1, 1001, 0, Event::kRefused, kNone, ReplyKind::kNone},
      {"nothing at all", {}, 1, 0, 0, Event::kNone, kTcpUnacceptable, ReplyKind::kNone},
      {"FIN", kTcpFin, 1, 0, 0, Event::kNone, kTcpUnacceptable, ReplyKind::kNone},
      {"SYN", kTcpSyn, 1, 0, 0, Event::kReceived, kNone, ReplyKind::kNone},
      {"SYN-ACK", kTcpSyn | kTcpAck, 1, 1001, 0, Event::kEstablished, kNone, ReplyKind::kNone},
      {"SYN-ACK with text", kTcpSyn | kTcpAck, 1, 1001, 50, Event::kEstablished, kNone,
       ReplyKind::kNone},
  };
  const End end = client_end();
  for (const Row& row : rows) {
    Handshake handshake = syn_sent(end);
    const Segment arrived = segment(end.flow, row.flags, row.seq, row.ack, row.payload);
    const auto outcome = handshake.on_segment(arrived, end.context());
    EXPECT_EQ(outcome.event, row.event) << row.what;
    EXPECT_EQ(outcome.drop, row.drop) << row.what;
    EXPECT_EQ(outcome.reply, row.reply) << row.what;
  }
}

// What a RST that follows a bad RST|ACK may not do.
TEST(Handshake, DoesNotAnswerAResetWithAReset) {
  const End end = client_end();
  Handshake handshake = syn_sent(end);
  const Segment reset = segment(end.flow, kTcpRst | kTcpAck, 1, 7);
  const auto outcome = handshake.on_segment(reset, end.context());
  EXPECT_EQ(outcome.event, Event::kNone);
  EXPECT_EQ(outcome.reply, ReplyKind::kNone);
}

// RFC 9293 3.10.7.4 MUST: in SYN-RECEIVED, sequence number, RST, SYN and ACK are judged in turn.
// RFC 5961 3.2 MUST: a RST in the window that does not hit RCV.NXT is challenged.
TEST(Handshake, JudgesSegmentsInSynReceived) {
  using enum DropReason;
  constexpr std::uint32_t kNext = kIrs + 1;
  constexpr std::uint32_t kEdge = kNext + (128U << 10U);
  const Row rows[] = {
      {"ACK", kTcpAck, kNext, 1001, 0, Event::kEstablished, kNone, ReplyKind::kNone},
      {"ACK with text", kTcpAck, kNext, 1001, 500, Event::kEstablished, kNone, ReplyKind::kNone},
      {"ACK with FIN", kTcpAck | kTcpFin, kNext, 1001, 0, Event::kEstablished, kNone,
       ReplyKind::kNone},
      {"later text", kTcpAck, kNext + 5000, 1001, 500, Event::kEstablished, kNone,
       ReplyKind::kNone},
      {"old ACK", kTcpAck, kNext, 1000, 0, Event::kNone, kTcpUnacceptable, ReplyKind::kReset},
      {"ACK of more", kTcpAck, kNext, 1002, 0, Event::kNone, kTcpUnacceptable, ReplyKind::kReset},
      {"before the window", kTcpAck, kIrs, 1001, 0, Event::kNone, kTcpUnacceptable,
       ReplyKind::kChallengeAck},
      {"behind the window", kTcpAck, kEdge, 1001, 0, Event::kNone, kTcpUnacceptable,
       ReplyKind::kChallengeAck},
      {"no ACK", {}, kNext, 0, 10, Event::kNone, kTcpUnacceptable, ReplyKind::kNone},
      {"RST that hits", kTcpRst, kNext, 0, 0, Event::kRefused, kNone, ReplyKind::kNone},
      {"RST in the window", kTcpRst, kNext + 1, 0, 0, Event::kNone, kTcpResetRefused,
       ReplyKind::kChallengeAck},
      {"RST outside", kTcpRst, kEdge, 0, 0, Event::kNone, kTcpResetRefused, ReplyKind::kNone},
      {"another SYN in the window", kTcpSyn, kNext + 10, 0, 0, Event::kNone, kTcpSynRefused,
       ReplyKind::kChallengeAck},
      {"another SYN outside", kTcpSyn, kEdge + 10, 0, 0, Event::kNone, kTcpUnacceptable,
       ReplyKind::kChallengeAck},
      {"SYN-ACK", kTcpSyn | kTcpAck, kIrs, 1001, 0, Event::kNone, kTcpUnacceptable,
       ReplyKind::kChallengeAck},
  };
  const End end = server_end();
  for (const Row& row : rows) {
    Handshake handshake = syn_received(end);
    const Segment arrived = segment(end.flow, row.flags, row.seq, row.ack, row.payload);
    const auto outcome = handshake.on_segment(arrived, end.context());
    EXPECT_EQ(outcome.event, row.event) << row.what;
    EXPECT_EQ(outcome.drop, row.drop) << row.what;
    EXPECT_EQ(outcome.reply, row.reply) << row.what;
    EXPECT_FALSE(handshake.wants_to_send()) << row.what;
  }
}

// RFC 9293 3.10.7.4 MUST: what is not acceptable is answered <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>.
TEST(Handshake, AnswersWithWhatItExpects) {
  const End end = server_end();
  Handshake handshake = syn_received(end, usual_options());
  const Segment old = segment(end.flow, kTcpAck, kIrs - 100, 1001);
  const Outgoing ack =
      handshake.reply_to(old, ReplyKind::kChallengeAck, end.context(), kStart + 1s);
  EXPECT_EQ(ack.header.flags, kTcpAck);
  EXPECT_EQ(ack.header.sequence_number, 1001U);
  EXPECT_EQ(ack.header.acknowledgment_number, kIrs + 1);
  EXPECT_EQ(ack.header.window, (128U << 10U) >> 7U);
  EXPECT_EQ(options_of(ack).timestamps->echo_reply, 5000U);
  const Outgoing reset = handshake.reply_to(old, ReplyKind::kReset, end.context(), kStart);
  EXPECT_EQ(reset.header.flags, kTcpRst);
  EXPECT_EQ(reset.header.sequence_number, 1001U);
}

// RFC 7323 5.3 MUST: an old timestamp is refused in SYN-RECEIVED too.
// RFC 7323 3.2 SHOULD: without the option that was agreed, a segment is dropped.
TEST(Handshake, RefusesOldTimestampsAndMissingOnes) {
  const End end = server_end();
  Handshake handshake = syn_received(end, usual_options(5000));
  Segment ack = segment(end.flow, kTcpAck, kIrs + 1, 1001);
  EXPECT_EQ(handshake.on_segment(ack, end.context()).drop, DropReason::kTcpOldTimestamp);
  EXPECT_EQ(handshake.on_segment(ack, end.context()).reply, ReplyKind::kNone);
  ack.options.timestamps = wire::TcpTimestamps{4999, 0};
  EXPECT_EQ(handshake.on_segment(ack, end.context()).drop, DropReason::kTcpOldTimestamp);
  EXPECT_EQ(handshake.on_segment(ack, end.context()).reply, ReplyKind::kChallengeAck);
  ack.options.timestamps = wire::TcpTimestamps{5000, 0};
  EXPECT_EQ(handshake.on_segment(ack, end.context()).event, Event::kEstablished);
  const Segment reset = segment(end.flow, kTcpRst, kIrs + 1);
  EXPECT_EQ(handshake.on_segment(reset, end.context()).event, Event::kRefused);
}

TEST(Handshake, SendsItsSynAckAgainWhenTheSynComesAgain) {
  const End end = server_end();
  Handshake handshake = syn_received(end);
  const Segment syn = segment(end.flow, kTcpSyn, kIrs);
  const auto outcome = handshake.on_segment(syn, end.context());
  EXPECT_EQ(outcome.drop, DropReason::kTcpSynRefused);
  EXPECT_EQ(outcome.reply, ReplyKind::kNone);
  EXPECT_TRUE(handshake.next_outgoing(end.context(), kStart + 10ms));
  EXPECT_EQ(handshake.retries(), 0);
  // RFC 6298 3: the answer may be to either.
  EXPECT_EQ(handshake.round_trip(end.context(), kStart + 20ms), std::nullopt);
}

// A Fast Open server has begun to send by what the first SYN said.
TEST(Handshake, ASynThatComesAgainMayOfferLessButNotMore) {
  const End end = server_end();
  Handshake handshake = syn_received(end, usual_options(5000));
  Handshake fast = handshake;
  fast.take_syn_text(0);
  Segment syn = segment(end.flow, kTcpSyn, kIrs);
  syn.options = usual_options(6000);
  syn.options.maximum_segment_size = 700;
  syn.options.sack_permitted = false;
  EXPECT_EQ(handshake.on_segment(syn, end.context()).drop, DropReason::kTcpSynRefused);
  Negotiated agreed = handshake.negotiated(end.context());
  EXPECT_EQ(agreed.send_mss, 700);
  EXPECT_EQ(agreed.ts_recent, 6000U);
  EXPECT_TRUE(agreed.timestamps && agreed.window_scaling && !agreed.sack);
  const Segment bare = segment(end.flow, kTcpSyn, kIrs);
  EXPECT_EQ(handshake.on_segment(bare, end.context()).drop, DropReason::kTcpSynRefused);
  EXPECT_EQ(fast.on_segment(bare, end.context()).drop, DropReason::kTcpSynRefused);
  agreed = handshake.negotiated(end.context());
  EXPECT_FALSE(agreed.timestamps || agreed.window_scaling || agreed.sack);
  EXPECT_EQ(agreed.send_scale + agreed.receive_scale, 0);
  EXPECT_TRUE(fast.negotiated(end.context()).timestamps);
  syn.options = usual_options(7000);
  EXPECT_EQ(handshake.on_segment(syn, end.context()).drop, DropReason::kTcpSynRefused);
  EXPECT_FALSE(handshake.negotiated(end.context()).timestamps);
}

// RFC 9293 3.8.1 MUST: SYNs are sent again with exponential back-off (RFC 6298 2.1, 5.5).
TEST(Handshake, BacksOffAndGivesUp) {
  End end = client_end();
  end.config.syn_retries = 3;
  Handshake handshake = syn_sent(end);
  Time now = kStart;
  for (const Duration wait : {Duration(1s), Duration(2s), Duration(4s)}) {
    EXPECT_EQ(handshake.next_deadline(), now + wait);
    EXPECT_EQ(handshake.on_deadline(end.context(), now + wait - 1ns), Event::kNone);
    EXPECT_FALSE(handshake.wants_to_send());
    now += wait;
    EXPECT_EQ(handshake.on_deadline(end.context(), now), Event::kNone);
    const auto syn = handshake.next_outgoing(end.context(), now);
    ASSERT_TRUE(syn);
    EXPECT_EQ(syn->header.sequence_number, kIss.value());
  }
  EXPECT_EQ(handshake.on_deadline(end.context(), now + 8s), Event::kTimedOut);
}

TEST(Handshake, LetsASocketChooseItsRetries) {
  End end = client_end();
  end.options.syn_retries = 1;
  Handshake handshake = syn_sent(end);
  EXPECT_EQ(handshake.on_deadline(end.context(), kStart + 1s), Event::kNone);
  ASSERT_TRUE(handshake.next_outgoing(end.context(), kStart + 1s));
  EXPECT_EQ(handshake.on_deadline(end.context(), kStart + 3s), Event::kTimedOut);
}

TEST(Handshake, WaitsNoLongerThanTheLongestTimeout) {
  TcpConfig config;
  EXPECT_EQ(Handshake::retry_wait(config, 6), Duration(64s));
  EXPECT_EQ(Handshake::retry_wait(config, 7), Duration(120s));
  EXPECT_EQ(Handshake::retry_wait(config, 255), Duration(120s));
}

// RFC 5681 3.1 MUST: after a lost SYN or SYN-ACK the initial window is one segment; so tell it.
TEST(Handshake, TellsThatItsSynWasLost) {
  const End end = client_end();
  Handshake handshake = syn_sent(end);
  EXPECT_EQ(handshake.on_deadline(end.context(), kStart + 1s), Event::kNone);
  ASSERT_TRUE(handshake.next_outgoing(end.context(), kStart + 1s));
  const Segment syn_ack = segment(end.flow, kTcpSyn | kTcpAck, 1, 1001);
  EXPECT_EQ(handshake.on_segment(syn_ack, end.context()).event, Event::kEstablished);
  EXPECT_TRUE(handshake.negotiated(end.context()).syn_retransmitted);
  EXPECT_EQ(handshake.round_trip(end.context(), kStart + 2s), std::nullopt);
}

// RFC 3168 6.1.1.1 SHOULD: a SYN that was not answered is sent again without ECN, since some
// middleboxes drop ECN-setup SYNs.
TEST(Handshake, GivesUpEcnWithItsFirstRetry) {
  const End end = client_end();
  Handshake handshake = syn_sent(end);
  EXPECT_EQ(handshake.on_deadline(end.context(), kStart + 1s), Event::kNone);
  const auto syn = handshake.next_outgoing(end.context(), kStart + 1s);
  ASSERT_TRUE(syn);
  EXPECT_EQ(syn->header.flags, kTcpSyn);
  EXPECT_EQ(options_of(*syn).window_scale, 7);
  const Segment mirrored_bits = segment(end.flow, kTcpSyn | kTcpAck | kTcpEce, 1, 1001);
  EXPECT_EQ(handshake.on_segment(mirrored_bits, end.context()).event, Event::kEstablished);
  EXPECT_FALSE(handshake.negotiated(end.context()).ecn);
}

// RFC 3168 6.1.1 MUST: a SYN-ACK with both bits set is no ECN-setup SYN-ACK.
TEST(Handshake, IsNotFooledByMirroredEcnBits) {
  const End end = client_end();
  Handshake handshake = syn_sent(end);
  const Segment syn_ack = segment(end.flow, kTcpSyn | kTcpAck | kTcpEce | kTcpCwr, 1, 1001);
  EXPECT_EQ(handshake.on_segment(syn_ack, end.context()).event, Event::kEstablished);
  EXPECT_FALSE(handshake.negotiated(end.context()).ecn);
}

// RFC 7413 4.1.3 MUST: a retry has neither cookie nor text, but an answer to the first SYN counts.
TEST(Handshake, SendsFastOpenTextOnce) {
  const End end = client_end();
  Handshake handshake = Handshake::active(end.context(), kIss);
  const std::array<std::byte, 8> bytes{};
  const FirstFlight flight{.cookie = wire::TcpFastOpenCookie::from_bytes(bytes), .text_bytes = 100};
  const auto syn = handshake.next_outgoing(end.context(), kStart, flight);
  ASSERT_TRUE(syn);
  EXPECT_EQ(options_of(*syn).fast_open, flight.cookie);
  EXPECT_EQ(handshake.snd_nxt(), kIss + 101);
  EXPECT_EQ(handshake.on_deadline(end.context(), kStart + 1s), Event::kNone);
  const auto again = handshake.next_outgoing(end.context(), kStart + 1s, flight);
  ASSERT_TRUE(again);
  EXPECT_FALSE(options_of(*again).fast_open);
  Handshake other = handshake;
  const Segment of_syn = segment(end.flow, kTcpSyn | kTcpAck, 1, 1001);
  EXPECT_EQ(other.on_segment(of_syn, end.context()).event, Event::kEstablished);
  const Segment of_text = segment(end.flow, kTcpSyn | kTcpAck, 1, 1101);
  EXPECT_EQ(handshake.on_segment(of_text, end.context()).event, Event::kEstablished);
}

TEST(Handshake, SendsNoTextWithAFastOpenRequest) {
  const End end = client_end();
  Handshake handshake = Handshake::active(end.context(), kIss);
  const FirstFlight flight{.cookie = wire::TcpFastOpenCookie{}, .text_bytes = 100};
  const auto syn = handshake.next_outgoing(end.context(), kStart, flight);
  ASSERT_TRUE(syn);
  ASSERT_TRUE(options_of(*syn).fast_open);
  EXPECT_TRUE(options_of(*syn).fast_open->is_request());
  EXPECT_EQ(handshake.snd_nxt(), kIss + 1);
}

// RFC 7413 4.2.2 MUST: a server that took the SYN's text acknowledges it.
TEST(Handshake, AcknowledgesTheTextItTook) {
  const End end = server_end();
  const Segment syn = segment(end.flow, kTcpSyn, kIrs, 0, 100);
  Handshake handshake = Handshake::passive(end.context(), syn, kIss);
  handshake.take_syn_text(100);
  const auto syn_ack = handshake.next_outgoing(end.context(), kStart);
  ASSERT_TRUE(syn_ack);
  EXPECT_EQ(syn_ack->header.acknowledgment_number, kIrs + 101);
  EXPECT_TRUE(handshake.negotiated(end.context()).fast_open);
}

TEST(Handshake, KeepsThePeersUserTimeout) {
  const End end = server_end();
  wire::TcpOptions options;
  options.user_timeout = wire::TcpUserTimeout{77, true};
  EXPECT_EQ(syn_received(end, options).negotiated(end.context()).user_timeout,
            (wire::TcpUserTimeout{77, true}));
}

// What was offered stands, even when the program changes its options meanwhile.
TEST(Handshake, OffersTheSameInEachSyn) {
  End end = client_end();
  Handshake handshake = Handshake::active(end.context(), kIss);
  const auto first = handshake.next_outgoing(end.context(), kStart);
  end.options.receive_buffer = 1;
  end.options.mss_max = 500;
  EXPECT_EQ(handshake.on_deadline(end.context(), kStart + 1s), Event::kNone);
  const auto second = handshake.next_outgoing(end.context(), kStart + 1s);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(options_of(*first).window_scale, options_of(*second).window_scale);
  EXPECT_EQ(options_of(*first).maximum_segment_size, options_of(*second).maximum_segment_size);
}

}  // namespace
}  // namespace strata::tcp::handshake_test
