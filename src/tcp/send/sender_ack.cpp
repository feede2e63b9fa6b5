// SPDX-License-Identifier: Apache-2.0
// An acknowledgement, in the order in which congestion.h wants to hear of it.
#include <algorithm>
#include <utility>

#include "tcp/send/scoreboard.h"
#include "tcp/send/sender_asks.h"

namespace strata::tcp {
namespace {

// What a receiver's clock may be ahead by, when ages are compared in whole ticks.
constexpr std::int64_t kTickSlack = 1;

}  // namespace

// RFC 9293 3.10.7.4, fifth check, and 3.10.7.4 on SND.WND; RFC 5961 5.2.
AckOutcome Sender::on_ack(Shared& shared, const AckEvent& ack, Time now) {
  AckOutcome outcome;
  if (ack.ack > nxt_) return outcome.kind = AckKind::kTooNew, outcome;
  const bool is_old = ack.ack < una_;
  if (is_old) {
    const bool is_ancient = distance(ack.ack, una_) > window_max_;
    outcome.kind = is_ancient ? AckKind::kTooOld : AckKind::kOld;
    // RFC 6675 5: what was overtaken may still SACK something that no other does.
    if (is_ancient || !flags_.sack_ok || ack.sack.empty()) return outcome;
  }
  const std::uint32_t usable_before = usable_window();
  const bool has_outstanding_before = has_outstanding();
  const bool window_changed = !is_old && update_window(ack);
  Flight* const f = flight(shared);
  if (!is_old) outcome.kind = ack.ack > una_ ? AckKind::kNew : AckKind::kUpdate;
  if (f == nullptr) {
    // RFC 8985 7.4.2: the same ACK again, with a D-SACK or without: both copies arrived.
    if (ack.ack == una_ && ack.length == 0) flags_.probe_unjudged = false;
    if (flags_.rests && flags_.sack_ok && !ack.sack.empty()) judge_late_duplicate(shared, ack, now);
    return outcome;
  }

  AckDigest digest{.now = now, .in_flight_before = in_flight(*f)};
  note_application_limit(*f);
  // RFC 5681 2: a duplicate. What answers the probe of a closed window tells of no loss.
  digest.is_duplicate = ack.ack == una_ && has_outstanding_before && ack.length == 0 &&
                        (!window_changed || (flags_.sack_ok && !ack.sack.empty())) &&
                        !waits_for_window(shared, *f);
  if (digest.is_duplicate) outcome.kind = AckKind::kDuplicate;
  if (ack.ack > una_) {
    const bool fin_was_acked = flags_.fin_acked;
    acknowledge(shared, *f, ack, digest);
    outcome.fin_acked = flags_.fin_acked && !fin_was_acked;
    outcome.bytes_acked = digest.bytes_acked - (outcome.fin_acked ? 1U : 0U);
  }
  if (flags_.sack_ok && !ack.sack.empty()) apply_sack(shared, *f, ack, digest);
  if (!flags_.sack_ok) count_duplicates(*f, digest);
  sample_rtt(*f, ack, digest);
  judge_recovery(shared, *f, ack, digest, outcome);
  tell_control(*f, ack, digest);
  outcome.made_progress = digest.sample.has_data;
  outcome.window_opened = usable_window() > usable_before;
  conclude_ack(shared, *f, digest, outcome);
  rest_if_idle(shared, now);
  return outcome;
}

// RFC 9293 3.10.7.4: old segments do not move the window.
bool Sender::update_window(const AckEvent& ack) {
  const bool is_newer = wl1_ < ack.seq || (wl1_ == ack.seq && wl2_ <= ack.ack);
  if (!is_newer) return false;
  wl1_ = ack.seq;
  wl2_ = ack.ack;
  window_max_ = std::max(window_max_, ack.window);
  return std::exchange(window_, ack.window) != ack.window;
}

void Sender::acknowledge(Shared& shared, Flight& f, const AckEvent& ack, AckDigest& digest) {
  // Those that are acknowledged now were SACKed, or arrive with this.
  while (!f.sent.empty()) {
    const Record& record = f.sent.at(shared.records, 0);
    if (record.begin >= ack.ack) break;
    const SequenceNumber end = sooner(record.end, ack.ack);
    if (record.state != RecordState::kSacked) {
      deliver(f, record, {record.begin, end}, ack, digest);
      if (record.was_retransmitted()) digest.acked_retransmission = true;
      if (!record.was_retransmitted() && !digest.oldest_acked_rtt) {
        digest.oldest_acked_rtt = digest.now - record.sent_time;
      }
    }
    digest.segments_acked += record.segments();
    if (end < record.end) {
      f.sent.trim_front(shared.records, end);
      break;
    }
    if (record.has_fin) flags_.fin_acked = true;
    f.sent.pop_front(shared.records);
  }
  digest.bytes_acked = distance(una_, ack.ack);
  una_ = ack.ack;
  const std::uint32_t text = digest.bytes_acked - (flags_.fin_acked ? 1U : 0U);
  f.queue.consume(text);
  settle_account(shared, f, 0);
  f.totals.bytes_acknowledged += text;
  if (f.has_urgent && f.urgent_end <= una_) f.has_urgent = false;
  // Marks that were passed go along, or they would seem ahead again after half of all numbers.
  f.retransmitted_end = later(f.retransmitted_end, una_);
  if (f.recovery.is_open()) f.recovery.point = later(f.recovery.point, una_ - 1U);
  if (f.small_end <= una_) f.has_small = false;
  f.loss.on_una(una_);
  f.timeouts = 0;
  f.unanswered = 0;
  f.oldest_unanswered = digest.now;
}

// One record, or the part of it that has arrived.
void Sender::deliver(Flight& f, const Record& record, const SequenceRange& part,
                     const AckEvent& ack, AckDigest& digest) {
  Totals& totals = f.totals;
  const bool is_original = !record.was_retransmitted();
  const std::uint64_t end = totals.bytes_acknowledged + distance(una_, part.end);
  f.rate.on_delivered(digest.sample, record.delivery, part.length(), end, record.sent_time,
                      digest.now);
  if (is_original && part.end <= f.recovery.point) digest.delivered_original = true;
  const bool is_newest = record.sent_time >= digest.newest_sent;
  if (is_newest) {
    digest.newest_sent = record.sent_time;
    digest.newest_rtt.reset();
    if (is_original) digest.newest_rtt = digest.now - record.sent_time;
  }
  LossDetection::Delivered delivered{
      .end = part.end, .sent_time = record.sent_time, .was_retransmitted = !is_original};
  if (!is_original && ack.has_echo) {
    // RFC 8985 6.2 step 2: TSecr is older than this transmission's TSval.
    const auto age = static_cast<std::int32_t>(ack.clock - ack.echo);
    delivered.answers_earlier = age > (digest.now - record.sent_time) / kTimestampTick + kTickSlack;
  }
  f.loss.on_delivered(delivered, rtt_.min_rtt(), mss_, totals.reordering_memory, digest.now);
  totals.reordering = std::max(totals.reordering, f.loss.reordering());
  if (totals.path.is_probe(part)) digest.path_probe_arrived = true;
}

void Sender::apply_sack(Shared& shared, Flight& f, const AckEvent& ack, AckDigest& digest) {
  const SackReading reading =
      read_sack(ack.sack, ack.ack, nxt_, std::max<std::uint32_t>(window_max_, 1U << 16U));
  if (reading.duplicate) {
    Totals& totals = f.totals;
    const SequenceRange& range = *reading.duplicate;
    const std::uint32_t segments = (range.length() + mss_ - 1) / mss_;
    totals.duplicates_reported += segments;
    digest.dsack = range;
    f.recovery.undo.on_dsack(range, una_, segments);
    if (!f.tail.explains(range)) f.loss.on_dsack(nxt_, totals.reordering_memory);
  }
  for (std::size_t i = 0; i < reading.count && !f.sent.empty(); ++i) {
    const SequenceRange& block = reading.blocks[i];
    if (block.end <= una_) continue;
    SackWalk walk(f.sent, shared.records, {later(block.begin, una_), block.end});
    while (const auto position = walk.next()) {
      const Record& record = f.sent.at(shared.records, *position);
      deliver(f, record, {record.begin, record.end}, ack, digest);
      digest.newly_sacked += record.length();
      walk.marked(f.sent.mark_sacked(shared.records, *position));
    }
  }
}

// Without SACK (RFC 5681 3.2, RFC 6582): duplicates tell that segments leave the network, not
// which.
void Sender::count_duplicates(Flight& f, AckDigest& digest) {
  if (digest.bytes_acked > 0) {
    // One of the segments acknowledged filled the hole; the others were spoken of before.
    const std::uint32_t others = digest.segments_acked > 0 ? digest.segments_acked - 1 : 0;
    const bool is_partial = f.recovery.is_repairing() && una_ < f.recovery.point;
    f.virtual_sacked = is_partial ? f.virtual_sacked - std::min(f.virtual_sacked, others) : 0;
    f.duplicate_acks = 0;
    return;
  }
  if (!digest.is_duplicate) return;
  if (f.duplicate_acks < 0xff) ++f.duplicate_acks;
  // Of what was out when recovery began no more can have left than that, and before, RFC 3042
  // speaks of two: who sends more duplicates inflates nothing.
  const std::uint32_t outstanding =
      f.recovery.is_repairing() ? distance(una_, later(f.recovery.point, una_)) : flight_size();
  const std::uint32_t segments = (outstanding + mss_ - 1) / mss_;
  const std::uint32_t most =
      f.recovery.is_repairing() ? segments : std::min<std::uint32_t>(segments, 4);
  if (f.virtual_sacked + 1 < most) {
    ++f.virtual_sacked;
    digest.delivered_by_duplicates = mss_;
  }
}

// How long ago the peer was sent what it answers, as far as its echo can be believed.
std::optional<Duration> Sender::sample_of_echo(const AckEvent& ack, const AckDigest& digest) const {
  const std::int64_t age = static_cast<std::int32_t>(ack.clock - ack.echo);
  if (age < 0 || age * kTimestampTick > std::chrono::minutes(2)) return std::nullopt;
  // A duplicate is answered with the echo of what came before it (RFC 7323 5.3, R2 before R3). When
  // the first answer was lost, such an age counts the timeout as well, and the next timeout would
  // be longer by it, and so on. Only with SACK can we tell that from an original that was late.
  const std::int64_t since_sent_again = (digest.now - digest.newest_sent) / kTimestampTick;
  const bool answers_earlier = age > since_sent_again + kTickSlack;
  const bool may_be_duplicate = digest.dsack.has_value() || !flags_.sack_ok;
  if (digest.acked_retransmission && answers_earlier && may_be_duplicate) return std::nullopt;
  return std::max<std::int64_t>(age, 1) * kTimestampTick;
}

void Sender::sample_rtt(Flight& f, const AckEvent& ack, const AckDigest& digest) {
  if (digest.newest_rtt) rtt_.on_minimum_sample(*digest.newest_rtt, digest.now);
  // RFC 6298 3 (Karn): what was sent twice has no round trip time of its own ...
  std::optional<Duration> sample = digest.oldest_acked_rtt;
  if (digest.acked_retransmission) sample.reset();
  if (!sample && digest.bytes_acked == 0) sample = digest.newest_rtt;
  // ... unless a timestamp tells which of the two was answered (RFC 7323 4).
  if (!sample && digest.bytes_acked > 0 && ack.has_echo) sample = sample_of_echo(ack, digest);
  if (!sample) return;
  // RFC 7323 appendix G: ExpectedSamples = ceil(FlightSize / (2 SMSS)).
  const std::uint32_t pair = 2U * mss_;
  rtt_.on_sample(*sample, (flight_size() + digest.bytes_acked + pair - 1) / pair);
  f.tail.on_rtt_sample();
  f.backoffs = 0;
}

void Sender::tell_control(Flight& f, const AckEvent& ack, AckDigest& digest) {
  Totals& totals = f.totals;
  f.rate.finish(digest.sample, rtt_.min_rtt());
  const RateSample& sample = digest.sample;
  if (sample.rate != 0 && (!sample.is_app_limited || sample.rate > totals.delivery_rate)) {
    totals.delivery_rate = sample.rate;
    totals.rate_is_application_limited = sample.is_app_limited;
  }
  if (!sample.has_data && digest.bytes_acked == 0) return;
  const bool is_limited = f.use.is_limited(control_->cwnd(), control_->is_slow_start());
  control_->on_ack({.now = digest.now,
                    .bytes_acked = digest.bytes_acked,
                    .ce_bytes = ack.ece ? digest.bytes_acked : 0,
                    .in_flight_before = digest.in_flight_before,
                    .in_flight = in_flight(f),
                    .rtt = digest.newest_rtt,
                    .min_rtt = rtt_.min_rtt(),
                    .srtt = rtt_.srtt(),
                    .sample = sample,
                    .is_cwnd_limited = is_limited,
                    .is_paced = f.pacer.is_on()});
  reduce_window(f, digest);
  f.use.on_una(una_, nxt_, in_flight(f));
  if (totals.validation.on_acked(sample.newly_delivered, rtt_.srtt(), control_->cwnd(),
                                 digest.now)) {
    control_->on_window_unused(digest.now, initial_window());
  }
  refresh_pacing(f);
}

void Sender::conclude_ack(Shared& shared, Flight& f, const AckDigest& digest, AckOutcome& outcome) {
  const bool has_advanced = digest.bytes_acked > 0;
  Totals& totals = f.totals;
  if (digest.path_probe_arrived)
    use_mss(shared, f, totals.path.on_delivered(digest.now), digest.now);
  // A closed window that is answered is no dead peer (RFC 9293 3.8.6.1).
  if (window_ == 0 || f.timer == SendTimer::kPersist) f.unanswered = 0;
  // The window has opened beyond a byte that it had refused: that was no loss.
  if (!f.sent.empty() && window_ > 0) {
    const Record& first = f.sent.at(shared.records, 0);
    if (first.is_window_probe && first.state == RecordState::kInFlight) {
      lose(shared, f, 0, TcpLossCause::kWindowProbe, nullptr, digest.now);
      f.backoffs = 0;
    }
  }
  const bool is_reneged = flags_.sack_ok && !f.sent.empty() &&
                          f.sent.at(shared.records, 0).state == RecordState::kSacked;
  if (is_reneged) {
    if (f.timer != SendTimer::kReneging) {
      f.timer = SendTimer::kReneging;
      f.timer_at = digest.now + std::max(rtt_.srtt() / 2, Duration(std::chrono::milliseconds(10)));
    }
  } else if (has_advanced || outcome.window_opened || f.timer == SendTimer::kReneging ||
             outcome.recovery_left || outcome.recovery_undone ||
             (f.timer == SendTimer::kTailProbe && !may_probe_tail(shared, f))) {
    arm(shared, f, digest.now);
  }
  if (has_advanced) tune_buffer(shared);
}

// Twice the window: one copy under way, one for what the program writes meanwhile. A control that
// keeps its window while it repairs has a third behind the holes, delivered and not acknowledged;
// without room for that it would look limited by the program, and never find more bandwidth.
void Sender::tune_buffer(const Shared& shared) {
  if (flags_.fixed_buffer || shared.account.under_pressure()) return;
  const TcpConfig& config = shared.config;
  const std::uint64_t windows = control_->owns_recovery() ? 3 : 2;
  const std::uint64_t wanted = windows * control_->cwnd();
  const std::uint32_t present = std::max(buffer_limit_, config.send_buffer_first);
  buffer_limit_ = static_cast<std::uint32_t>(
      std::max<std::uint64_t>(present, std::min<std::uint64_t>(wanted, config.send_buffer_max)));
}

}  // namespace strata::tcp
