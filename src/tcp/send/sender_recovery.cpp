// SPDX-License-Identifier: Apache-2.0
// What an acknowledgement means for loss and its repair.
#include <algorithm>

#include "tcp/send/scoreboard.h"
#include "tcp/send/sender_asks.h"

namespace strata::tcp {

using congestion::CongestionCause;

void Sender::lose(Shared& shared, Flight& f, std::size_t position, TcpLossCause cause,
                  AckDigest* digest, Time now) {
  const Record& record = f.sent.at(shared.records, position);
  Totals& totals = f.totals;
  const SequenceRange range{record.begin, record.end};
  const bool is_path_probe = totals.path.is_probe(range);
  if (is_path_probe) {
    totals.path.on_lost(now);
    cause = TcpLossCause::kPathMtu;
  }
  // RFC 4821 7.6.2: sizes and closed windows are no congestion.
  const bool is_congestion = cause != TcpLossCause::kPathMtu && cause != TcpLossCause::kWindowProbe;
  const LossSample sample =
      digest != nullptr ? f.rate.on_lost(digest->sample, record.delivery, range.length(), now)
                        : f.rate.on_lost(record.delivery, range.length(), now);
  f.sent.mark_lost(shared.records, position, cause);
  if (!is_congestion) return;
  control_->on_loss(sample);
  if (range.begin >= f.recovery.point) f.lost_beyond_point = true;
  if (digest == nullptr) return;
  digest->newly_lost += range.length();
  digest->loss_cause = cause;
}

// RFC 8985 6.2 step 5; also when its timer expires, without an acknowledgement.
void Sender::detect_losses(Shared& shared, Flight& f, AckDigest* digest, Time now) {
  const Duration window = LossDetection::reordering_window(
      {f.recovery.is_repairing(), f.sent.sacked_segments()}, rtt_, f.totals.reordering_memory);
  while (true) {
    const Index index = f.loss.next_expired(f.sent, shared.records, window, now);
    if (index == kNoIndex) return;
    const Record& record = f.sent.named(shared.records, index);
    const TcpLossCause cause = record.was_retransmitted() ? TcpLossCause::kLostAgain
                               : window == Duration{}     ? TcpLossCause::kDuplicateAcks
                                                          : TcpLossCause::kReordering;
    lose(shared, f, f.sent.position_of(record.begin), cause, digest, now);
  }
}

void Sender::judge_tail_probe(Flight& f, const AckEvent& ack, const AckDigest& digest) {
  const bool repaired =
      f.tail.repaired_loss({.ack = ack.ack,
                            .is_duplicate = digest.is_duplicate,
                            .has_sack = !ack.sack.empty(),
                            .dsacks_probe = digest.dsack && f.tail.explains(*digest.dsack)});
  if (!repaired || !f.recovery.is_open()) return;
  // RFC 8985 7.4.2: one loss, repaired already. The window is reduced at once.
  ++f.totals.recoveries;
  tell_congestion(f, CongestionCause::kLoss, digest.bytes_acked, digest.now);
  control_->on_recovery_exit(digest.now);
}

void Sender::judge_recovery(Shared& shared, Flight& f, const AckEvent& ack, AckDigest& digest,
                            AckOutcome& outcome) {
  // An ACK that was overtaken may have been sent before our CWR arrived.
  if (ack.ece && flags_.ecn_ok && ack.ack >= una_) on_congestion_mark(f, digest);
  // All is acknowledged and was sent once: there is nothing that this could tell of.
  if (f.sent.empty() && f.recovery.is_calm() && !f.tail.is_out()) {
    f.loss.clear_deadline();
    return;
  }
  judge_tail_probe(f, ack, digest);
  if (flags_.sack_ok) {
    // RFC 6582 has no clock: without SACK nothing tells which of two segments arrived.
    if (digest.sample.has_data || f.loss.deadline()) detect_losses(shared, f, &digest, digest.now);
  } else if (f.recovery.is_open() && f.duplicate_acks >= LossDetection::kDuplicateThreshold &&
             una_ > f.recovery.point && f.sent.lost() == 0) {
    // RFC 6582 3.2 step 2: beyond `recover` only, or duplicates of our own making would count.
    lose_first_segment(shared, f, TcpLossCause::kDuplicateAcks, digest);
  }
  judge_repair(shared, f, ack, digest, outcome);
  const bool may_enter = f.recovery.is_open() || f.recovery.state == TcpRecoveryState::kCwr;
  const bool has_reason = digest.newly_lost > 0 || (outcome.recovery_left && f.lost_beyond_point);
  if (has_reason && may_enter) {
    enter_recovery(f, digest);
    outcome.recovery_entered = true;
    outcome.cause = digest.loss_cause;
  }
}

// Without SACK, what is missing is the first segment.
void Sender::lose_first_segment(Shared& shared, Flight& f, TcpLossCause cause, AckDigest& digest) {
  if (f.sent.empty()) return;
  const Record& first = f.sent.at(shared.records, 0);
  if (first.state != RecordState::kInFlight) return;
  const SequenceNumber edge = first.begin + std::max<std::uint32_t>(first.first_size, 1);
  if (edge < first.end && !f.sent.split(shared.records, 0, edge)) return;
  lose(shared, f, 0, cause, &digest, digest.now);
  f.retransmit_now = 1;
}

// RFC 3168 6.1.2: once per window of data.
void Sender::on_congestion_mark(Flight& f, const AckDigest& digest) {
  if (!f.recovery.is_open()) return;
  tell_congestion(f, CongestionCause::kEcn, digest.bytes_acked, digest.now);
  f.recovery.state = TcpRecoveryState::kCwr;
  f.recovery.point = nxt_;
  f.recovery.reduction.start(flight_size() + digest.bytes_acked);
  f.recovery.undo.stop();
}

void Sender::judge_repair(Shared& shared, Flight& f, const AckEvent& ack, AckDigest& digest,
                          AckOutcome& outcome) {
  Recovery& recovery = f.recovery;
  const bool has_advanced = digest.bytes_acked > 0;
  const bool reaches_point = una_ >= recovery.point;
  // RFC 3522 3.2 step 5 and RFC 2883: was it for nothing? A D-SACK may tell so after the repair.
  const bool is_needless =
      (has_advanced && recovery.undo.was_delayed(ack.has_echo, ack.echo)) ||
      (digest.dsack && recovery.undo.are_all_duplicates()) ||
      (recovery.is_repairing() && reaches_point && recovery.undo.was_never_acted_on()) ||
      judge_timeout(f, digest);
  if (is_needless) {
    if (recovery.state == TcpRecoveryState::kLoss && digest.oldest_acked_rtt) {
      rtt_.on_spurious_timeout(*digest.oldest_acked_rtt);
    }
    undo(shared, f, digest.now);
    outcome.recovery_undone = true;
    return;
  }
  if (recovery.is_open()) return;
  if (has_advanced && reaches_point) {
    leave_recovery(f, digest.now);
    outcome.recovery_left = true;
    return;
  }
  // RFC 6582 3.2 step 3: a partial acknowledgement points at the next hole.
  if (!flags_.sack_ok && has_advanced && recovery.state == TcpRecoveryState::kRecovery) {
    lose_first_segment(shared, f, TcpLossCause::kPartialAck, digest);
  }
}

// RFC 5682 2.1 step 2.b: where nothing new may leave, congestion window aside, the usual repair has
// to do. That is so where Nagle's rule, a cork or silly window avoidance holds back what there is.
bool Sender::may_send_new(const Flight& f, Time now) const {
  const std::uint32_t available = unsent(f);
  const std::uint32_t usable = usable_window();
  if (std::min(available, usable) >= mss_) return true;
  const bool is_message = in_flight(f) == 0 && !f.holds_tail && !flags_.cork;
  return available > 0 && available <= usable && (is_message || may_send_tail(f, now));
}

// RFC 5682. True when the timeout was spurious.
bool Sender::judge_timeout(Flight& f, const AckDigest& digest) {
  TimeoutJudge& judge = f.recovery.timeout_judge;
  if (!judge.is_on()) return false;
  const auto verdict = judge.on_ack({.una_advanced = digest.bytes_acked > 0,
                                     .is_duplicate = digest.is_duplicate,
                                     .has_new_sack = digest.newly_sacked > 0,
                                     .delivered_original = digest.delivered_original,
                                     .reaches_point = una_ >= f.recovery.point,
                                     .can_send_new = may_send_new(f, digest.now),
                                     .has_sack = flags_.sack_ok});
  f.new_segments_allowed = verdict == TimeoutJudge::Verdict::kSendNew ? 2 : 0;
  return verdict == TimeoutJudge::Verdict::kSpurious;
}

// The D-SACK of a needless retransmission comes behind the ACK of everything: a flight that rests
// still knows what it sent again.
void Sender::judge_late_duplicate(Shared& shared, const AckEvent& ack, Time now) {
  Flight& f = shared.flights[flight_];
  const auto duplicate =
      read_sack(ack.sack, una_, nxt_, std::max<std::uint32_t>(window_max_, 1U << 16U)).duplicate;
  if (!duplicate) return;
  const std::uint32_t segments = (duplicate->length() + mss_ - 1) / mss_;
  f.totals.duplicates_reported += segments;
  f.recovery.undo.on_dsack(*duplicate, una_, segments);
  if (!f.recovery.undo.are_all_duplicates()) return;
  f.recovery.undo.stop();
  control_->on_undo(now);
  ++f.totals.undone;
}

void Sender::enter_recovery(Flight& f, const AckDigest& digest) {
  Recovery& recovery = f.recovery;
  // A window that marks have reduced already is not reduced again for losses of the same window.
  if (recovery.is_open()) {
    tell_congestion(f, CongestionCause::kLoss, digest.bytes_acked, digest.now);
    recovery.reduction.start(flight_size() + digest.bytes_acked);
  }
  recovery.state = TcpRecoveryState::kRecovery;
  recovery.point = nxt_;
  recovery.was_rescued = false;
  recovery.timeout_judge.stop();
  f.lost_beyond_point = false;
  start_undo(f);
  f.tail.forget();
  f.retransmit_now = 1;
  ++f.totals.recoveries;
}

// While something that was sent again earlier is still out, what its acknowledgement echoes proves
// nothing about this time.
void Sender::start_undo(Flight& f) {
  if (f.retransmitted_end > una_) {
    f.recovery.undo.stop();
  } else {
    f.recovery.undo.start(una_);
  }
}

// What was in flight before the acknowledgement that tells is what the network could not carry.
void Sender::tell_congestion(Flight& f, CongestionCause cause, std::uint32_t bytes_acked,
                             Time now) {
  // RFC 7661 4.4.1: what of a window that nobody tested was really in use.
  const WindowValidation& validation = f.totals.validation;
  const std::uint32_t flight = flight_size() + bytes_acked;
  const std::uint32_t used = std::max(flight, validation.pipe_ack());
  const bool is_validated = validation.is_validated(control_->cwnd());
  control_->on_congestion({.now = now,
                           .cause = cause,
                           .flight_size = is_validated ? flight : used,
                           .in_flight = in_flight(f)});
  // RFC 3168 6.1.2: whatever the reason.
  if (flags_.ecn_ok) flags_.cwr_due = true;
}

void Sender::leave_recovery(Flight& f, Time now) {
  Recovery& recovery = f.recovery;
  const bool was_repairing = recovery.is_repairing();
  control_->on_recovery_exit(now);
  recovery.state = TcpRecoveryState::kOpen;
  recovery.timeout_judge.stop();
  f.new_segments_allowed = 0;
  f.virtual_sacked = 0;
  if (was_repairing) LossDetection::on_recovery_left(f.totals.reordering_memory);
}

// RFC 4015 3: back to what was before.
void Sender::undo(Shared& shared, Flight& f, Time now) {
  Totals& totals = f.totals;
  Recovery& recovery = f.recovery;
  control_->on_undo(now);
  // Neighbours by number were mostly sent one behind the other.
  Index last = kNoIndex;
  for (std::size_t i = f.sent.next_lost(shared.records, 0); i < f.sent.size();
       i = f.sent.next_lost(shared.records, i + 1)) {
    last = f.sent.mark_in_flight(shared.records, i, last);
  }
  // What was taken for lost was overtaken.
  if (recovery.state != TcpRecoveryState::kLoss) totals.reordering_memory.seen = true;
  recovery.state = TcpRecoveryState::kOpen;
  recovery.undo.stop();
  recovery.timeout_judge.stop();
  f.new_segments_allowed = 0;
  f.retransmit_now = 0;
  f.lost_beyond_point = false;
  f.backoffs = 0;
  ++totals.undone;
}

// RFC 6937 3, after the control has heard of the acknowledgement.
void Sender::reduce_window(Flight& f, const AckDigest& digest) {
  if (!f.recovery.is_reducing() || control_->owns_recovery()) return;
  const std::uint32_t delivered = digest.sample.newly_delivered + digest.delivered_by_duplicates;
  if (delivered == 0 && digest.newly_lost == 0) return;
  control_->set_cwnd(
      f.recovery.reduction.on_ack({.delivered = delivered,
                                   .in_flight = in_flight(f),
                                   .ssthresh = control_->ssthresh(),
                                   .mss = mss_,
                                   .is_safe = digest.bytes_acked > 0 && digest.newly_lost == 0}));
}

}  // namespace strata::tcp
