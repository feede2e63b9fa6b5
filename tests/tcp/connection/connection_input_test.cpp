// SPDX-License-Identifier: Apache-2.0
// RFC 9293 3.10.7.4, step by step, against a peer whose segments are written by hand.
#include <gtest/gtest.h>

#include "tcp/support/peer.h"

namespace strata::tcp::connection_input_test {
namespace {

using namespace testing;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

PeerOptions with_timestamps() {
  PeerOptions options;
  options.options.timestamps = wire::TcpTimestamps{777, 0};
  return options;
}

// Brings a connection into a synchronized state.
void bring_to(Peer& peer, State state) {
  peer.open_passively();
  peer.drain();
  const auto end_ours = [&] {
    ASSERT_TRUE(peer.transport.shut_down(peer.handle, Transport::Direction::kWrite, peer.now));
    peer.drain();
  };
  switch (state) {
    case State::kFinWait1: end_ours(); break;
    case State::kFinWait2:
      end_ours();
      peer.say({});
      break;
    case State::kCloseWait: peer.take({.flags = wire::kTcpFin | wire::kTcpAck}); break;
    case State::kClosing:
      end_ours();
      peer.take({.flags = wire::kTcpFin | wire::kTcpAck, .ack = -1});
      break;
    case State::kLastAck:
      peer.take({.flags = wire::kTcpFin | wire::kTcpAck});
      end_ours();
      break;
    default: break;
  }
  peer.drain();
  EXPECT_EQ(peer.state(), state);
}

constexpr State kSynchronized[] = {State::kEstablished, State::kFinWait1, State::kFinWait2,
                                   State::kCloseWait,   State::kClosing,  State::kLastAck};

// RFC 9293 3.10.7.4 MUST: an unacceptable segment is answered with an ACK and dropped.
TEST(ConnectionInput, SegmentsOutsideTheWindowAreAnsweredWithAnAck) {
  for (const State state : kSynchronized) {
    SCOPED_TRACE(to_text(state));
    Peer peer;
    bring_to(peer, state);
    EXPECT_EQ(peer.say({.seq = 1 << 20, .text = "far"}), DropReason::kTcpUnacceptable);
    expect_one_ack(peer);
    EXPECT_EQ(peer.say({.seq = -300, .text = "old"}), DropReason::kTcpUnacceptable);
    EXPECT_EQ(peer.pull_all().size(), 1U);
    EXPECT_EQ(peer.state(), state);
  }
}

// A peer that has filled the window with text that was lost has no other number to speak from.
TEST(ConnectionInput, AnAckFromTheEndOfTheWindowCounts) {
  Peer peer;
  bring_to(peer, State::kEstablished);
  const auto info = [&] { return *peer.transport.info(peer.handle, peer.now); };
  const auto end = static_cast<std::int32_t>(info().receive_window);
  ASSERT_TRUE(peer.write("hello"));
  peer.drain();
  ASSERT_NE(info().unacknowledged, 0U);
  EXPECT_EQ(peer.say({.seq = end + 1}), DropReason::kTcpUnacceptable);
  EXPECT_NE(info().unacknowledged, 0U);
  EXPECT_EQ(peer.say({.seq = end}), DropReason::kNone);
  EXPECT_EQ(info().unacknowledged, 0U);
}

TEST(ConnectionInput, EmptySegmentsOutsideTheWindowAreNotAnsweredMoreThanTwiceASecond) {
  Peer peer;
  bring_to(peer, State::kEstablished);
  std::size_t answers = 0;
  for (int i = 0; i < 100; ++i) {
    peer.say({.seq = 1 << 20});
    answers += peer.pull_all().size();
    peer.now += milliseconds(10);
  }
  EXPECT_EQ(answers, 2U);
}

// RFC 5961 3.2 MUST: a RST with exactly the next sequence number resets the connection.
TEST(ConnectionInput, AResetAtTheNextNumberIsBelieved) {
  for (const State state : kSynchronized) {
    SCOPED_TRACE(to_text(state));
    Peer peer;
    bring_to(peer, state);
    EXPECT_EQ(peer.say({.flags = wire::kTcpRst}), DropReason::kNone);
    EXPECT_TRUE(peer.pull_all().empty());
    EXPECT_EQ(peer.state(), State::kClosed);
    const bool peer_was_done = state == State::kClosing || state == State::kLastAck;
    const bool is_half_closed = state == State::kCloseWait;
    const Error told = is_half_closed ? Error::kClosed : Error::kConnectionReset;
    EXPECT_EQ(peer.transport.take_error(peer.handle),
              peer_was_done ? std::nullopt : std::optional(told));
  }
}

// RFC 5961 3.2 MUST: a RST in the window but not at its left edge gets a challenge ACK.
TEST(ConnectionInput, AResetElsewhereInTheWindowIsChallenged) {
  for (const State state : kSynchronized) {
    SCOPED_TRACE(to_text(state));
    Peer peer;
    bring_to(peer, state);
    EXPECT_EQ(peer.say({.flags = wire::kTcpRst, .seq = 1}), DropReason::kTcpResetRefused);
    expect_one_ack(peer);
    EXPECT_EQ(peer.state(), state);
  }
}

// RFC 9293 3.10.7.4 MUST: a RST outside the window is dropped without an answer.
TEST(ConnectionInput, AResetOutsideTheWindowIsDroppedInSilence) {
  for (const State state : kSynchronized) {
    SCOPED_TRACE(to_text(state));
    Peer peer;
    bring_to(peer, state);
    for (const std::int32_t seq : {-1, 1 << 20, -(1 << 20)}) {
      EXPECT_EQ(peer.say({.flags = wire::kTcpRst, .seq = seq}), DropReason::kTcpResetRefused);
    }
    EXPECT_TRUE(peer.pull_all().empty());
    EXPECT_EQ(peer.state(), state);
  }
}

// RFC 5961 4.2 MUST: a SYN, wherever it is, gets a challenge ACK and changes nothing.
TEST(ConnectionInput, ASynIsChallengedWhereverItIs) {
  for (const State state : kSynchronized) {
    for (const std::int32_t seq : {0, -1, 100, 1 << 20}) {
      SCOPED_TRACE(::testing::Message() << to_text(state) << " at " << seq);
      Peer peer;
      bring_to(peer, state);
      EXPECT_NE(peer.say({.flags = wire::kTcpSyn, .seq = seq}), DropReason::kNone);
      expect_one_ack(peer);
      EXPECT_EQ(peer.state(), state);
    }
  }
}

// RFC 5961 7 SHOULD: challenge ACKs are throttled.
TEST(ConnectionInput, ChallengesAreLimited) {
  PeerOptions options;
  options.config.challenge_acks_per_second = 10;
  Peer peer(options);
  bring_to(peer, State::kEstablished);
  std::size_t answers = 0;
  for (int i = 0; i < 200; ++i) {
    peer.say({.flags = wire::kTcpRst, .seq = 1});
    answers += peer.pull_all().size();
  }
  EXPECT_GE(answers, 5U);
  EXPECT_LE(answers, 15U);
}

// RFC 9293 3.10.7.4 MUST: without the ACK bit a segment is dropped.
TEST(ConnectionInput, WithoutAckNothingCounts) {
  Peer peer;
  bring_to(peer, State::kEstablished);
  EXPECT_EQ(peer.say({.flags = wire::kTcpPsh, .text = "text"}), DropReason::kTcpUnacceptable);
  EXPECT_TRUE(peer.pull_all().empty());
  EXPECT_EQ(peer.read(), "");
}

// RFC 9293 3.10.7.4 MUST: an ACK of something not yet sent is answered with an ACK and dropped.
TEST(ConnectionInput, AnAckOfWhatWasNeverSentIsDroppedWithItsText) {
  Peer peer;
  bring_to(peer, State::kEstablished);
  EXPECT_EQ(peer.say({.ack = 1, .text = "text"}), DropReason::kTcpUnacceptable);
  EXPECT_EQ(peer.pull_all().size(), 1U);
  EXPECT_EQ(peer.read(), "");
}

// RFC 5961 5.2 MUST: an ACK older than the largest window ever seen is challenged.
TEST(ConnectionInput, AnAckFromTooLongAgoIsChallenged) {
  Peer peer;
  bring_to(peer, State::kEstablished);
  EXPECT_EQ(peer.say({.ack = -70'000, .text = "text"}), DropReason::kTcpUnacceptable);
  expect_one_ack(peer);
  EXPECT_EQ(peer.read(), "");
  EXPECT_EQ(peer.take({.ack = -60'000, .text = "text"}), DropReason::kNone);
  EXPECT_EQ(peer.read(), "text");
}

// RFC 7323 5.3 MUST: a segment whose timestamp is older than TS.Recent is acknowledged and dropped.
TEST(ConnectionInput, AnOldTimestampIsRefused) {
  Peer peer(with_timestamps());
  bring_to(peer, State::kEstablished);
  peer.timestamp = 800;
  peer.take({.text = "new"});
  peer.pull_all();
  peer.timestamp = 799;
  EXPECT_EQ(peer.say({.text = "old"}), DropReason::kTcpOldTimestamp);
  expect_one_ack(peer);
  EXPECT_EQ(peer.read(), "new");
}

// RFC 7323 5.5 SHOULD: after 24 days of silence TS.Recent is not believed any more.
TEST(ConnectionInput, AfterTwentyFourDaysAnyTimestampIsTaken) {
  Peer peer(with_timestamps());
  bring_to(peer, State::kEstablished);
  peer.now += hours(24 * 25);
  peer.timestamp = 700;
  EXPECT_EQ(peer.take({.text = "late"}), DropReason::kNone);
  EXPECT_EQ(peer.read(), "late");
}

// RFC 7323 5.3 MUST: RST segments are not subject to PAWS.
TEST(ConnectionInput, AResetWithAnOldTimestampIsBelieved) {
  Peer peer(with_timestamps());
  bring_to(peer, State::kEstablished);
  peer.timestamp = 1;
  EXPECT_EQ(peer.say({.flags = wire::kTcpRst}), DropReason::kNone);
  EXPECT_EQ(peer.state(), State::kClosed);
}

// RFC 7323 4.3 MUST: TS.Recent follows only segments at or before Last.ACK.sent.
TEST(ConnectionInput, TheEchoIsOfTheSegmentThatMadeUsAcknowledge) {
  Peer peer(with_timestamps());
  bring_to(peer, State::kEstablished);
  peer.timestamp = 900;
  peer.say({.seq = 100, .text = "out of order"});
  const auto acks = peer.pull_all();
  ASSERT_EQ(acks.size(), 1U);
  EXPECT_EQ(Peer::options_of(acks[0]).timestamps->echo_reply, 777U);
}

// RFC 7323 3.2 SHOULD: once agreed upon, a segment without timestamps is dropped in silence.
TEST(ConnectionInput, WithoutTheTimestampsAgreedUponASegmentIsDropped) {
  PeerOptions options = with_timestamps();
  Peer peer(options);
  bring_to(peer, State::kEstablished);
  Segment segment;
  segment.flow = peer.flow();
  segment.seq = peer.next;
  segment.ack = peer.expected;
  segment.flags = wire::kTcpAck;
  segment.window = 1000;
  EXPECT_EQ(peer.transport.on_segment(std::move(segment), peer.now), DropReason::kTcpUnacceptable);
  EXPECT_TRUE(peer.pull_all().empty());
}

// RFC 9293 3.10.7.4 MUST: with a closed window, valid ACKs, URGs and RSTs are still taken.
TEST(ConnectionInput, ThroughAClosedWindowAcksStillCount) {
  PeerOptions options;
  options.socket.receive_buffer = 2000;
  Peer peer(options);
  bring_to(peer, State::kEstablished);
  const std::string filling(1000, 'x');
  for (int i = 0; i < 40 && peer.transport.info(peer.handle, peer.now)->receive_window != 0; ++i) {
    const std::uint32_t room = peer.transport.info(peer.handle, peer.now)->receive_window;
    peer.take({.text = std::string_view(filling).substr(0, std::min<std::size_t>(room, 1000))});
    peer.pull_all();
  }
  ASSERT_EQ(peer.transport.info(peer.handle, peer.now)->receive_window, 0U);
  ASSERT_TRUE(peer.write("answer"));
  peer.drain();
  EXPECT_EQ(peer.say({.text = "?"}), DropReason::kNone);
  EXPECT_EQ(peer.transport.info(peer.handle, peer.now)->unacknowledged, 0U);
  EXPECT_EQ(peer.say({.flags = wire::kTcpRst}), DropReason::kNone);
  EXPECT_EQ(peer.state(), State::kClosed);
}

// RFC 9293 3.6 MUST: after we have ended our direction we still receive.
TEST(ConnectionInput, HalfClosedWeStillReceive) {
  for (const State state : {State::kFinWait1, State::kFinWait2}) {
    Peer peer;
    bring_to(peer, state);
    peer.take({.ack = state == State::kFinWait1 ? -1 : 0, .text = "more"});
    EXPECT_EQ(peer.read(), "more");
    EXPECT_EQ(peer.state(), state);
  }
}

// RFC 9293 3.10.7.4 MUST: FIN moves each state as figure 5 says.
TEST(ConnectionInput, FinMovesEachStateAsFigure5Says) {
  constexpr std::pair<State, State> kArrows[] = {
      {State::kEstablished, State::kCloseWait}, {State::kFinWait1, State::kClosing},
      {State::kFinWait2, State::kTimeWait},     {State::kCloseWait, State::kCloseWait},
      {State::kClosing, State::kClosing},       {State::kLastAck, State::kLastAck}};
  for (const auto& [from, to] : kArrows) {
    SCOPED_TRACE(to_text(from));
    Peer peer;
    bring_to(peer, from);
    const bool acks_fin =
        from != State::kFinWait1 && from != State::kClosing && from != State::kLastAck;
    peer.say({.flags = wire::kTcpFin | wire::kTcpAck, .ack = acks_fin ? 0 : -1});
    EXPECT_EQ(peer.state(), to);
  }
}

TEST(ConnectionInput, FinWithTheAckOfOursEndsBothAtOnce) {
  Peer peer;
  bring_to(peer, State::kFinWait1);
  peer.take({.flags = wire::kTcpFin | wire::kTcpAck});
  EXPECT_EQ(peer.state(), State::kTimeWait);
  expect_one_ack(peer);
  EXPECT_EQ(peer.transport.time_waits(), 1U);
}

TEST(ConnectionInput, FinIsTakenOnlyWhenAllTextIsHere) {
  Peer peer;
  bring_to(peer, State::kEstablished);
  peer.say({.flags = wire::kTcpFin | wire::kTcpAck, .seq = 4, .text = "last"});
  EXPECT_EQ(peer.state(), State::kEstablished);
  peer.say({.text = "text"});
  EXPECT_EQ(peer.state(), State::kCloseWait);
  EXPECT_EQ(peer.read(), "textlast");
  EXPECT_EQ(peer.transport.read(peer.handle, {}, peer.now), 0U);
  std::byte byte{};
  EXPECT_EQ(peer.transport.read(peer.handle, {&byte, 1}, peer.now),
            Result<std::size_t>(std::unexpected(Error::kClosed)));
}

// RFC 9293 3.10.7.4 SHOULD: in LAST-ACK the ACK of our FIN deletes the connection.
TEST(ConnectionInput, TheAckOfOurFinEndsLastAckAndClosing) {
  Peer peer;
  bring_to(peer, State::kLastAck);
  peer.say({});
  EXPECT_EQ(peer.state(), State::kClosed);
  Peer both;
  bring_to(both, State::kClosing);
  both.say({});
  EXPECT_EQ(both.state(), State::kTimeWait);
  EXPECT_EQ(both.transport.time_waits(), 1U);
}

// RFC 9293 3.8.5 MUST: the program is told of urgent data, and where it ends.
TEST(ConnectionInput, UrgentDataIsTold) {
  Peer peer;
  bring_to(peer, State::kEstablished);
  peer.take({.flags = wire::kTcpAck | wire::kTcpUrg, .text = "abc!", .urgent = 4});
  EXPECT_TRUE(peer.transport.readiness(peer.handle).readable);
  EXPECT_EQ(peer.read(), "abc");
  EXPECT_TRUE(*peer.transport.is_at_urgent_mark(peer.handle));
  EXPECT_EQ(peer.transport.read_urgent(peer.handle), std::byte{'!'});
}

// RFC 9293 3.6.1 SHOULD: text that nobody will read resets the connection.
TEST(ConnectionInput, TextForAProgramThatHasLeftIsAnsweredWithAReset) {
  Peer peer;
  bring_to(peer, State::kEstablished);
  peer.transport.close(peer.handle, peer.now);
  peer.drain();
  peer.say({.text = "too late"});
  const auto out = peer.pull_all();
  ASSERT_FALSE(out.empty());
  EXPECT_TRUE(out[0].header.flags.rst());
  EXPECT_EQ(SequenceNumber(out[0].header.sequence_number), peer.expected);
  EXPECT_EQ(peer.transport.connections(), 0U);
}

// RFC 5961 3.2: any other number than the peer's RCV.NXT would only be challenged, or dropped.
TEST(ConnectionInput, TextThatWasOvertakenIsResetWithTheNumberThePeerExpectsNow) {
  PeerOptions options;
  options.socket.hop_limit = 7;
  Peer peer(options);
  bring_to(peer, State::kEstablished);
  peer.transport.close(peer.handle, peer.now);
  peer.drain();
  peer.say({});  // has our FIN
  peer.say({.ack = -1, .text = "sent before"});
  const auto out = peer.pull_all();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].header.flags, wire::kTcpRst);
  EXPECT_EQ(SequenceNumber(out[0].header.sequence_number), peer.expected);
  EXPECT_EQ(out[0].hop_limit, 7);
  EXPECT_EQ(peer.transport.connections(), 0U);
}

// Each state, each set of flags, numbers in and around the window: nothing breaks an invariant, and
// whatever is not a RST at the left edge leaves a connection that still works or ends in order.
TEST(ConnectionInput, EveryStateSurvivesEveryCombinationOfFlags) {
  for (const State state : kSynchronized) {
    for (std::uint16_t bits = 0; bits < 0x200; ++bits) {
      for (const std::int32_t seq : {0, 1, -1, 70'000}) {
        Peer peer;
        bring_to(peer, state);
        const wire::TcpFlags flags(bits);
        const bool is_reset = flags.rst() && seq == 0;
        peer.say({.flags = flags, .seq = seq, .text = (bits & 1U) != 0 ? "x" : "", .urgent = 9});
        peer.pull_all();
        if (is_reset) {
          EXPECT_EQ(peer.state(), State::kClosed);
        } else if (seq == 70'000) {
          EXPECT_EQ(peer.state(), state) << "flags " << bits << " at " << seq;
        }
        (void)peer.wait(seconds(1));
      }
    }
  }
}

}  // namespace
}  // namespace strata::tcp::connection_input_test
