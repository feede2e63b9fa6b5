// SPDX-License-Identifier: Apache-2.0
// Every deadline of a sender, and what follows when one passes.
#include <algorithm>

#include "tcp/send/sender_asks.h"

namespace strata::tcp {
namespace {

constexpr Duration kMemoryRetry = std::chrono::milliseconds(10);
constexpr std::uint8_t kSuspicious = 3;                           // RFC 9293 3.8.3: R1
constexpr std::uint32_t kRestartSegments = 4;                     // RFC 7765 4: rrthresh
constexpr Duration kFirstAfterLostSyn = std::chrono::seconds(3);  // RFC 6298 5.7

}  // namespace

std::optional<Time> Sender::next_of_several(const Flight& f) const {
  std::optional<Time> at = f.loss.deadline();
  if (f.timer != SendTimer::kNone) at = earlier(at, f.timer_at);
  if (f.hold_until && unsent(f) > 0) at = earlier(at, f.hold_until);
  if (f.is_pacing_blocked) at = earlier(at, f.pacer.next_send_time(last_sent_));
  return at;
}

DeadlineOutcome Sender::on_deadline(Shared& shared, const Patience& patience, Time now) {
  Flight* const f = flight(shared);
  if (f == nullptr || !flags_.established) return DeadlineOutcome::kNothing;
  note_application_limit(*f);
  if (f->is_pacing_blocked && f->pacer.may_send(now)) f->is_pacing_blocked = false;
  if (f->hold_until && *f->hold_until <= now) {
    f->hold_until.reset();
    f->holds_tail = false;
  }
  if (f->loss.deadline() && *f->loss.deadline() <= now) {
    AckDigest digest{.now = now};
    detect_losses(shared, *f, &digest, now);
    const bool may_enter = f->recovery.is_open() || f->recovery.state == TcpRecoveryState::kCwr;
    if (digest.newly_lost > 0 && may_enter) {
      enter_recovery(*f, digest);
      reduce_window(*f, digest);
    }
  }
  if (f->timer == SendTimer::kNone || f->timer_at > now) return DeadlineOutcome::kNothing;
  return on_timer(shared, *f, patience, now);
}

DeadlineOutcome Sender::on_timer(Shared& shared, Flight& f, const Patience& patience, Time now) {
  const SendTimer expired = f.timer;
  f.timer = SendTimer::kNone;
  DeadlineOutcome outcome = DeadlineOutcome::kNothing;
  switch (expired) {
    case SendTimer::kNone: break;
    case SendTimer::kRetransmission:
    case SendTimer::kReneging:
      outcome = count_unanswered(f, patience, now);
      if (outcome == DeadlineOutcome::kGaveUp) return outcome;
      on_timeout(shared, f, now);
      break;
    case SendTimer::kTailProbe:
      f.probe_tail_now = may_probe_tail(shared, f);
      // RFC 8985 7.3: the timeout starts anew behind the probe.
      f.timer = SendTimer::kRetransmission;
      f.timer_at = now + timeout(shared, f);
      return outcome;
    case SendTimer::kPersist:
      outcome = count_unanswered(f, patience, now);
      if (outcome == DeadlineOutcome::kGaveUp) return outcome;
      f.probe_window_now = true;
      if (f.backoffs < 0xff) ++f.backoffs;
      break;
    case SendTimer::kMemory: break;
  }
  arm(shared, f, now);
  // RFC 5482: not beyond the time the program gave it.
  if (patience.user_timeout > Duration{} && f.timer != SendTimer::kNone) {
    f.timer_at = std::min(
        f.timer_at, std::max(f.oldest_unanswered + patience.user_timeout, now + kMemoryRetry));
  }
  return outcome;
}

DeadlineOutcome Sender::count_unanswered(Flight& f, const Patience& patience, Time now) const {
  if (f.unanswered < 0xff) ++f.unanswered;
  // As on Linux, only a program makes it worth to wait behind a closed window for as long as probes
  // are answered.
  const std::uint8_t tries =
      patience.is_orphan ? std::max({f.unanswered, f.backoffs, f.timeouts}) : f.unanswered;
  const bool is_over = patience.user_timeout > Duration{}
                           ? f.unanswered > 0 && now - f.oldest_unanswered >= patience.user_timeout
                           : tries > patience.retries;
  if (is_over) return DeadlineOutcome::kGaveUp;
  return f.unanswered == kSuspicious ? DeadlineOutcome::kSuspect : DeadlineOutcome::kNothing;
}

Duration Sender::timeout(const Shared& shared, const Flight& f) const {
  Duration rto = rtt_.backed_off(shared.config, f.backoffs);
  if (!rtt_.has_sample() && flags_.handshake_was_retransmitted) {
    rto = std::max(rto, std::min(kFirstAfterLostSyn, shared.config.rto_max));
  }
  return rto;
}

bool Sender::waits_for_window(const Shared& shared, const Flight& f) const {
  if (f.sent.empty()) {
    const std::uint32_t wanted = unsent(f) + (is_fin_unsent() ? 1U : 0U);
    return wanted > 0 && usable_window() < std::min<std::uint32_t>(wanted, mss_);
  }
  return window_ == 0 && f.sent.size() == 1 && f.sent.at(shared.records, 0).is_window_probe;
}

// The timer that the present state asks for, from now on.
void Sender::arm(Shared& shared, Flight& f, Time now) {
  f.timer = SendTimer::kNone;
  if (waits_for_window(shared, f)) {
    f.timer = SendTimer::kPersist;
    f.timer_at = now + timeout(shared, f);
    return;
  }
  if (f.sent.empty()) return;
  f.timer = SendTimer::kRetransmission;
  f.timer_at = now + timeout(shared, f);
  const std::uint32_t segments = f.sent.size() == 1 ? f.sent.at(shared.records, 0).segments() : 2;
  if (may_probe_tail(shared, f)) {
    const Time probe_at = now + TailProbe::timeout(rtt_, segments == 1, shared.config.rto_first);
    f.timer = SendTimer::kTailProbe;
    f.timer_at = std::min(probe_at, f.timer_at);
    return;
  }
  // RFC 7765 4: so few segments bring no duplicates, so the time counts from when the first was
  // sent and not from now.
  const bool is_few = unsent(f) == 0 && flight_size() < kRestartSegments * mss_;
  const Record& first = f.sent.at(shared.records, 0);
  if (is_few && f.backoffs == 0 && !first.was_retransmitted()) {
    f.timer_at = std::max(first.sent_time + timeout(shared, f), now + std::chrono::milliseconds(1));
  }
}

void Sender::arm_for_memory(Flight& f, Time now) {
  if (f.timer != SendTimer::kNone) return;
  f.timer = SendTimer::kMemory;
  f.timer_at = now + kMemoryRetry;
}

// RFC 6298 5.4 to 5.6, RFC 5681 3.1, RFC 8985 6.3.
void Sender::on_timeout(Shared& shared, Flight& f, Time now) {
  if (f.sent.empty()) return;
  Totals& totals = f.totals;
  ++totals.timeouts;
  Recovery& recovery = f.recovery;
  const bool is_first = f.timeouts == 0;
  const bool is_new_episode = !recovery.is_repairing();
  // RFC 2018 8, RFC 6675 5.1: the peer took back what it had SACKed.
  if (f.sent.at(shared.records, 0).state == RecordState::kSacked) forget_sacks(shared, f, now);
  const std::uint32_t flight_before = flight_size();
  if (f.sent.at(shared.records, 0).segment_size >= mss_) {
    const auto smaller = totals.path.on_timeout(
        shared.config.path_probing, static_cast<std::uint8_t>(f.timeouts + 1), mss_, now);
    if (smaller) use_mss(shared, f, *smaller, now);
  }
  mark_timed_out(shared, f, now);
  control_->on_rto(
      {.now = now, .flight_size = flight_before, .in_flight = in_flight(f), .is_first = is_first});
  if (flags_.ecn_ok) flags_.cwr_due = true;
  recovery.point = nxt_;
  recovery.state = TcpRecoveryState::kLoss;
  if (is_first && is_new_episode) {
    start_undo(f);
    recovery.timeout_judge.start();
  } else {
    recovery.undo.stop();
    recovery.timeout_judge.stop();
  }
  f.new_segments_allowed = 0;
  f.virtual_sacked = 0;
  f.duplicate_acks = 0;
  f.lost_beyond_point = false;
  f.tail.forget();
  f.loss.clear_deadline();
  f.retransmit_now = 1;
  if (f.timeouts < 0xff) ++f.timeouts;
  if (f.backoffs < 0xff) ++f.backoffs;
  refresh_pacing(f);
}

// RFC 8985 6.3: the first, and what was out for a round trip and a reordering window; without
// SACK, all of it.
void Sender::mark_timed_out(Shared& shared, Flight& f, Time now) {
  if (f.sent.at(shared.records, 0).state == RecordState::kInFlight) {
    lose(shared, f, 0, TcpLossCause::kTimeout, nullptr, now);
  }
  const Duration window = LossDetection::reordering_window(
      {f.recovery.is_repairing(), f.sent.sacked_segments()}, rtt_, f.totals.reordering_memory);
  while (f.sent.oldest() != kNoIndex) {
    const Record& record = f.sent.named(shared.records, f.sent.oldest());
    if (flags_.sack_ok && !f.loss.is_overdue(record, window, now)) return;
    lose(shared, f, f.sent.position_of(record.begin), TcpLossCause::kTimeout, nullptr, now);
  }
}

void Sender::forget_sacks(Shared& shared, Flight& f, Time now) {
  for (std::size_t i = 0; i < f.sent.size(); ++i) {
    if (f.sent.at(shared.records, i).state == RecordState::kSacked) {
      lose(shared, f, i, TcpLossCause::kTimeout, nullptr, now);
    }
  }
}

// RFC 6069 4: the way was broken, not congested, so one back-off is taken back.
void Sender::on_icmp_soft(Shared& shared, SequenceNumber quoted, Time now) {
  Flight* const f = flight(shared);
  if (f == nullptr || f->timer != SendTimer::kRetransmission || f->backoffs == 0) return;
  if (quoted != una_ || f->timeouts == 0) return;
  const Duration before = timeout(shared, *f);
  --f->backoffs;
  f->timer_at = std::max(now, f->timer_at - (before - timeout(shared, *f)));
}

}  // namespace strata::tcp
