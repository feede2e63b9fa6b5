// SPDX-License-Identifier: Apache-2.0
// What leaves next: first what cannot wait, then what is lost, then what is new.
#include <algorithm>
#include <utility>

#include "tcp/send/sender_asks.h"

namespace strata::tcp {
namespace {

constexpr std::uint32_t kCopiedBytes = 256;

std::uint16_t segments_of(std::uint32_t bytes, std::uint16_t segment_size) {
  return static_cast<std::uint16_t>((bytes + segment_size - 1U) / segment_size);
}

}  // namespace

std::optional<Transmission> Sender::next_transmission(Shared& shared, const SendLimits& limits,
                                                      Time now) {
  Flight* const f = flight(shared);
  if (f == nullptr || !flags_.established) return std::nullopt;
  if (f->probe_window_now || f->probe_tail_now || f->retransmit_now != 0) {
    if (auto sent = urgent_need(shared, *f, limits, now)) return sent;
  }
  if (f->pacer.is_on() || f->is_pacing_blocked) {
    const bool is_idle = unsent(*f) == 0 && !is_fin_unsent() && f->sent.lost() == 0;
    f->is_pacing_blocked = !is_idle && f->pacer.is_on() && !f->pacer.may_send(now);
    if (f->is_pacing_blocked) return std::nullopt;
  }
  if (f->sent.lost() != 0) {
    if (auto sent = retransmit(shared, *f, limits, now)) return sent;
  }
  // Only in recovery there is something to rescue.
  if (f->recovery.is_open()) return send_new(shared, *f, limits, now);
  if (auto sent = send_new(shared, *f, limits, now)) return sent;
  return rescue(shared, *f, limits, now);
}

// What leaves whatever window, pacing and Nagle say.
std::optional<Transmission> Sender::urgent_need(Shared& shared, Flight& f, const SendLimits& limits,
                                                Time now) {
  if (f.probe_window_now) {
    f.probe_window_now = false;
    if (auto sent = probe_window(shared, f, limits, now)) return sent;
  }
  if (f.probe_tail_now) {
    f.probe_tail_now = false;
    if (auto sent = probe_tail(shared, f, limits, now)) return sent;
  }
  if (f.retransmit_now == 0) return std::nullopt;
  const std::size_t position = f.sent.next_lost(shared.records, 0);
  f.retransmit_now = 0;
  if (position == f.sent.size()) return std::nullopt;
  return retransmit_at(shared, f, position, segment_size(limits), limits, now);
}

std::optional<Transmission> Sender::retransmit(Shared& shared, Flight& f, const SendLimits& limits,
                                               Time now) {
  // RFC 5682: until the timeout is known to be real, old text stays where it is.
  if (f.recovery.timeout_judge.is_waiting_for_second()) return std::nullopt;
  const std::size_t position = f.sent.next_lost(shared.records, 0);
  if (position == f.sent.size()) return std::nullopt;
  const Record& record = f.sent.at(shared.records, position);
  // RFC 9293 3.8.6: beyond a window that shrank, only the first is sent again, as its probe.
  if (position > 0 && record.end > una_ + window_) return std::nullopt;
  const std::uint32_t room = congestion_room(f);
  const std::uint32_t size = segment_size(limits);
  if (room < std::min(size, record.length())) {
    f.use.on_blocked(nxt_);
    if (in_flight(f) > 0) return std::nullopt;
  }
  const std::uint32_t quantum =
      f.pacer.is_on() ? f.pacer.quantum(mss_) : std::max<std::uint32_t>(limits.bytes_max, size);
  const std::uint32_t bytes =
      std::min({room, std::max<std::uint32_t>(limits.bytes_max, size), std::max(quantum, size)});
  return retransmit_at(shared, f, position, std::max(bytes, size), limits, now);
}

// As much of the record as whole segments of today's size make up.
std::optional<Transmission> Sender::retransmit_at(Shared& shared, Flight& f, std::size_t position,
                                                  std::uint32_t bytes_max, const SendLimits& limits,
                                                  Time now) {
  const std::uint16_t size = segment_size(limits);
  Record* record = &f.sent.at(shared.records, position);
  const bool is_urgent = is_urgent_at(f, record->begin);
  const std::uint32_t whole =
      is_urgent ? size : std::max<std::uint32_t>(bytes_max / size, 1) * size;
  const bool is_cut = distance(record->begin, record->text_end()) > whole;
  if (is_cut && !f.sent.split(shared.records, position, record->begin + whole)) {
    return arm_for_memory(f, now), std::nullopt;
  }
  record = &f.sent.at(shared.records, position);
  Transmission sent{.text = {record->begin, record->text_end()},
                    .segment_size = size,
                    .fin = record->has_fin,
                    .is_retransmission = true,
                    .is_probe = record->cause == TcpLossCause::kProbe ||
                                record->cause == TcpLossCause::kWindowProbe,
                    .cause = record->cause};
  if (!sent.text.empty()) {
    sent.payload = text_of(shared, f, distance(una_, sent.text.begin), sent.text.length());
    if (sent.payload == nullptr) return arm_for_memory(f, now), std::nullopt;
  }
  record->segment_size = size;
  record->first_size = static_cast<std::uint16_t>(std::min<std::uint32_t>(size, record->length()));
  sent.segments = std::max<std::uint16_t>(segments_of(sent.text.length(), size), 1);
  sent.push =
      !sent.text.empty() && sent.text.end == una_ + static_cast<std::uint32_t>(f.queue.size());
  const std::uint32_t bytes = record->length();
  const bool was_in_flight = record->state == RecordState::kInFlight;
  record->delivery = f.rate.on_sent(
      bytes, in_flight(f) - (was_in_flight ? std::min(bytes, in_flight(f)) : 0), now);
  f.sent.mark_sent(shared.records, position, now);
  Totals& totals = f.totals;
  totals.bytes_retransmitted += sent.text.length();
  totals.retransmits[static_cast<std::size_t>(sent.cause)] += sent.segments;
  if (sent.cause != TcpLossCause::kProbe) {
    f.recovery.undo.on_retransmitted(sent.segments, limits.clock);
    f.retransmitted_end = later(f.retransmitted_end, record->end);
  }
  on_transmitted(shared, f, sent, bytes, now);
  return sent;
}

// A little text is copied, into a packet with room in front for its headers: that is cheaper than
// to share a slice and chain it behind them.
PacketPtr Sender::text_of(Shared& shared, const Flight& f, std::uint32_t offset,
                          std::uint32_t bytes) {
  if (bytes > kCopiedBytes) return f.queue.share(offset, bytes);
  PacketPtr packet = shared.pool.allocate();
  if (packet != nullptr) f.queue.copy_out(offset, packet->append(bytes));
  return packet;
}

std::optional<Transmission> Sender::send_new(Shared& shared, Flight& f, const SendLimits& limits,
                                             Time now) {
  const bool may_finish = is_fin_unsent();
  if (unsent(f) == 0 && !may_finish) {
    f.hold_until.reset();
    const bool is_starved = f.wants_room && congestion_room(f) > 0 && usable_window() > 0;
    if (is_starved != (f.phase == SendPhase::kSendBuffer)) {
      set_phase(f, is_starved ? SendPhase::kSendBuffer : SendPhase::kBusy, now);
    }
    return std::nullopt;
  }
  if (f.sent.empty()) restart_after_idle(f, shared, now);
  if (!f.totals.path.is_off()) {
    if (const auto probe = path_probe(f, limits, now)) {
      if (probe->bytes == 0) return std::nullopt;
      return send_piece(shared, f, *probe, now);
    }
  }
  const Piece piece = next_piece(f, limits, now);
  const bool is_nothing = piece.bytes == 0 && !piece.fin;
  const bool is_blocked_by_peer =
      is_nothing && usable_window() < mss_ && usable_window() < unsent(f) + (may_finish ? 1U : 0U);
  const SendPhase phase = is_blocked_by_peer ? SendPhase::kPeerWindow : SendPhase::kBusy;
  if (phase != f.phase) set_phase(f, phase, now);
  if (is_nothing) {
    if (f.sent.empty() && f.timer == SendTimer::kNone) arm(shared, f, now);
    return std::nullopt;
  }
  return send_piece(shared, f, piece, now);
}

// RFC 9293 3.8.6.2.1, RFC 5681 3.1: the least of what there is and what the windows allow, in whole
// segments.
Sender::Piece Sender::next_piece(Flight& f, const SendLimits& limits, Time now) {
  Piece piece{.segment_size = segment_size(limits)};
  const std::uint32_t size = piece.segment_size;
  const std::uint32_t available = unsent(f);
  const std::uint32_t usable = usable_window();
  if (available == 0) {
    // The last FIN does not wait for the congestion window, which it hardly loads.
    piece.fin = is_fin_unsent() && usable > 0;
    return piece;
  }
  // A message: nothing is under way, all of it fits one segment, and nobody holds it back.
  const bool is_held = f.holds_tail || flags_.cork;
  if (available < size && available <= usable && in_flight(f) == 0 && !is_held) {
    piece.bytes = available;
    piece.fin = is_fin_unsent() && usable > available;
    return piece;
  }
  std::uint32_t room = congestion_room(f);
  if (f.new_segments_allowed > 0) room = std::max(room, f.new_segments_allowed * size);
  if (in_flight(f) == 0) room = std::max(room, size);
  std::uint32_t most = std::max<std::uint32_t>(limits.bytes_max, size);
  if (f.pacer.is_on()) most = std::min(most, std::max(f.pacer.quantum(mss_), size));
  // The pointer counts from each segment, so no two may share one.
  if (is_urgent_at(f, nxt_)) most = size;
  const std::uint32_t allowed = std::min(usable, room);
  const std::uint32_t bytes = std::min({available, allowed, most});
  const std::uint32_t whole = bytes < size ? 0 : bytes / size * size;
  const bool is_all = bytes == available;
  if (room < std::min(available, size)) f.use.on_blocked(nxt_);
  if (is_all && (whole == bytes || may_send_tail(f, now))) {
    piece.bytes = bytes;
    piece.fin = is_fin_unsent() && usable > bytes;
  } else if (whole > 0) {
    piece.bytes = whole;
    if (!is_all && is_worth_waiting(f, allowed, most)) piece.bytes = 0;
    if (allowed < available && allowed == room) f.use.on_blocked(nxt_);
  } else if (!is_all && usable < size && usable < room && usable > 0 && usable >= window_max_ / 2) {
    piece.bytes = bytes;  // 3.8.6.2.1 (3): half of the largest window it ever offered
  }
  return piece;
}

// RFC 9293 3.7.4, Nagle's rule, as Minshall has it: a small segment waits while another small one
// is not acknowledged.
bool Sender::may_send_tail(const Flight& f, Time now) const {
  if (flags_.fin_queued) return true;
  if (is_urgent_at(f, nxt_)) return true;
  const bool holds = f.holds_tail || flags_.cork;
  if (holds && f.hold_until && now < *f.hold_until) return false;
  if (flags_.no_delay || holds) return true;
  return !(f.has_small && una_ < f.small_end);
}

// Many small pieces cost more than few large ones. While an acknowledgement must come and will
// allow more, less than a third of the window waits for it, up to a millisecond's worth.
bool Sender::is_worth_waiting(const Flight& f, std::uint32_t bytes, std::uint32_t bytes_max) const {
  if (flags_.fin_queued) return false;  // nothing more will come to be sent with it
  if (bytes >= bytes_max || in_flight(f) == 0 || f.pacer.is_on() || !f.recovery.is_open()) {
    return false;
  }
  if (bytes >= std::min(control_->cwnd(), window_) / 3) return false;
  const std::uint64_t rate =
      window_pacing_rate(control_->cwnd(), control_->ssthresh(), rtt_.srtt());
  return bytes < std::min<std::uint64_t>(rate / 1024, bytes_max) && bytes >= 2U * mss_;
}

std::optional<Transmission> Sender::send_piece(Shared& shared, Flight& f, const Piece& piece,
                                               Time now) {
  // One named object, returned on every path, so that it is made where the caller will find it.
  std::optional<Transmission> result(std::in_place);
  Transmission& sent = *result;
  sent.text = {nxt_, nxt_ + piece.bytes};
  sent.segment_size = piece.segment_size;
  sent.fin = piece.fin;
  // RFC 3168 6.1: data packets; a FIN alone is none.
  sent.ect = flags_.ecn_ok && !piece.is_window_probe && piece.bytes != 0;
  sent.is_probe = piece.is_window_probe;
  sent.is_path_probe = piece.is_path_probe;
  if (piece.is_window_probe) sent.cause = TcpLossCause::kWindowProbe;
  if (piece.bytes > 0) sent.payload = text_of(shared, f, flight_size(), piece.bytes);
  const SequenceNumber end = sent.text.end + (piece.fin ? 1U : 0U);
  const bool has_text = piece.bytes == 0 || sent.payload != nullptr;
  if (!has_text || !record_piece(shared, f, piece, end, now)) {
    arm_for_memory(f, now);
    result.reset();
    return result;
  }
  if (piece.bytes > piece.segment_size)
    sent.segments = segments_of(piece.bytes, piece.segment_size);
  if (flight_size() == 0) f.oldest_unanswered = now;
  const std::uint32_t bytes = distance(nxt_, end);
  nxt_ = end;
  if (piece.fin) flags_.fin_sent = true;
  const bool is_all = unsent(f) == 0;
  // RFC 9293 3.9.1.2 (MUST-61): on the last of what is queued. It also ends each super-segment, so
  // that a receiver that merges segments hands them on at once.
  sent.push = piece.bytes > 0 && (is_all || sent.segments > 1);
  if (is_all) f.hold_until.reset();
  const bool ends_small =
      sent.segments == 1 ? piece.bytes < piece.segment_size : piece.bytes % piece.segment_size != 0;
  if (ends_small && piece.bytes > 0 && !piece.is_window_probe) {
    f.has_small = true;
    f.small_end = sent.text.end;
  }
  if (f.new_segments_allowed > 0) {
    f.new_segments_allowed -=
        static_cast<std::uint8_t>(std::min<std::uint16_t>(f.new_segments_allowed, sent.segments));
  }
  // RFC 3168 6.1.2: in the first new data behind the reduction.
  if (flags_.cwr_due && piece.bytes > 0 && !piece.is_window_probe) {
    sent.cwr = true;
    flags_.cwr_due = false;
  }
  if (piece.is_path_probe) f.totals.path.on_sent({sent.text.begin, end});
  f.use.on_sent(in_flight(f), nxt_);
  on_transmitted(shared, f, sent, bytes, now);
  return result;
}

// False: no memory.
bool Sender::record_piece(Shared& shared, Flight& f, const Piece& piece, SequenceNumber end,
                          Time now) {
  const std::uint32_t before = in_flight(f);
  Record* const record = f.sent.append(shared.records, nxt_, end, now);
  if (record == nullptr) return false;
  const std::uint32_t bytes = record->length();
  record->segment_size = piece.segment_size;
  record->first_size =
      static_cast<std::uint16_t>(std::min<std::uint32_t>(piece.segment_size, bytes));
  record->has_fin = piece.fin;
  record->is_window_probe = piece.is_window_probe;
  record->delivery = f.rate.on_sent(bytes, before, now);
  return true;
}

void Sender::on_transmitted(Shared& shared, Flight& f, Transmission& sent, std::uint32_t bytes,
                            Time now) {
  if (is_urgent_at(f, sent.text.begin)) {
    sent.urgent_pointer = static_cast<std::uint16_t>(
        std::min<std::uint32_t>(distance(sent.text.begin, f.urgent_end), 0xffff));
  }
  Totals& totals = f.totals;
  totals.bytes_sent += sent.text.length();
  totals.data_segments_sent += sent.segments;
  if (f.recovery.is_reducing()) f.recovery.reduction.on_sent(bytes);
  if (f.pacer.is_on()) f.pacer.on_sent(bytes, mss_, now);
  last_sent_ = now;
  const bool is_running = f.timer != SendTimer::kNone && f.timer != SendTimer::kMemory;
  // RFC 6298 5.1; and RFC 8985 7.2: each new text moves the tail.
  if (!is_running || (!sent.is_retransmission && f.timer == SendTimer::kTailProbe) ||
      (!sent.is_retransmission && f.timer == SendTimer::kRetransmission &&
       may_probe_tail(shared, f))) {
    arm(shared, f, now);
  }
}

// RFC 8985 7.3: new text if there is any, else the last segment again.
std::optional<Transmission> Sender::probe_tail(Shared& shared, Flight& f, const SendLimits& limits,
                                               Time now) {
  const std::uint16_t size = segment_size(limits);
  const std::uint32_t bytes = std::min<std::uint32_t>({unsent(f), size, usable_window()});
  // It is out before it is sent, or the timer would be set for another.
  f.tail.on_sent(nxt_, bytes == 0);
  std::optional<Transmission> sent;
  if (bytes > 0) {
    const bool is_all = bytes == unsent(f);
    sent = send_piece(shared, f,
                      {.bytes = bytes,
                       .segment_size = size,
                       .fin = is_all && is_fin_unsent() && usable_window() > bytes},
                      now);
    if (sent) sent->is_probe = true;
    if (sent) sent->cause = TcpLossCause::kProbe;
  } else if (!f.sent.empty()) {
    sent = retransmit_last(shared, f, limits, now);
  }
  if (sent) {
    f.tail.on_sent(nxt_, sent->is_retransmission);
  } else {
    f.tail.forget();
  }
  return sent;
}

// The last segment of what was sent, if it is still in flight.
std::optional<Transmission> Sender::retransmit_last(Shared& shared, Flight& f,
                                                    const SendLimits& limits, Time now) {
  std::size_t last = f.sent.size() - 1;
  const Record* record = &f.sent.at(shared.records, last);
  if (record->state != RecordState::kInFlight) return std::nullopt;
  if (record->text_end() > record->begin) {
    const SequenceNumber edge = record->edge_before(record->text_end() - 1U);
    if (edge > record->begin) {
      if (!f.sent.split(shared.records, last, edge)) return std::nullopt;
      ++last;
    }
  }
  f.sent.at(shared.records, last).cause = TcpLossCause::kProbe;
  return retransmit_at(shared, f, last, segment_size(limits), limits, now);
}

// RFC 9293 3.8.6.1 and 3.8.6.2.1 (4): what fits; else one byte beyond the closed window.
std::optional<Transmission> Sender::probe_window(Shared& shared, Flight& f,
                                                 const SendLimits& limits, Time now) {
  const std::uint16_t size = segment_size(limits);
  if (!f.sent.empty()) {
    const Record& first = f.sent.at(shared.records, 0);
    if (!first.is_window_probe) return std::nullopt;
    if (first.state == RecordState::kInFlight) {
      lose(shared, f, 0, TcpLossCause::kWindowProbe, nullptr, now);
    }
    return retransmit_at(shared, f, 0, size, limits, now);
  }
  const std::uint32_t available = unsent(f);
  const std::uint32_t usable = usable_window();
  Piece piece{.segment_size = size};
  piece.bytes = std::min<std::uint32_t>({available, size, std::max<std::uint32_t>(usable, 1)});
  piece.fin = is_fin_unsent() && (available == 0 || usable > available);
  if (piece.bytes == 0 && !piece.fin) return std::nullopt;
  piece.is_window_probe = usable == 0;
  return send_piece(shared, f, piece, now);
}

// RFC 6675 4, NextSeg() rule 4: with nothing else to send, the last segment once more, so that its
// acknowledgement tells of what is behind the last SACK.
std::optional<Transmission> Sender::rescue(Shared& shared, Flight& f, const SendLimits& limits,
                                           Time now) {
  if (f.recovery.state != TcpRecoveryState::kRecovery || f.recovery.was_rescued)
    return std::nullopt;
  if (!flags_.sack_ok || f.sent.lost() != 0 || f.sent.empty()) return std::nullopt;
  if (congestion_room(f) < segment_size(limits)) return std::nullopt;
  // Only what was in flight when recovery began, and is overdue by its own measure.
  const Record& last = f.sent.at(shared.records, f.sent.size() - 1);
  if (last.end > f.recovery.point || last.was_retransmitted()) return std::nullopt;
  if (now - last.sent_time < rtt_.srtt()) return std::nullopt;
  f.recovery.was_rescued = true;
  return retransmit_last(shared, f, limits, now);
}

// RFC 4821 7.3: new text, in one segment that may not arrive, with enough behind it that its loss
// is noticed. Without bytes: nothing new may leave before there is room for it.
std::optional<Sender::Piece> Sender::path_probe(Flight& f, const SendLimits& limits, Time now) {
  if (limits.segment_size_max != 0 || !f.recovery.is_open() || f.sent.lost() != 0) {
    return std::nullopt;
  }
  constexpr std::uint32_t kSegmentsBehind = 3;
  const auto size = f.totals.path.next_size(now);
  if (!size || *size <= mss_) return std::nullopt;
  const std::uint32_t wanted = *size + kSegmentsBehind * mss_;
  if (unsent(f) < wanted || window_ < wanted || control_->cwnd() < wanted) return std::nullopt;
  // Whoever sends a segment for each that is acknowledged never has room for a larger one: an
  // acknowledgement or two are waited for.
  if (std::min(usable_window(), congestion_room(f)) < *size) {
    return in_flight(f) > 0 ? std::optional(Piece{}) : std::nullopt;
  }
  return Piece{.bytes = *size, .segment_size = *size, .is_path_probe = true};
}

// RFC 5681 4.1, RFC 7661: a window that nobody used for a timeout may be too large by now. The
// control judges how long is long: BBR wants to know of every pause.
void Sender::restart_after_idle(Flight& f, const Shared& shared, Time now) {
  if (last_sent_ == Time{} || !shared.config.restarts_after_idle) return;
  const Duration idle = now - last_sent_;
  const Duration rto = rtt_.rto(shared.config);
  control_->on_idle_restart({.now = now,
                             .idle = idle,
                             .rto = rto,
                             .restart_window = initial_window(),
                             .is_app_limited = window_ > 0,
                             .is_paced = f.pacer.is_on()});
  last_sent_ = now;
  refresh_pacing(f);
}

}  // namespace strata::tcp
