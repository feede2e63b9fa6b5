// SPDX-License-Identifier: Apache-2.0
// What a Sender is asked several times for every segment, where those who ask can inline it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "tcp/send/sender.h"
#include "tcp/send/shared.h"

namespace strata::tcp {

inline Flight* Sender::flight(Shared& shared) const {
  return flight_ == kNoIndex || flags_.rests ? nullptr : &shared.flights[flight_];
}

inline const Flight* Sender::flight(const Shared& shared) const {
  return flight_ == kNoIndex || flags_.rests ? nullptr : &shared.flights[flight_];
}

inline std::uint32_t Sender::unsent(const Flight& f) const {
  if (flags_.fin_sent) return 0;
  return static_cast<std::uint32_t>(f.queue.size()) - flight_size();
}

// RFC 6675 2: pipe. Without SACK, each duplicate tells of one segment that left the network.
inline std::uint32_t Sender::in_flight(const Flight& f) const {
  const std::uint32_t bytes = f.sent.in_flight();
  if (f.virtual_sacked == 0) [[likely]]
    return bytes;
  const std::uint64_t gone = std::uint64_t{f.virtual_sacked} * mss_;
  return gone >= bytes ? 0 : bytes - static_cast<std::uint32_t>(gone);
}

inline std::uint32_t Sender::usable_window() const {
  const std::int32_t usable = una_ + window_ - nxt_;
  return usable > 0 ? static_cast<std::uint32_t>(usable) : 0;
}

inline std::uint32_t Sender::congestion_room(const Flight& f) const {
  const std::uint32_t used = in_flight(f);
  return control_->cwnd() > used ? control_->cwnd() - used : 0;
}

inline std::uint16_t Sender::segment_size(const SendLimits& limits) const {
  return limits.segment_size_max == 0 ? mss_ : std::min(mss_, limits.segment_size_max);
}

// RFC 9293 3.8.5: is there urgent data at or behind this place?
inline bool Sender::is_urgent_at(const Flight& f, SequenceNumber at) {
  return f.has_urgent && f.urgent_end > at;
}

// draft-ietf-ccwg-bbr, "Application-limited": nothing to send although the window would allow it.
inline void Sender::note_application_limit(Flight& f) const {
  if (unsent(f) != 0 || f.sent.lost() != 0 || in_flight(f) >= control_->cwnd()) return;
  f.rate.mark_app_limited(in_flight(f));
}

// RFC 8985 7.2: not while anything is known to be lost or out of order, and one at a time.
inline bool Sender::may_probe_tail(const Shared& shared, const Flight& f) const {
  return shared.config.tail_probes && flags_.sack_ok && f.recovery.is_open() &&
         f.sent.lost() == 0 && f.sent.sacked() == 0 && f.tail.may_probe() && f.backoffs == 0 &&
         !f.sent.empty() && window_ > 0;
}

inline bool Sender::has_outgoing(const Shared& shared) const {
  const Flight* const f = flight(shared);
  if (f == nullptr) return false;
  const bool is_told = f->wants_room | f->probe_window_now | f->probe_tail_now;
  return is_told || unsent(*f) != 0 || is_fin_unsent() || f->sent.lost() != 0 ||
         !f->recovery.is_open() || f->retransmit_now != 0;
}

inline std::optional<Time> Sender::next_deadline(const Shared& shared) const {
  const Flight* const f = flight(shared);
  if (f == nullptr || !flags_.established) return std::nullopt;
  if (f->loss.deadline() || f->hold_until || f->is_pacing_blocked) return next_of_several(*f);
  return f->timer == SendTimer::kNone ? std::nullopt : std::optional(f->timer_at);
}

}  // namespace strata::tcp
