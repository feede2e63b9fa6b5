// SPDX-License-Identifier: Apache-2.0
// What a connection sends next, and how a segment is made of it.
#include <algorithm>
#include <utility>

#include "base/probes.h"
#include "strata/check.h"
#include "tcp/connection/connection.h"
#include "tcp/send/sender_asks.h"

namespace strata::tcp {
namespace {

constexpr std::size_t kTimestampBytes = 12;
// How long progress tells of the way as it is now, and not as it was.
constexpr Duration kProgressLifetime = std::chrono::seconds(1);

// RFC 7323 appendix A: two NOPs, then the option, so that its words are aligned.
void write_timestamps(std::byte* to, std::uint32_t value, std::uint32_t echo) {
  store_big_endian<std::uint32_t>(to, 0x0101'080a);
  store_big_endian(to + 4, value);
  store_big_endian(to + 8, echo);
}

}  // namespace

std::optional<Outgoing> Connection::next_outgoing(Shared& shared, const Limits& limits, Time now) {
  if (flags_.reset_due) {
    flags_.reset_due = false;
    return compose_reset(shared, now);
  }
  // Once a TimeWait speaks for it, it is silent.
  if (state_ == State::kClosed || (state_ == State::kTimeWait && !is_known)) return std::nullopt;
  if (is_opening()) {
    if (auto syn = next_of_opening(shared, now)) return syn;
    // RFC 7413 4.2.2: a server may answer before the handshake is over; others have nothing to say.
    if (!has_halves()) return std::nullopt;
  }
  if (receiver_.owes_prompt_ack()) {
    if (auto ack = receiver_.next_prompt_ack(shared.receive, now)) {
      return compose_ack(shared, sender_.nxt(), *ack, now);
    }
  }
  const bool is_whole = shared.config.super_segments;
  const SendLimits send_limits{.bytes_max = is_whole ? limits.super_segment_bytes_max : 0,
                               .segment_size_max = segment_size_max(shared),
                               .clock = clock(now)};
  if (auto transmission = sender_.next_transmission(shared.send, send_limits, now)) {
    return compose_text(shared, *transmission, now);
  }
  if (flags_.probe_due) {
    flags_.probe_due = false;
    // RFC 9293 3.8.4: SEG.SEQ = SND.NXT - 1, without text, so that the peer must answer.
    return compose_ack(shared, sender_.nxt() - 1, carried_ack(shared, now), now);
  }
  if (flags_.challenge_due) {
    flags_.challenge_due = false;
    return compose_ack(shared, sender_.nxt(), carried_ack(shared, now), now);
  }
  if (receiver_.owes_ack()) {
    if (auto ack = receiver_.next_ack(shared.receive, now)) {
      return compose_ack(shared, sender_.nxt(), *ack, now);
    }
  }
  return std::nullopt;
}

bool Connection::has_outgoing(const Shared& shared) const {
  return flags_.reset_due || flags_.challenge_due || flags_.probe_due || is_opening() ||
         receiver_.owes_ack() || sender_.has_outgoing(shared.send);
}

Ack Connection::carried_ack(Shared& shared, Time now) {
  return receiver_.carried_ack(shared.receive, false, now);
}

// With SACK blocks beside the timestamps less text fits; 0 when there are none to tell.
std::uint16_t Connection::segment_size_max(const Shared& shared) const {
  if (!flags_.sack || receiver_.out_of_order_segments(shared.receive) == 0) return 0;
  const std::size_t room = wire::kTcpOptionBytesMax - (flags_.timestamps ? kTimestampBytes : 0);
  return static_cast<std::uint16_t>(sender_.mss() - std::min<std::size_t>(room, sender_.mss() / 2));
}

void Connection::write_options(Outgoing& outgoing, const Ack& ack, Time now) const {
  std::size_t size = 0;
  if (flags_.timestamps) {
    write_timestamps(outgoing.option_bytes.data(), clock(now), ts_recent_);
    size = kTimestampBytes;
  }
  if (!ack.sack.empty()) {
    wire::TcpOptionWriter writer(MutableBytes(outgoing.option_bytes).subspan(size));
    const std::size_t blocks = std::min(ack.sack.size(), wire::tcp_sack_blocks_that_fit(size));
    (void)writer.no_operation();
    (void)writer.no_operation();
    (void)writer.sack({ack.sack.begin(), blocks});
    size += writer.size();
  }
  outgoing.header.header_length = static_cast<std::uint8_t>(wire::TcpLayout::kSize + size);
}

// All but options and payload.
void Connection::compose(const Shared& shared, wire::TcpFlags flags, SequenceNumber seq,
                         Outgoing& outgoing, Time now) {
  const TcpSocketOptions& options = shared.options[options_];
  outgoing.flow = flow_;
  outgoing.header.sequence_number = seq.value();
  outgoing.header.flags = flags;
  outgoing.hop_limit = options.hop_limit;
  outgoing.traffic_class = options.traffic_class & 0xfcU;
  outgoing.bound_interface = options.bound_interface;
  outgoing.may_fragment = flags_.may_fragment && options.path_mtu == TcpPathMtu::kFollow;
  outgoing.ignores_path_mtu = ignores_path_mtu(options);
  outgoing.confirms_next_hop = flags_.made_progress && now - heard_ < kProgressLifetime;
  flags_.made_progress = false;
}

// RFC 9293 3.10.5 and 3.5.2: SND.NXT is what the peer expects, and so is believed (RFC 5961 3.2),
// unless something is lost; then it is SND.UNA.
std::optional<Outgoing> Connection::compose_reset(Shared& shared, Time now) {
  ++shared.counters.resets_out;
  std::optional<Outgoing> result(std::in_place);
  Outgoing& reset = *result;
  if (flags_.resets_at_una) {
    compose(shared, wire::kTcpRst, sender_.una(), reset, now);
  } else {
    compose(shared, wire::kTcpRst | wire::kTcpAck, sender_.nxt(), reset, now);
    reset.header.acknowledgment_number = receiver_.next().value();
  }
  write_options(reset, {}, now);  // RFC 7323 3.2: timestamps SHOULD be in a RST, too
  return result;
}

std::optional<Outgoing> Connection::compose_ack(Shared& shared, SequenceNumber seq, const Ack& ack,
                                                Time now) {
  std::optional<Outgoing> result(std::in_place);
  Outgoing& outgoing = *result;
  compose(shared, wire::kTcpAck, seq, outgoing, now);
  outgoing.header.acknowledgment_number = ack.ack.value();
  outgoing.header.window = ack.window;
  if (ack.ece) outgoing.header.flags |= wire::kTcpEce;
  write_options(outgoing, ack, now);
  if (flags_.user_timeout_due) add_user_timeout(shared, outgoing);
  note_sent(shared, outgoing, 1, now);
  return result;
}

// RFC 5482 3.1: the program changed its mind, and the peer should know how long we would wait.
void Connection::add_user_timeout(const Shared& shared, Outgoing& outgoing) {
  const std::size_t size = outgoing.option_size();
  wire::TcpOptionWriter writer(MutableBytes(outgoing.option_bytes).subspan(size));
  if (!writer.user_timeout(user_timeout_of(shared.options[options_].user_timeout))) return;
  outgoing.header.header_length =
      static_cast<std::uint8_t>(outgoing.header.header_length + writer.size());
  flags_.user_timeout_due = false;
}

std::optional<Outgoing> Connection::compose_text(Shared& shared, Transmission& transmission,
                                                 Time now) {
  const bool has_text = transmission.payload != nullptr;
  std::optional<Outgoing> result(std::in_place);
  Outgoing& outgoing = *result;
  compose(shared, wire::kTcpAck, transmission.text.begin, outgoing, now);
  const Ack ack = receiver_.carried_ack(shared.receive, has_text, now);
  outgoing.header.acknowledgment_number = ack.ack.value();
  outgoing.header.window = ack.window;
  if (ack.ece) outgoing.header.flags |= wire::kTcpEce;
  if (transmission.push) outgoing.header.flags |= wire::kTcpPsh;
  if (transmission.fin) outgoing.header.flags |= wire::kTcpFin;
  if (transmission.cwr) outgoing.header.flags |= wire::kTcpCwr;
  if (transmission.urgent_pointer) {
    outgoing.header.flags |= wire::kTcpUrg;
    outgoing.header.urgent_pointer = *transmission.urgent_pointer;
  }
  if (transmission.ect) outgoing.ecn = EcnCodepoint::kEct0;
  write_options(outgoing, ack, now);
  outgoing.payload = std::move(transmission.payload);
  if (transmission.segments > 1) outgoing.segment_size = transmission.segment_size;
  if (transmission.is_retransmission) {
    shared.counters.segments_retransmitted += transmission.segments;
    probe_retransmit(&flow_, transmission.text.begin.value(), transmission.text.length(),
                     static_cast<std::uint32_t>(transmission.cause));
  }
  note_sent(shared, outgoing, transmission.segments, now, &transmission);
  return result;
}

void Connection::note_sent(Shared& shared, const Outgoing& outgoing, std::uint16_t segments,
                           Time now, const Transmission* transmission) {
  shared.counters.segments_out += segments;
  segments_sent_ += segments;
  if (shared.observer == nullptr) [[likely]]
    return;
  TcpEvent event;
  event.kind = TcpEventKind::kSegmentSent;
  event.flags = outgoing.header.flags;
  event.segments = segments;
  event.sequence = outgoing.header.sequence_number;
  event.acknowledgment = outgoing.header.acknowledgment_number;
  event.when = now;
  if (transmission != nullptr) {
    event.bytes = transmission->text.length();
    event.is_retransmission = transmission->is_retransmission;
    event.cause = transmission->cause;
  }
  tell(shared, event);
}

}  // namespace strata::tcp
