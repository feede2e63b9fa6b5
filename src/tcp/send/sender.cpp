// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/sender.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "tcp/congestion/registry.h"
#include "tcp/send/sender_asks.h"

namespace strata::tcp {
namespace {

// What write() takes from the account before it knows which buffers the pool has.
constexpr std::size_t kBufferMost = kLargeBufferBytes;
constexpr Duration kHoldMax = std::chrono::milliseconds(200);
constexpr std::uint32_t kInitialWindowBytes = 1460;  // RFC 6928 2: of a segment

std::size_t most_for(std::size_t bytes) {
  if (bytes <= kSmallBufferBytes) return kBufferMost;  // a large one where small ones ran out
  return (bytes + kBufferMost - 1) / kBufferMost * kBufferMost + kBufferMost;
}

bool is_nearly_empty(const PacketPool& pool) { return pool.small_free() * 8 < pool.small_count(); }

// Acknowledgements give back what a queue holds, and take buffers to arrive: who has something
// queued leaves the last quarter of them alone, and all together the last eighth.
std::size_t fill_queue(ByteQueue& queue, PacketPool& pool, Bytes bytes) {
  std::size_t written = 0;
  while (written < bytes.size() && !(queue.empty() ? is_nearly_empty(pool) : pool.is_short())) {
    const std::size_t step = pool.large_free() != 0 ? kLargeBufferBytes : kSmallBufferBytes;
    const std::size_t count = std::min(bytes.size() - written, step);
    const std::size_t taken = queue.write(pool, bytes.subspan(written, count));
    written += taken;
    if (taken < count) break;
  }
  return written;
}

}  // namespace

Sender::Sender(SequenceNumber first) : control_({}), una_(first), nxt_(first) {}

void Sender::end(Shared& shared) {
  if (flags_.rests) return fold(shared);
  Flight* const f = flight(shared);
  if (f == nullptr) return;
  f->sent.clear(shared.records);
  f->queue.clear();
  shared.account.give_back(std::exchange(f->charged, 0));
  shared.account.leave();
  const Totals totals = f->totals;
  destroy_flight(shared, *f);
  keep_totals(shared, totals);
}

void Sender::release(Shared& shared) {
  end(shared);
  forget_totals(shared);
}

Flight* Sender::take_flight(Shared& shared, Time now) {
  if (Flight* f = flight(shared)) return f;
  if (flags_.rests) {
    Flight& f = shared.flights[flight_];
    flags_.rests = false;
    std::construct_at(static_cast<FlightState*>(&f));
    begin_flight(shared, f, now);
    return &f;
  }
  const bool is_first = totals_ == kNoIndex;
  if (is_first) totals_ = shared.folded_totals.try_create();
  if (totals_ == kNoIndex) return nullptr;
  shared.warm_up();
  flight_ = shared.flights.try_create(shared.memory);
  if (flight_ == kNoIndex) return nullptr;
  Flight& f = shared.flights[flight_];
  f.sender = this;
  f.totals = kept_totals(shared);
  begin_flight(shared, f, now);
  if (is_first && flags_.established) on_mss(shared, mss_limit_, now);
  return &f;
}

void Sender::begin_flight(Shared& shared, Flight& f, Time now) {
  shared.account.enter();
  f.rate = DeliveryRate(f.totals.delivered, f.totals.lost);
  // RFC 6582 3.2 step 1: `recover` begins below everything that will be sent.
  f.recovery.point = una_ - 1U;
  f.small_end = f.retransmitted_end = una_;
  f.phase_began = f.oldest_unanswered = now;
  if (flags_.probe_unjudged) f.tail.on_sent(una_, true);
  flags_.probe_unjudged = false;
  refresh_pacing(f);
}

void Sender::prefetch(const Shared& shared) const {
  if (flight_ != kNoIndex) {
    shared.flights.prefetch(flight_);
  } else if (totals_ != kNoIndex && !flags_.totals_are_whole) {
    shared.folded_totals.prefetch(totals_);
  }
}

void Sender::rest_if_idle(Shared& shared, Time now) {
  Flight* const f = flight(shared);
  if (f == nullptr || !f->queue.empty() || !f->sent.empty() || is_fin_unsent()) return;
  if (!f->recovery.is_open()) leave_recovery(*f, now);
  set_phase(*f, f->phase, now);
  flags_.probe_unjudged = f->tail.awaits_verdict(una_);
  f->totals.delivered = f->rate.delivered();
  f->totals.lost = f->rate.lost();
  shared.account.give_back(std::exchange(f->charged, 0));
  shared.account.leave();
  f->rests_since = now;
  flags_.rests = true;
  if (f->rest_link.is_linked()) return;
  // This one is in the cache, those that rest are not: where many do, it is the cheaper to fold.
  if (shared.resting.size() == Shared::kRestingMax) return fold(shared);
  shared.resting.push_back(*f);
}

// From here on there is no Flight.
void Sender::fold(Shared& shared) {
  Flight& f = shared.flights[flight_];
  flags_.rests = false;
  keep_totals(shared, f.totals);
  destroy_flight(shared, f);
}

void Sender::destroy_flight(Shared& shared, Flight& f) {
  if (f.rest_link.is_linked()) shared.resting.erase(f);
  shared.flights.destroy(std::exchange(flight_, kNoIndex));
}

// Those that would be due soon go with the first, so that it happens a few times a second at most.
// Whoever has been busy since is taken off, or goes behind those that rest for longer.
void Sender::on_fold(Shared& shared, Time now) {
  const auto due = shared.next_fold();
  if (!due || *due > now) return;
  for (std::size_t left = shared.resting.size(); left != 0; --left) {
    Flight& f = *shared.resting.front();
    if (!f.sender->flags_.rests) {
      shared.resting.erase(f);
    } else if (now < f.rests_since + Flight::kRest / 2) {
      shared.resting.move_to_back(f);
    } else {
      f.sender->fold(shared);
    }
  }
}

Totals Sender::kept_totals(const Shared& shared) const {
  if (flags_.rests) return shared.flights[flight_].totals;
  if (totals_ == kNoIndex) return {};
  return flags_.totals_are_whole ? shared.totals[totals_]
                                 : shared.folded_totals[totals_].unfold(mss_limit_);
}

// Counts only grow: what did not fit once never will. Without memory, it is cut.
void Sender::keep_totals(Shared& shared, const Totals& totals) {
  if (flags_.rests) {
    shared.flights[flight_].totals = totals;
    return;
  }
  if (!flags_.totals_are_whole && !FoldedTotals::fits(totals)) {
    const Index whole = shared.totals.try_create();
    if (whole != kNoIndex) {
      shared.folded_totals.destroy(std::exchange(totals_, whole));
      flags_.totals_are_whole = true;
    }
  }
  if (flags_.totals_are_whole) {
    shared.totals[totals_] = totals;
  } else {
    std::construct_at(&shared.folded_totals[totals_], totals);  // in place: no copy to wait for
  }
}

void Sender::forget_totals(Shared& shared) {
  if (totals_ == kNoIndex) return;
  const Index totals = std::exchange(totals_, kNoIndex);
  flags_.totals_are_whole ? shared.totals.destroy(totals) : shared.folded_totals.destroy(totals);
  flags_.totals_are_whole = false;
}

// `taken` was taken on top of what is charged already.
void Sender::settle_account(Shared& shared, Flight& f, std::size_t taken) {
  const std::size_t held = f.queue.buffer_bytes();
  const std::size_t charged = f.charged + taken;
  STRATA_CHECK(held <= charged);
  shared.account.give_back(charged - held);
  f.charged = held;
}

void Sender::set_phase(Flight& f, SendPhase phase, Time now) {
  Totals& totals = f.totals;
  const Duration span = now - std::exchange(f.phase_began, now);
  totals.busy += span;
  if (f.phase == SendPhase::kPeerWindow) totals.limited_by_peer_window += span;
  if (f.phase == SendPhase::kSendBuffer) totals.limited_by_send_buffer += span;
  f.phase = phase;
}

std::uint32_t Sender::room(const Shared& shared) const {
  if (flags_.fin_queued) return 0;
  const Flight* const f = flight(shared);
  // Acknowledgements of what is queued beyond the fair share make room again.
  if (f != nullptr && shared.account.must_shed(f->charged)) return 0;
  const std::uint32_t limit = buffer_limit_ != 0 ? buffer_limit_ : shared.config.send_buffer_first;
  const std::size_t used = f == nullptr ? 0 : f->queue.size();
  return used >= limit ? 0 : limit - static_cast<std::uint32_t>(used);
}

std::uint32_t Sender::write(Shared& shared, Bytes bytes, Time now, bool more) {
  if (bytes.empty() || flags_.fin_queued) return 0;
  Flight* const f = take_flight(shared, now);
  if (f == nullptr) return 0;
  std::size_t count = std::min<std::size_t>(bytes.size(), room(shared));
  // Where memory is short, a little is better than nothing.
  if (count != 0 && !shared.account.try_take(most_for(count))) {
    count = std::min(count, kSmallBufferBytes);
    if (!shared.account.try_take(most_for(count))) count = 0;
  }
  std::size_t written = 0;
  if (count != 0) {
    note_application_limit(*f);
    written = fill_queue(f->queue, shared.pool, bytes.first(count));
    settle_account(shared, *f, most_for(count));
  }
  f->wants_room = written < bytes.size();
  f->holds_tail = more && !f->wants_room;
  if (f->holds_tail || flags_.cork) f->hold_until = now + kHoldMax;
  if (!f->wants_room && f->phase == SendPhase::kSendBuffer) {
    set_phase(*f, SendPhase::kBusy, now);
  }
  if (written == 0) rest_if_idle(shared, now);
  return static_cast<std::uint32_t>(written);
}

bool Sender::write_owned(Shared& shared, PacketPtr& packet, Time now) {
  if (packet == nullptr || packet->size() == 0 || flags_.fin_queued) return false;
  const std::size_t size = packet->size();
  const bool is_only = queued(shared) == 0 && size <= shared.config.send_buffer_max;
  if (size > room(shared) && !is_only) return false;
  const std::size_t held = packet->buffer_bytes();
  if (!shared.account.try_take(held)) return false;
  Flight* const f = take_flight(shared, now);
  if (f == nullptr) {
    shared.account.give_back(held);
    return false;
  }
  note_application_limit(*f);
  f->queue.append(std::move(packet));
  settle_account(shared, *f, held);
  f->wants_room = f->holds_tail = false;
  return true;
}

// RFC 9293 3.8.5: SND.UP is the byte behind the urgent data.
void Sender::mark_urgent(Shared& shared) {
  Flight* const f = flight(shared);
  if (f == nullptr) return;
  f->has_urgent = true;
  f->urgent_end = una_ + static_cast<std::uint32_t>(f->queue.size());
}

bool Sender::queue_fin(Shared& shared, Time now) {
  if (flags_.fin_queued) return true;
  if (take_flight(shared, now) == nullptr) return false;
  flags_.fin_queued = true;
  return true;
}

void Sender::set_options(Shared& shared, const SendOptions& options, Time now) {
  const bool pushes = options.no_delay && !flags_.no_delay;
  flags_.no_delay = options.no_delay;
  flags_.cork = options.cork;
  flags_.pacing = options.pacing;
  flags_.fixed_buffer = options.send_buffer != 0;
  if (flags_.fixed_buffer) {
    buffer_limit_ = std::min(options.send_buffer, shared.config.send_buffer_max);
  }
  limit_pacing(options.pacing_rate_max);
  Flight* const f = flight(shared);
  if (f == nullptr) return;
  if (options.cork) {
    // As elsewhere, TCP_NODELAY lets go what waits now, cork or not.
    f->hold_until = pushes ? now : now + kHoldMax;
  } else {
    f->holds_tail = false;
    f->hold_until.reset();
  }
  refresh_pacing(*f);
}

bool Sender::change_control(Shared& shared, const Algorithm& control, Time now) {
  const congestion::StartEvent start{.now = now,
                                     .mss = mss_,
                                     .initial_window = initial_window(),
                                     .srtt = rtt_.srtt(),
                                     .has_sack = flags_.sack_ok,
                                     .seed = shared.rng.next()};
  return control_.try_change(control, shared.memory, start);
}

// RFC 6928 2: min(10 SMSS, max(2 SMSS, 14600)). RFC 5681 3.1: one segment after a lost SYN.
std::uint32_t Sender::initial_window() const {
  if (flags_.handshake_was_retransmitted) return mss_;
  const std::uint32_t segments = initial_segments_;
  return std::min<std::uint32_t>(
      segments * mss_, std::max<std::uint32_t>(2U * mss_, segments * kInitialWindowBytes));
}

PacketPtr Sender::share_first(Shared& shared, std::uint32_t bytes_max) const {
  const Flight* const f = flight(shared);
  if (f == nullptr || nxt_ != una_) return nullptr;
  const std::size_t count = std::min<std::size_t>(bytes_max, f->queue.size());
  return count == 0 ? nullptr : f->queue.share(0, count);
}

void Sender::on_established(Shared& shared, const PeerParameters& peer, Time now) {
  flags_.established = true;
  flags_.sack_ok = peer.sack_ok;
  flags_.timestamps_ok = peer.timestamps_ok;
  flags_.ecn_ok = peer.ecn_ok;
  flags_.handshake_was_retransmitted = peer.handshake_was_retransmitted;
  window_ = window_max_ = peer.window;
  wl1_ = peer.seq;
  wl2_ = peer.una;
  mss_ = mss_limit_ = std::max<std::uint16_t>(peer.mss, 1);
  initial_segments_ = std::max<std::uint8_t>(shared.config.initial_window, 1);
  if (peer.handshake_rtt) {
    rtt_.on_sample(*peer.handshake_rtt, 1);
    rtt_.on_minimum_sample(*peer.handshake_rtt, now);
  }
  const congestion::StartEvent start{.now = now,
                                     .mss = mss_,
                                     .initial_window = initial_window(),
                                     .srtt = rtt_.srtt(),
                                     .has_sack = flags_.sack_ok,
                                     .seed = shared.rng.next()};
  const Algorithm& control = peer.control == nullptr ? congestion::kReno : *peer.control;
  if (!control_.try_start(control, shared.memory, start)) {
    // Reno lives in the slot and needs no memory.
    STRATA_CHECK(control_.try_start(congestion::kReno, shared.memory, start));
  }
  Flight* const f = flight(shared);
  if (f == nullptr) {
    una_ = nxt_ = peer.una;
    return;
  }
  // RFC 7413 4.2.2: what the SYN carried may have been acknowledged with it.
  const std::uint32_t acked = peer.una > una_ ? distance(una_, peer.una) : 0;
  const auto text = static_cast<std::uint32_t>(std::min<std::size_t>(acked, f->queue.size()));
  f->queue.consume(text);
  settle_account(shared, *f, 0);
  una_ = nxt_ = una_ + text;
  f->recovery.point = una_ - 1U;
  f->small_end = f->retransmitted_end = una_;
  f->totals.bytes_acknowledged += text;
  on_mss(shared, mss_limit_, now);
  refresh_pacing(*f);
  rest_if_idle(shared, now);
}

void Sender::on_mss(Shared& shared, std::uint16_t mss, Time now) {
  mss_limit_ = std::max<std::uint16_t>(mss, 1);
  std::uint16_t used = mss_limit_;
  const TcpPathProbing policy = shared.config.path_probing;
  if (Flight* const f = flight(shared)) {
    return use_mss(shared, *f, f->totals.path.on_mss(policy, mss_limit_, now), now);
  }
  if (totals_ != kNoIndex) {
    Totals totals = kept_totals(shared);
    used = totals.path.on_mss(policy, mss_limit_, now);
    keep_totals(shared, totals);
  }
  if (used != mss_) control_->on_mss_change(used);
  mss_ = used;
}

void Sender::use_mss(Shared& shared, Flight& f, std::uint16_t mss, Time now) {
  if (mss == mss_) return;
  const bool is_smaller = mss < mss_;
  mss_ = mss;
  control_->on_mss_change(mss);
  if (!is_smaller) return;
  // RFC 1191 6.5: what was too big has not arrived, and that is no sign of congestion.
  bool is_any = false;
  for (std::size_t i = 0; i < f.sent.size(); ++i) {
    const Record& record = f.sent.at(shared.records, i);
    if (record.state != RecordState::kInFlight || record.segment_size <= mss) continue;
    if (record.length() <= mss) continue;
    lose(shared, f, i, TcpLossCause::kPathMtu, nullptr, now);
    is_any = true;
  }
  if (is_any) f.retransmit_now = 1;
}

// A limit is not zero, or nothing would ever leave.
void Sender::limit_pacing(std::uint64_t bytes_per_second) {
  const std::uint64_t units = std::max<std::uint64_t>(bytes_per_second / kPacingUnit, 1);
  pacing_rate_max_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(units, UINT32_MAX));
}

void Sender::refresh_pacing(Flight& f) {
  std::uint64_t rate = control_->pacing_rate();
  if (rate == 0 && (flags_.pacing || pacing_limit() != UINT64_MAX)) {
    rate = window_pacing_rate(control_->cwnd(), control_->ssthresh(), rtt_.srtt());
    if (rate == 0 && pacing_limit() != UINT64_MAX) rate = pacing_limit();
  }
  f.pacer.set_rate(std::min(rate, pacing_limit()));
}

std::uint32_t Sender::queued(const Shared& shared) const {
  const Flight* const f = flight(shared);
  return f == nullptr ? 0 : static_cast<std::uint32_t>(f->queue.size());
}

std::uint32_t Sender::unsent(const Shared& shared) const {
  const Flight* const f = flight(shared);
  return f == nullptr ? 0 : unsent(*f);
}

}  // namespace strata::tcp
