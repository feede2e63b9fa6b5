// SPDX-License-Identifier: Apache-2.0
// The reachability machine (RFC 4861 7.3, RFC 7048): the only code that changes Entry::state.
#include <algorithm>

#include "neighbor/cache.h"

namespace strata::neighbor {
namespace {

[[nodiscard]] Duration scaled(Duration base, const Ratio& factor) {
  return Duration(base.count() / static_cast<Duration::rep>(factor.denominator) *
                  static_cast<Duration::rep>(factor.numerator));
}

}  // namespace

// Whatever comes next, the old state's timer and question are void.
void Cache::leave_state(Entry& entry) {
  deadlines_.cancel(entry);
  if (entry.solicit_link.is_linked()) soliciting_.erase(entry);
  entry.reachable_until = Time::min();
  entry.deadline = kNever;
  entry.solicitations = 0;
}

void Cache::become_incomplete(Entry& entry) {
  leave_state(entry);
  entry.state = State::kIncomplete;
  entry.mac = {};
  shelve(entry);
  owe_solicitation(entry);
}

void Cache::become_reachable(Entry& entry, Time now) {
  redraw_reachable_times(now);
  if (entry.is_silent()) tell_of_router(entry);
  leave_state(entry);
  entry.state = State::kReachable;
  entry.reachable_until = entry.is_static ? kNever : now + timing_of(entry).reachable_time;
  entry.last_confirmed = now;
  entry.proved_at = now;
  entry.is_proven = true;
  entry.is_doubted = false;
  entry.failures = 0;
  shelve(entry);
  release_packets(entry, now);
}

void Cache::become_stale(Entry& entry, Time now) {
  if (entry.is_silent()) tell_of_router(entry);
  leave_state(entry);
  entry.state = State::kStale;
  entry.failures = 0;
  shelve(entry);
  release_packets(entry, now);
}

// RFC 4861 7.3.3: a packet was sent to a stale neighbour; its answer may confirm it for free.
void Cache::become_delay(Entry& entry, Time now) {
  leave_state(entry);
  entry.state = State::kDelay;
  entry.is_ours = true;
  shelve(entry);
  deadlines_.schedule(entry, DeadlineLists::delay_list(),
                      now + config_.reachability.delay_first_probe);
}

void Cache::become_probe(Entry& entry) {
  leave_state(entry);
  entry.state = State::kProbe;
  owe_solicitation(entry);
}

// RFC 7048 3: keep using what is known and ask everyone, ever more rarely.
void Cache::become_unreachable(Entry& entry) {
  tell_of_router(entry);
  leave_state(entry);
  entry.state = State::kUnreachable;
  if (config_.reachability.unreachable_solicitations_max > 0) owe_solicitation(entry);
}

void Cache::become_failed(Entry& entry, Time now) {
  leave_state(entry);
  parking_.give_up(entry, DropReason::kNeighborUnresolved);
  if (entry.release_link.is_linked()) releasing_.erase(entry);
  entry.state = State::kFailed;
  entry.mac = {};
  entry.is_proven = false;
  const ReachabilityConfig& config = config_.reachability;
  entry.deadline = now + std::min(config.negative_hold * (std::int64_t{1} << entry.failures),
                                  config.negative_hold_max);
  if (entry.failures < kFailuresMax) ++entry.failures;
  shelve(entry);
  ++counters_.resolutions_failed;
}

void Cache::release_packets(Entry& entry, Time now) {
  if (entry.packets.empty()) return;
  if (!entry.release_link.is_linked()) releasing_.push_back(entry);
  entry.last_used = now;
  // RFC 4861 7.3.3: what waits is sent, and sending to a stale neighbour starts the delay.
  if (entry.state == State::kStale) become_delay(entry, now);
}

// Routers go first: most of what waits, waits for them.
void Cache::owe_solicitation(Entry& entry) {
  if (entry.solicit_link.is_linked()) return;
  if (entry.shelf == Shelf::kPinned || entry.shelf == Shelf::kRouter) {
    soliciting_.push_front(entry);
  } else {
    soliciting_.push_back(entry);
  }
}

void Cache::on_entry_deadline(Entry& entry, Time now) {
  const ReachabilityConfig& config = config_.reachability;
  switch (entry.state) {
    case State::kDelay: return become_probe(entry);
    case State::kIncomplete:
      if (entry.solicitations < config.multicast_solicitations_max) return owe_solicitation(entry);
      return become_failed(entry, now);
    case State::kProbe:
      if (entry.solicitations < config.unicast_solicitations_max) return owe_solicitation(entry);
      return become_unreachable(entry);
    case State::kUnreachable:
      if (entry.solicitations < config.unreachable_solicitations_max) {
        return owe_solicitation(entry);
      }
      return become_failed(entry, now);
    case State::kReachable:
    case State::kStale:
    case State::kFailed: return;
  }
}

std::uint8_t Cache::backoff_of(const Entry& entry) {
  if (entry.state != State::kUnreachable) return 0;
  return std::min<std::uint8_t>(entry.solicitations, DeadlineLists::kBackoffsMax - 1);
}

Duration Cache::wait_for(const Timing& timing, std::uint8_t backoff) const {
  const ReachabilityConfig& config = config_.reachability;
  Duration wait = timing.retransmit_timer;
  for (unsigned i = 0; i < backoff && wait < config.retransmit_timer_max; ++i) {
    wait = std::min(wait * config.backoff_multiple, config.retransmit_timer_max);
  }
  return wait;
}

// RFC 4861 6.3.2: uniform between the random factors, drawn anew every few hours.
void Cache::redraw_reachable_times(Time now) {
  if (now < redraw_at_) return;
  const ReachabilityConfig& config = config_.reachability;
  redraw_at_ = now + config.reachable_time_redraw;
  for (Timing& timing : timing_) {
    const Duration low = scaled(timing.reachable_time_base, config.random_factor_min);
    const Duration high = scaled(timing.reachable_time_base, config.random_factor_max);
    timing.reachable_time =
        low + Duration(rng_.between(
                  0, static_cast<std::uint64_t>(std::max(high - low, Duration{}).count())));
  }
}

void Cache::on_router_parameters(std::optional<Duration> reachable_time,
                                 std::optional<Duration> retransmit_timer, Time now) {
  Timing& timing = timing_[1];
  if (reachable_time && *reachable_time > Duration::zero()) {
    const Duration base = std::min<Duration>(*reachable_time, std::chrono::hours(1));
    // RFC 4861 6.3.4: drawn anew when the base changes.
    if (base != std::exchange(timing.reachable_time_base, base)) redraw_at_ = Time::min();
  }
  if (!retransmit_timer || *retransmit_timer <= Duration::zero()) return;
  timing.retransmit_timer = std::clamp<Duration>(*retransmit_timer, milliseconds(1),
                                                 config_.reachability.retransmit_timer_max);
  for (std::uint8_t backoff = 0; backoff < DeadlineLists::kBackoffsMax; ++backoff) {
    deadlines_.clamp(DeadlineLists::retransmit_list(false, backoff),
                     now + wait_for(timing, backoff));
  }
}

}  // namespace strata::neighbor
