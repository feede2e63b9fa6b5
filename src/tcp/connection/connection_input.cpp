// SPDX-License-Identifier: Apache-2.0
// RFC 9293 3.10.7.4: what a synchronized connection does with a segment, a function a step.
#include <utility>

#include "tcp/connection/connection.h"
#include "tcp/isn.h"

namespace strata::tcp {
namespace {

// RFC 7323 5.5: after 24 days without a segment TS.Recent says nothing any more.
constexpr Duration kTimestampLifetime = std::chrono::hours(24 * 24);
// How often one connection answers segments that it cannot accept and that carry no text: two ends
// that disagree would otherwise answer each other for ever.
constexpr std::uint32_t kRefusedAckMilliseconds = 500;

constexpr bool is_before(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) < 0;
}

}  // namespace

DropReason Connection::on_segment(Shared& shared, Segment&& segment, Time now) {
  if (is_opening()) return in_opening(shared, std::move(segment), now);
  segments_received_ += segment.segments;
  if (segment.payload_bytes != 0) data_segments_received_ += segment.segments;
  if (state_ == State::kClosed || state_ == State::kTimeWait) return DropReason::kTcpNoSocket;
  if (!is_predicted(segment)) {
    if (const auto drop = check_timestamps(shared, segment, now); drop != DropReason::kNone) {
      return drop;
    }
    if (const auto drop = check_sequence(shared, segment, now); drop != DropReason::kNone) {
      return drop;
    }
    if (segment.flags.rst()) return on_reset(shared, segment, now);
    // RFC 5961 4.2: a SYN, wherever it is, is answered with a challenge ACK and nothing else.
    if (segment.flags.syn()) {
      challenge(shared, now);
      return DropReason::kTcpSynRefused;
    }
    // RFC 9293 3.10.7.4, fifth: without ACK, drop.
    if (!segment.flags.ack()) return DropReason::kTcpUnacceptable;
  }
  heard_ = now;
  probes_ = 0;
  if (const auto drop = take_ack(shared, segment, now); drop != DropReason::kNone) return drop;
  // Not before: a segment that acknowledges what was never sent is a stranger's, and so is its
  // clock.
  update_ts_recent(segment);
  if (segment.options.user_timeout) [[unlikely]]
    take_user_timeout(shared, *segment.options.user_timeout);
  if (state_ == State::kClosed || state_ == State::kTimeWait) return DropReason::kNone;
  if (segment.flags.urg()) take_urgent(shared, segment);
  return take_text(shared, std::move(segment), now);
}

// Header prediction: the next text, or a pure ACK, of a connection at rest. What it skips could
// not have failed.
bool Connection::is_predicted(const Segment& segment) const {
  constexpr wire::TcpFlags kExpected = wire::kTcpAck | wire::kTcpPsh;
  if (state_ != State::kEstablished || (segment.flags | wire::kTcpPsh) != kExpected) return false;
  if (segment.seq != receiver_.next() || segment.payload_bytes > receiver_.window()) return false;
  if (!flags_.timestamps) return true;
  return segment.options.timestamps.has_value() &&
         !is_before(segment.options.timestamps->value, ts_recent_);
}

bool Connection::has_old_timestamp(const Segment& segment, Time now) const {
  return is_before(segment.options.timestamps->value, ts_recent_) &&
         now - heard_ < kTimestampLifetime;
}

// RFC 7323 5.3, R1: before the sequence number is looked at.
DropReason Connection::check_timestamps(Shared& shared, const Segment& segment, Time now) {
  if (!flags_.timestamps || segment.flags.rst()) return DropReason::kNone;
  // RFC 7323 3.2: once agreed on, they are in every segment; one without is dropped in silence. A
  // SYN of somebody who has forgotten the connection has none of our choosing: RFC 5961 answers it.
  if (!segment.options.timestamps) {
    return segment.flags.syn() ? DropReason::kNone : DropReason::kTcpUnacceptable;
  }
  if (!has_old_timestamp(segment, now)) return DropReason::kNone;
  answer_unacceptable(shared, segment, now);
  return DropReason::kTcpOldTimestamp;
}

