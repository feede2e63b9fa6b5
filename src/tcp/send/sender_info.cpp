// SPDX-License-Identifier: Apache-2.0
// What can be seen of a sender, and how it moves.
#include <algorithm>

#include "tcp/congestion/registry.h"
#include "tcp/send/sender_asks.h"

namespace strata::tcp {

void Sender::fill(const Shared& shared, TcpInfo& info, Time now) const {
  info.congestion = congestion_name();
  info.has_sack = flags_.sack_ok;
  info.has_timestamps = flags_.timestamps_ok;
  info.has_ecn = flags_.ecn_ok;
  info.send_mss = mss_;
  info.peer_window = window_;
  info.congestion_window = control_->cwnd();
  info.slow_start_threshold = control_->ssthresh();
  info.unacknowledged = flight_size();
  info.send_buffer = buffer_limit_ != 0 ? buffer_limit_ : shared.config.send_buffer_first;
  info.retransmission_timeout = rtt_.rto(shared.config);
  info.smoothed_rtt = rtt_.srtt();
  info.rtt_variation = rtt_.rttvar();
  if (rtt_.min_rtt() != Duration{}) info.min_rtt = rtt_.min_rtt();
  if (last_sent_ != Time{}) info.since_data_sent = now - last_sent_;
  info.pacing_rate = control_->pacing_rate();
  const Flight* const f = flight(shared);
  fill_from_totals(f != nullptr ? f->totals : kept_totals(shared), info);
  if (f != nullptr) fill_from_flight(shared, *f, info, now);
}

void Sender::fill_from_totals(const Totals& totals, TcpInfo& info) {
  info.delivery_rate = totals.delivery_rate;
  info.delivery_rate_is_application_limited = totals.rate_is_application_limited;
  info.busy = totals.busy;
  info.limited_by_peer_window = totals.limited_by_peer_window;
  info.limited_by_send_buffer = totals.limited_by_send_buffer;
  info.bytes_sent = totals.bytes_sent;
  info.bytes_retransmitted = totals.bytes_retransmitted;
  info.bytes_acknowledged = totals.bytes_acknowledged;
  info.data_segments_sent = totals.data_segments_sent;
  std::uint64_t resent = 0;
  for (const std::uint32_t count : totals.retransmits) resent += count;
  info.segments_delivered = totals.data_segments_sent - std::min(totals.data_segments_sent, resent);
  info.retransmits = totals.retransmits;
  info.recoveries = totals.recoveries;
  info.timeouts = totals.timeouts;
  info.undone = totals.undone;
  info.duplicates_reported = totals.duplicates_reported;
  info.reordering = totals.reordering;
}

// As many as there are records, for those who ask: the sender itself has no use for these sums.
void Sender::count_segments(const Shared& shared, const Flight& f, TcpInfo& info) {
  for (std::size_t i = 0; i < f.sent.size(); ++i) {
    const Record& record = f.sent.at(shared.records, i);
    const bool is_sacked = record.state == RecordState::kSacked;
    const std::uint32_t segments = is_sacked ? record.sacked_segments : record.segments();
    info.segments_unacknowledged += segments;
    if (is_sacked) info.segments_sacked += segments;
    const bool is_resent = record.state == RecordState::kInFlight && record.was_retransmitted();
    if (is_resent) info.segments_resent += segments;
    const bool was_lost = is_resent && record.cause != TcpLossCause::kProbe;
    if (was_lost || record.state == RecordState::kLost) info.segments_lost += segments;
  }
  info.segments_delivered -= std::min<std::uint64_t>(
      info.segments_delivered, info.segments_unacknowledged - info.segments_sacked);
}

void Sender::fill_from_flight(const Shared& shared, const Flight& f, TcpInfo& info,
                              Time now) const {
  info.recovery = f.recovery.state;
  count_segments(shared, f, info);
  const bool is_disordered = f.sent.sacked() > 0 || f.duplicate_acks > 0;
  if (f.recovery.is_open() && is_disordered) info.recovery = TcpRecoveryState::kDisorder;
  info.in_flight = in_flight(f);
  info.not_sent = unsent(f);
  info.retransmission_timeout = timeout(shared, f);
  info.pacing_rate = f.pacer.rate();
  info.backoffs = f.backoffs;
  info.unanswered_probes = f.timer == SendTimer::kPersist ? f.unanswered : std::uint8_t{0};
  const Duration span = now - f.phase_began;
  info.busy += span;
  if (f.phase == SendPhase::kPeerWindow) info.limited_by_peer_window += span;
  if (f.phase == SendPhase::kSendBuffer) info.limited_by_send_buffer += span;
}

CongestionName Sender::congestion_name() const { return CongestionName::of(control_->name()); }

SenderSnapshot Sender::snapshot(const Shared& shared) const {
  SenderSnapshot s{.mss = mss_limit_,
                   .is_established = flags_.established,
                   .sack_ok = flags_.sack_ok,
                   .timestamps_ok = flags_.timestamps_ok,
                   .ecn_ok = flags_.ecn_ok,
                   .fin_queued = flags_.fin_queued,
                   .fin_sent = flags_.fin_sent,
                   .fin_acked = flags_.fin_acked,
                   .options = {.no_delay = flags_.no_delay,
                               .cork = flags_.cork,
                               .pacing = flags_.pacing,
                               .send_buffer = flags_.fixed_buffer ? buffer_limit_ : 0,
                               .pacing_rate_max = pacing_limit()},
                   .una = una_.value(),
                   .nxt = nxt_.value(),
                   .window = window_,
                   .window_max = window_max_,
                   .wl1 = wl1_.value(),
                   .wl2 = wl2_.value(),
                   .queued = queued(shared),
                   .cwnd = control_->cwnd(),
                   .ssthresh = control_->ssthresh(),
                   .srtt_ns = rtt_.srtt().count(),
                   .rttvar_ns = rtt_.rttvar().count(),
                   .min_rtt_ns = rtt_.min_rtt().count()};
  const Flight* const f = flight(shared);
  if (f != nullptr && f->has_urgent) {
    s.has_urgent = true;
    s.urgent_end = f->urgent_end.value();
  }
  return s;
}

void Sender::copy_text(const Shared& shared, std::size_t offset, MutableBytes to) const {
  if (to.empty()) return;
  flight(shared)->queue.copy_out(offset, to);
}

bool Sender::restore(Shared& shared, const SenderSnapshot& s, const Algorithm* control, Time now) {
  if (s.version != SenderSnapshot::kVersion) return false;
  una_ = nxt_ = SequenceNumber(s.una);
  window_ = s.window;
  window_max_ = s.window_max;
  wl1_ = SequenceNumber(s.wl1);
  wl2_ = SequenceNumber(s.wl2);
  mss_ = mss_limit_ = std::max<std::uint16_t>(s.mss, 1);
  initial_segments_ = std::max<std::uint8_t>(shared.config.initial_window, 1);
  flags_.sack_ok = s.sack_ok;
  flags_.timestamps_ok = s.timestamps_ok;
  flags_.ecn_ok = s.ecn_ok;
  rtt_.restore(Duration(s.srtt_ns), Duration(s.rttvar_ns), Duration(s.min_rtt_ns), now);
  const congestion::StartEvent start{.now = now,
                                     .mss = mss_,
                                     .initial_window = std::max<std::uint32_t>(s.cwnd, mss_),
                                     .ssthresh = s.ssthresh,
                                     .srtt = rtt_.srtt(),
                                     .has_sack = flags_.sack_ok,
                                     .seed = shared.rng.next()};
  const Algorithm& algorithm = control == nullptr ? congestion::kReno : *control;
  if (!control_.try_start(algorithm, shared.memory, start)) return false;
  set_options(shared, s.options, now);
  // The text came from a buffer that was larger, and must fit again.
  buffer_limit_ = std::max(buffer_limit_, std::max(s.queued, shared.config.send_buffer_first));
  return true;
}

// What was on its way counts as sent once, at an unknown time: Karn's rule holds for it.
bool Sender::finish_restore(Shared& shared, const SenderSnapshot& s, Time now) {
  flags_.established = s.is_established;
  flags_.fin_queued = s.fin_queued;
  flags_.fin_acked = s.fin_acked;
  const SequenceNumber end(s.nxt);
  const std::uint32_t text = distance(una_, end) - (s.fin_sent && !s.fin_acked ? 1U : 0U);
  if (text > queued(shared)) return false;
  if (una_ == end && queued(shared) == 0 && (!s.fin_queued || s.fin_sent)) {
    flags_.fin_sent = s.fin_sent;
    return true;
  }
  Flight* const f = take_flight(shared, now);
  if (f == nullptr) return false;
  constexpr std::uint32_t kRecordBytes = 65535;
  while (nxt_ < end) {
    const SequenceNumber next = nxt_ + std::min(distance(nxt_, end), kRecordBytes / mss_ * mss_);
    Record* const record = f->sent.append(shared.records, nxt_, next, now);
    if (record == nullptr) return false;
    record->segment_size = mss_;
    record->first_size =
        static_cast<std::uint16_t>(std::min<std::uint32_t>(mss_, record->length()));
    record->transmissions = 2;
    record->has_fin = next == end && s.fin_sent;
    record->delivery = f->rate.on_sent(record->length(), in_flight(*f) - record->length(), now);
    nxt_ = next;
  }
  flags_.fin_sent = s.fin_sent;
  f->has_urgent = s.has_urgent;
  f->urgent_end = SequenceNumber(s.urgent_end);
  f->oldest_unanswered = now;
  arm(shared, *f, now);
  return true;
}

}  // namespace strata::tcp
