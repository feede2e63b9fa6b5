// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/handshake.h"

#include <algorithm>

#include "tcp/isn.h"
#include "tcp/open/reset.h"

namespace strata::tcp {
namespace {

using Outcome = Handshake::Outcome;
using Event = Handshake::Event;
using ReplyKind = Handshake::ReplyKind;

constexpr Outcome refuse(DropReason reason, ReplyKind reply = ReplyKind::kNone) {
  return {.drop = reason, .reply = reply};
}

// RFC 7323 5.2: timestamps are compared like sequence numbers.
constexpr bool is_before(std::uint32_t a, std::uint32_t b) {
  return SequenceNumber(a) < SequenceNumber(b);
}

std::uint16_t raw(const wire::TcpUserTimeout& timeout) {
  return static_cast<std::uint16_t>((timeout.in_minutes ? 0x8000U : 0U) | timeout.timeout);
}

}  // namespace

Handshake Handshake::active(const Context& context, SequenceNumber iss) {
  const Terms terms =
      Terms::of(context.config, context.options, context.flow.is_v4(), context.mtu, true);
  Handshake handshake;
  handshake.iss_ = iss;
  handshake.is_active_ = true;
  handshake.receive_mss_ = terms.receive_mss;
  handshake.receive_scale_ = terms.receive_scale & 0xfU;
  handshake.window_scaling_ = terms.window_scaling;
  handshake.timestamps_ = terms.timestamps;
  handshake.sack_ = terms.sack;
  handshake.ecn_ = terms.ecn;
  return handshake;
}

Handshake Handshake::passive(const Context& context, const Segment& syn, SequenceNumber iss) {
  const Terms terms =
      Terms::of(context.config, context.options, context.flow.is_v4(), context.mtu, false);
  Handshake handshake;
  handshake.iss_ = iss;
  handshake.irs_ = syn.seq;
  handshake.is_received_ = true;
  handshake.adopt(agree(terms, syn));
  return handshake;
}

Duration Handshake::retry_wait(const TcpConfig& config, unsigned retries) {
  Duration wait = config.rto_first;
  for (; retries > 0 && wait < config.rto_max; --retries) wait *= 2;
  return std::min(wait, std::max(config.rto_max, config.rto_first));
}

Handshake::Outcome Handshake::on_segment(const Segment& segment, const Context& context) {
  return is_received_ ? in_syn_received(segment, context) : in_syn_sent(segment, context);
}

Handshake::Outcome Handshake::in_syn_sent(const Segment& segment, const Context& context) {
  // RFC 9293 3.10.7.3, first: check the ACK bit.
  if (segment.flags.ack() && (segment.ack <= iss_ || segment.ack > snd_nxt())) {
    return refuse(DropReason::kTcpUnacceptable,
                  segment.flags.rst() ? ReplyKind::kNone : ReplyKind::kReset);
  }
  // Second: check the RST bit. RFC 5961 3.2: it must acknowledge our SYN.
  if (segment.flags.rst()) {
    if (segment.flags.ack()) return {.event = Event::kRefused};
    return refuse(DropReason::kTcpResetRefused);
  }
  // Fifth: without SYN there is nothing to learn.
  if (!segment.flags.syn()) return refuse(DropReason::kTcpUnacceptable);
  // Fourth: check the SYN bit.
  irs_ = segment.seq;
  adopt(agree(terms(context), segment));
  is_received_ = true;
  if (segment.flags.ack()) return {.event = Event::kEstablished};
  must_send_ = true;
  return {.event = Event::kReceived};
}

Handshake::Outcome Handshake::in_syn_received(const Segment& segment, const Context& context) {
  // RFC 9293 3.5, figure 8: of two ends that open at once, each may hear the other's SYN-ACK; its
  // SYN was heard before, and its ACK counts.
  const bool is_crossed =
      segment.flags.contains(wire::kTcpSyn | wire::kTcpAck) && is_active_ && segment.seq == irs_;
  if (is_crossed && !segment.flags.rst()) return on_acknowledgment(segment);
  const bool is_again = is_duplicate_syn(segment);
  // RFC 7323 3.2: where timestamps were agreed, what has none is dropped, but for RST; and but for
  // a SYN that is sent again without options, in case something on the path swallows them.
  if (timestamps_ && !segment.flags.rst()) {
    const auto& theirs = segment.options.timestamps;
    if (!theirs && !is_again) return refuse(DropReason::kTcpOldTimestamp);
    // RFC 7323 5.3 R1.
    if (theirs && is_before(theirs->value, ts_recent_)) {
      return refuse(DropReason::kTcpOldTimestamp, ReplyKind::kChallengeAck);
    }
  }
  if (is_again) {
    on_syn_again(segment);
    repeat();
    return refuse(DropReason::kTcpSynRefused);
  }
  // RFC 9293 3.10.7.4, first: check the sequence number.
  if (!is_acceptable(segment, context)) {
    const bool is_reset = segment.flags.rst();
    return refuse(is_reset ? DropReason::kTcpResetRefused : DropReason::kTcpUnacceptable,
                  is_reset ? ReplyKind::kNone : ReplyKind::kChallengeAck);
  }
  // Second: check the RST bit. RFC 5961 3.2: only one that hits RCV.NXT is believed.
  if (segment.flags.rst()) {
    if (segment.seq == rcv_nxt()) return {.event = Event::kRefused};
    return refuse(DropReason::kTcpResetRefused, ReplyKind::kChallengeAck);
  }
  // Fourth: check the SYN bit. A peer that began anew answers the challenge with a RST that hits
  // (RFC 5961 4.2); going back to LISTEN at once would let strangers end half-open connections.
  if (segment.flags.syn()) {
    return refuse(DropReason::kTcpSynRefused, ReplyKind::kChallengeAck);
  }
  return on_acknowledgment(segment);
}

// RFC 9293 3.10.7.4, fifth: check the ACK field.
Handshake::Outcome Handshake::on_acknowledgment(const Segment& segment) {
  if (!segment.flags.ack()) return refuse(DropReason::kTcpUnacceptable);
  if (segment.ack <= iss_ || segment.ack > snd_nxt()) {
    return refuse(DropReason::kTcpUnacceptable, ReplyKind::kReset);
  }
  return {.event = Event::kEstablished};
}

bool Handshake::is_duplicate_syn(const Segment& segment) const {
  return segment.flags.syn() && segment.seq == irs_ &&
         !segment.flags.intersects(wire::kTcpAck | wire::kTcpRst);
}

// The peer has heard no answer, and leaves out what may be the reason. It does not expect to find
// that in our next one: agreed is what all of its SYNs have offered (RFC 3168 6.1.1: no ECT after a
// SYN without ECN-setup). The echo is of the latest (RFC 7323 4.3). A Fast Open server has begun to
// send by what the first one said.
void Handshake::on_syn_again(const Segment& syn) {
  if (fast_open_) return;
  const wire::TcpOptions& theirs = syn.options;
  send_mss_ = std::min(send_mss_, send_mss_of(theirs, syn.flow.is_v4()));
  sack_ = sack_ && theirs.sack_permitted;
  ecn_ = ecn_ && is_ecn_setup(syn.flags);
  timestamps_ = timestamps_ && theirs.timestamps.has_value();
  if (timestamps_) ts_recent_ = theirs.timestamps->value;
  if (window_scaling_ && !theirs.window_scale) {
    window_scaling_ = false;
    send_scale_ = receive_scale_ = 0;
  }
}

// RFC 9293 3.4: the four cases, for the window that our SYN offered. Of a RST the number alone
// counts (RFC 5961 3.2).
bool Handshake::is_acceptable(const Segment& segment, const Context& context) const {
  const std::uint32_t window =
      std::min<std::uint32_t>(first_window(context.config, context.options), UINT16_MAX);
  const auto inside = [&](SequenceNumber seq) {
    return seq >= rcv_nxt() && seq < rcv_nxt() + window;
  };
  const std::uint32_t length = segment.flags.rst() ? 0 : segment.length();
  if (window == 0) return length == 0 && segment.seq == rcv_nxt();
  return inside(segment.seq) || (length > 0 && inside(segment.end() - 1));
}

Outgoing Handshake::reply_to(const Segment& segment, ReplyKind kind, const Context& context,
                             Time now) const {
  if (kind == ReplyKind::kReset) {
    if (auto reset = reset_for(segment)) return *std::move(reset);
  }
  wire::TcpOptions options;
  if (timestamps_) {
    options.timestamps = wire::TcpTimestamps{timestamp_clock(now) + offset(context), ts_recent_};
  }
  const std::uint32_t window = first_window(context.config, context.options) >> receive_scale_;
  return compose(context.flow, wire::kTcpAck, snd_nxt(), rcv_nxt(),
                 static_cast<std::uint16_t>(std::min<std::uint32_t>(window, 65535)), options,
                 context.options);
}

Outgoing Handshake::reset(const Context& context) const {
  return compose(context.flow, wire::kTcpRst | wire::kTcpAck, snd_nxt(), rcv_nxt(), 0, {},
                 context.options);
}

std::optional<Outgoing> Handshake::next_outgoing(
    const Context& context, Time now, const FirstFlight& first,
    const std::optional<wire::TcpFastOpenCookie>& server_cookie) {
  if (!must_send_) return std::nullopt;
  must_send_ = false;
  deadline_ = PackedTime(now + retry_wait(context.config, retries_));
  if (is_received_) return syn_ack(context, now, server_cookie);
  return syn(context, now, first);
}

Outgoing Handshake::syn(const Context& context, Time now, const FirstFlight& first) {
  const Terms offered = terms(context);
  wire::TcpOptions options = syn_options(offered, now);
  if (is_first_try()) {
    options.fast_open = first.cookie;
    if (!first.cookie || !first.cookie->is_request()) syn_text_ = first.text_bytes;
  }
  // RFC 3168 6.1.1: an ECN-setup SYN has both bits.
  const wire::TcpFlags ecn = ecn_ ? wire::kTcpEce | wire::kTcpCwr : wire::TcpFlags{};
  return compose(context.flow, wire::kTcpSyn | ecn, iss_, SequenceNumber{}, offered.window, options,
                 context.options);
}

Outgoing Handshake::syn_ack(const Context& context, Time now,
                            const std::optional<wire::TcpFastOpenCookie>& cookie) const {
  const Terms offered = terms(context);
  wire::TcpOptions options = syn_ack_options(negotiated(context), offered, now);
  options.fast_open = cookie;
  const wire::TcpFlags ecn = ecn_ ? wire::kTcpEce : wire::TcpFlags{};
  return compose(context.flow, wire::kTcpSyn | wire::kTcpAck | ecn, iss_, rcv_nxt(), offered.window,
                 options, context.options);
}

Handshake::Event Handshake::on_deadline(const Context& context, Time now) {
  if (must_send_ || now < deadline_.time()) return Event::kNone;
  const std::uint8_t asked = context.options.syn_retries;
  const std::uint8_t retries_max = !is_active_  ? context.config.syn_ack_retries
                                   : asked != 0 ? asked
                                                : context.config.syn_retries;
  if (retries_ >= retries_max) return Event::kTimedOut;
  ++retries_;
  must_send_ = is_repeated_ = true;
  // What the path may have dropped the SYN for is left out from now on: ECN bits (RFC 3168 6.1.1.1)
  // and Fast Open with its text (RFC 7413 4.1.3), though the text's number stays taken: an answer
  // to the first SYN may still come. Hosts know how to skip other options.
  if (!is_received_) ecn_ = false;
  return Event::kNone;
}

void Handshake::postpone(const Context& context, Time now) {
  must_send_ = false;
  deadline_ = PackedTime(now + retry_wait(context.config, retries_));
}

std::optional<Duration> Handshake::round_trip(const Context& context, Time now) const {
  if (is_repeated_ || must_send_) return std::nullopt;
  return now - (deadline_.time() - retry_wait(context.config, retries_));
}

Negotiated Handshake::negotiated(const Context& context) const {
  Negotiated agreed;
  agreed.send_mss = send_mss_;
  agreed.receive_mss = receive_mss_;
  agreed.window_scaling = window_scaling_;
  agreed.send_scale = send_scale_;
  agreed.receive_scale = receive_scale_;
  agreed.timestamps = timestamps_;
  agreed.sack = sack_;
  agreed.ecn = ecn_;
  agreed.fast_open = fast_open_;
  agreed.syn_retransmitted = retries_ > 0;
  agreed.timestamp_offset = offset(context);
  agreed.ts_recent = ts_recent_;
  if (user_timeout_ != 0) {
    agreed.user_timeout = wire::TcpUserTimeout{static_cast<std::uint16_t>(user_timeout_ & 0x7fffU),
                                               (user_timeout_ & 0x8000U) != 0};
  }
  return agreed;
}

// As they were offered, whatever the program has changed since.
Terms Handshake::terms(const Context& context) const {
  Terms terms =
      Terms::of(context.config, context.options, context.flow.is_v4(), context.mtu, is_active_);
  terms.receive_mss = receive_mss_;
  terms.receive_scale = receive_scale_;
  terms.window_scaling = window_scaling_;
  terms.timestamps = timestamps_;
  terms.sack = sack_;
  terms.ecn = ecn_;
  terms.timestamp_offset = offset(context);
  return terms;
}

std::uint32_t Handshake::offset(const Context& context) const {
  return context.secrets.timestamp_offsets.of(context.flow);
}

void Handshake::adopt(const Negotiated& agreed) {
  send_mss_ = agreed.send_mss;
  receive_mss_ = agreed.receive_mss;
  window_scaling_ = agreed.window_scaling;
  send_scale_ = agreed.send_scale & 0xfU;
  receive_scale_ = agreed.receive_scale & 0xfU;
  timestamps_ = agreed.timestamps;
  sack_ = agreed.sack;
  ecn_ = agreed.ecn;
  ts_recent_ = agreed.ts_recent;
  user_timeout_ = agreed.user_timeout ? raw(*agreed.user_timeout) : std::uint16_t{0};
}

}  // namespace strata::tcp