// RFC 9293 3.10.7.4, first: is any of it in the window?
DropReason Connection::check_sequence(Shared& shared, Segment& segment, Time now) {
  // RFC 5961 3.2: of a RST the number alone counts, whatever text it carries.
  const std::uint32_t length = segment.flags.rst() ? 0 : segment.length();
  if (receiver_.is_acceptable(segment.seq, length)) return DropReason::kNone;
  if (segment.flags.rst()) return DropReason::kTcpResetRefused;
  // A peer that has filled the window with text that was lost acknowledges from where the window
  // ends: refused, as the table has it, two such would wait for each other for ever.
  if (length == 0 && segment.flags.ack() && segment.seq == receiver_.window_end())
    return DropReason::kNone;
  answer_unacceptable(shared, segment, now);
  // "If the RCV.WND is zero, no segments will be acceptable, but special allowance should be made
  // to accept valid ACKs, URGs, and RSTs": the text of a window probe goes, the rest counts.
  const bool is_probe = receiver_.window() == 0 && segment.seq == receiver_.next() &&
                        !segment.flags.syn() && segment.flags.ack();
  if (!is_probe) return DropReason::kTcpUnacceptable;
  segment.payload.reset();
  segment.payload_bytes = 0;
  segment.flags = segment.flags & ~wire::kTcpFin;
  return DropReason::kNone;
}

// RFC 9293 3.10.7.4, second, with RFC 5961 3.2: only the very next number is believed.
DropReason Connection::on_reset(Shared& shared, const Segment& segment, Time now) {
  if (segment.seq != receiver_.next()) {
    challenge(shared, now);
    return DropReason::kTcpResetRefused;
  }
  ++shared.counters.established_resets;
  // All that we sent was acknowledged by a peer that is done: nobody was harmed.
  if (state_ == State::kClosing || state_ == State::kLastAck) {
    end(shared, now);
  } else {
    // As on Linux: a peer that has ended its direction breaks the pipe, and resets nothing.
    const bool is_half_closed = state_ == State::kCloseWait;
    fail(shared, is_half_closed ? Error::kClosed : Error::kConnectionReset, now);
  }
  return DropReason::kNone;
}

// RFC 5961 7: challenges are limited for the stack as a whole; one a turn for each connection.
void Connection::challenge(Shared& shared, Time now) {
  if (flags_.challenge_due || !shared.budgets.challenge_acks.take(now)) return;
  ++shared.counters.challenge_acks_out;
  flags_.challenge_due = true;
}

void Connection::answer_unacceptable(Shared& shared, const Segment& segment, Time now) {
  if (segment.flags.rst()) return;
  if (segment.flags.syn()) return challenge(shared, now);
  if (segment.payload_bytes == 0) {
    const std::uint32_t clock = timestamp_clock(now);
    if (refused_ack_at_ != 0 && clock - refused_ack_at_ < kRefusedAckMilliseconds) return;
    refused_ack_at_ = clock | 1U;
  }
  receiver_.on_unacceptable(shared.receive, segment.seq, segment.length());
}

// RFC 7323 4.3, rule 2: only what begins at or before the last ACK we sent, so that the echo is of
// the segment that made us send the ACK.
void Connection::update_ts_recent(const Segment& segment) {
  if (!flags_.timestamps || segment.seq > receiver_.acknowledged()) return;
  if (!segment.options.timestamps) return;
  ts_recent_ = segment.options.timestamps->value;
}

// RFC 5482 3: with any segment, whenever the peer changes its mind; of a connection that has the
// option switched on. Zero suggests nothing.
void Connection::take_user_timeout(const Shared& shared, const wire::TcpUserTimeout& told) {
  const std::uint32_t seconds = told.seconds();
  if (seconds == 0 || !shared.options[options_].user_timeout_option) return;
  peer_user_timeout_ = static_cast<std::uint16_t>(std::min<std::uint32_t>(seconds, UINT16_MAX));
}

// RFC 9293 3.10.7.4, fifth.
DropReason Connection::take_ack(Shared& shared, const Segment& segment, Time now) {
  const bool has_echo = flags_.timestamps && segment.options.timestamps.has_value();
  const wire::TcpSackBlocks& sack = segment.options.sack;
  const AckOutcome outcome =
      sender_.on_ack(shared.send,
                     {.seq = segment.seq,
                      .ack = segment.ack,
                      .window = std::uint32_t{segment.window} << send_scale_,
                      .length = segment.length(),
                      .has_echo = has_echo,
                      .echo = has_echo ? segment.options.timestamps->echo_reply : 0,
                      .clock = clock(now),
                      .ece = flags_.ecn && segment.flags.ece(),
                      .sack = {sack.begin(), sack.end()}},
                     now);
  switch (outcome.kind) {
    case AckKind::kTooOld: challenge(shared, now); return DropReason::kTcpUnacceptable;
    case AckKind::kTooNew:
      answer_unacceptable(shared, segment, now);
      return DropReason::kTcpUnacceptable;
    default: break;
  }
  if (outcome.made_progress) {
    soft_error_.reset();
    flags_.made_progress = true;
  }
  // RFC 3168 6.1.3: ECE stands for at least one mark among them; as Linux, all are counted.
  if (flags_.ecn && segment.flags.ece() && outcome.bytes_acked != 0) {
    delivered_ce_ += (outcome.bytes_acked + sender_.mss() - 1U) / sender_.mss();
  }
  if (outcome.bytes_acked != 0 && flags_.program_waits && is_writable(shared)) tell_of_room();
  if (shared.observer != nullptr) [[unlikely]]
    tell_ack(shared, outcome, now);
  if (outcome.fin_acked) on_fin_acked(shared, now);
  return DropReason::kNone;
}

void Connection::on_fin_acked(Shared& shared, Time now) {
  switch (state_) {
    case State::kFinWait1:
      transition_to(shared, State::kFinWait2, now);
      start_fin_wait_2(shared, now);
      break;
    case State::kClosing: transition_to(shared, State::kTimeWait, now); break;
    case State::kLastAck: end(shared, now); break;
    default: break;
  }
  if (flags_.is_lingering) flags_.news_closed = true;
  flags_.is_lingering = false;
}

// RFC 9293 3.10.7.4, sixth. RFC 6093 3: the pointer names the byte behind the urgent data.
void Connection::take_urgent(Shared& shared, const Segment& segment) {
  const bool may_hear =
      state_ == State::kEstablished || state_ == State::kFinWait1 || state_ == State::kFinWait2;
  if (!may_hear) return;
  if (receiver_.on_urgent(shared.receive, segment.text_begin() + segment.urgent_pointer)) {
    flags_.news_readable = true;
  }
}

// RFC 9293 3.10.7.4, seventh and eighth.
DropReason Connection::take_text(Shared& shared, Segment&& segment, Time now) {
  if (segment.flags.cwr() && flags_.ecn) receiver_.on_cwr();
  if (segment.payload_bytes == 0 && !segment.flags.fin()) return DropReason::kNone;
  // The peer has ended its direction before: what comes now cannot be text.
  if (state_ != State::kEstablished && state_ != State::kFinWait1 && state_ != State::kFinWait2) {
    return DropReason::kNone;
  }
  // RFC 9293 3.6.1: nobody will ever read it, and the peer shall know. It believes only the number
  // that it expects (RFC 5961 3.2), and where our FIN was lost that is not SND.NXT.
  const SequenceNumber text_end = segment.text_begin() + segment.payload_bytes;
  if (flags_.is_orphan && segment.payload_bytes != 0 && text_end > receiver_.next()) {
    flags_.resets_at_una = true;
    abort(shared, now);
    return DropReason::kNone;
  }
  TextFacts facts{.segments = segment.segments,
                  .ecn = segment.ecn,
                  .psh = segment.flags.psh(),
                  .fin = segment.flags.fin()};
  if (flags_.timestamps && segment.options.timestamps && segment.flags.ack()) {
    const auto ticks =
        static_cast<std::int32_t>(clock(now) - segment.options.timestamps->echo_reply);
    if (ticks >= 0) facts.echo = kTimestampTick * ticks;
  }
  const TextOutcome outcome = receiver_.on_text(shared.receive, segment.text_begin(),
                                                std::move(segment.payload), facts, now);
  // RFC 4861 7.3.1: new text shows that our ACKs arrive.
  if (outcome.bytes_made_readable != 0) flags_.made_progress = true;
  const bool is_news =
      outcome.bytes_made_readable != 0 ||
      (outcome.kind == TextKind::kRefused && shared.options[options_].receive_low_water != 0);
  if (is_news && has_enough_to_read(shared)) flags_.news_readable = true;
  if (outcome.kind == TextKind::kOutOfOrder) out_of_order_received_ += facts.segments;
  if (outcome.fin_reached) on_fin(shared, now);
  return outcome.kind == TextKind::kRefused ? DropReason::kPoolEmpty : DropReason::kNone;
}

void Connection::on_fin(Shared& shared, Time now) {
  flags_.news_readable = flags_.news_closed = true;
  switch (state_) {
    case State::kEstablished: return transition_to(shared, State::kCloseWait, now);
    case State::kFinWait1: return transition_to(shared, State::kClosing, now);
    case State::kFinWait2: return transition_to(shared, State::kTimeWait, now);
    default: return;
  }
}

}  // namespace strata::tcp
