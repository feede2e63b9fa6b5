// SPDX-License-Identifier: Apache-2.0
// BBR's state machine: the only code that changes the state.
#include <algorithm>

#include "tcp/congestion/bbr_machine.h"

namespace strata::tcp::congestion {
namespace {

constexpr std::uint32_t kDrainRoundsMax = 3;
constexpr std::uint8_t kStartupFullLossCount = 6;
constexpr Duration kProbeRttDuration = std::chrono::milliseconds(200);
constexpr Duration kProbeWaitMin = std::chrono::seconds(2);
constexpr std::uint64_t kProbeWaitSpread = kSecondNanoseconds;
constexpr std::uint32_t kRenoRoundsMax = 63;
constexpr std::uint32_t kProbeUpRoundsMax = 30;

struct Gains {
  unsigned pacing;  // percent
  unsigned cwnd;
};

// "Summary of Control Behavior in the State Machine", by BbrState.
constexpr std::array<Gains, 7> kGains = {{
    {277, 200},  // Startup
    {50, 200},   // Drain
    {90, 200},   // ProbeBW_DOWN
    {100, 200},  // ProbeBW_CRUISE
    {100, 200},  // ProbeBW_REFILL
    {125, 225},  // ProbeBW_UP
    {100, 50},   // ProbeRTT
}};

}  // namespace

void BbrMachine::enter(BbrState state) {
  state_ = state;
  pacing_gain_ = kGains[static_cast<std::size_t>(state)].pacing;
  cwnd_gain_ = kGains[static_cast<std::size_t>(state)].cwnd;
}

bool BbrMachine::is_in_probe_bw() const {
  return state_ >= BbrState::kProbeBwDown && state_ <= BbrState::kProbeBwUp;
}

bool BbrMachine::is_probing_bw() const {
  return state_ == BbrState::kStartup || state_ == BbrState::kProbeBwRefill ||
         state_ == BbrState::kProbeBwUp;
}

void BbrMachine::enter_startup() { enter(BbrState::kStartup); }

void BbrMachine::check_startup_done(const AckEvent& ack) {
  check_startup_high_loss(ack);
  if (state_ == BbrState::kStartup && full_bw_reached_) enter_drain();
}

// "Exiting Startup Based on Packet Loss". ACKs that told of losses stand for ranges that were lost:
// one ACK seldom tells of two.
void BbrMachine::check_startup_high_loss(const AckEvent& ack) {
  if (state_ != BbrState::kStartup || full_bw_reached_ || !is_recovery_in_round_) return;
  if (!has_sack_) {
    if (ack.sample.newly_lost > 0) leave_startup_for_congestion();
    return;
  }
  // The round that ends here began with its first loss.
  if (loss_round_start_ && loss_acks_in_round_ >= kStartupFullLossCount &&
      is_inflight_too_high(ack.sample.lost, ack.sample.tx_in_flight)) {
    leave_startup_for_congestion();
  }
}

void BbrMachine::leave_startup_for_congestion() {
  undo_state_ = BbrState::kStartup;
  full_bw_reached_ = true;
  full_bw_now_ = true;
  inflight_longterm_ = std::max(to_volume(bdp(bw_, 100)), inflight_latest_);
}

void BbrMachine::enter_drain() {
  enter(BbrState::kDrain);
  drain_start_round_ = round_count_;
}

void BbrMachine::check_drain_done(const AckEvent& ack) {
  if (state_ != BbrState::kDrain) return;
  if (ack.in_flight <= inflight(bw_, 100) || round_count_ > drain_start_round_ + kDrainRoundsMax) {
    start_probe_bw_down(ack.now);
  }
}

void BbrMachine::start_probe_bw_down(Time now) {
  reset_congestion_signals();
  probe_up_acked_per_inc_ = kVolumeUnbounded;  // the long-term bound does not grow
  pick_probe_wait();
  cycle_stamp_ = now;
  ack_phase_ = AckPhase::kStopping;
  start_round();
  enter(BbrState::kProbeBwDown);
}

void BbrMachine::start_probe_bw_cruise() { enter(BbrState::kProbeBwCruise); }

void BbrMachine::start_probe_bw_refill() {
  reset_short_term_model();
  bw_probe_up_rounds_ = 0;
  bw_probe_up_acked_ = 0;
  prev_probe_precautionary_ = false;
  ack_phase_ = AckPhase::kRefilling;
  start_round();
  enter(BbrState::kProbeBwRefill);
}

void BbrMachine::start_probe_bw_up(const RateSample& sample) {
  ack_phase_ = AckPhase::kStarting;
  start_round();
  reset_full_bw(sample.rate);
  enter(BbrState::kProbeBwUp);
  raise_inflight_longterm_slope();
}

void BbrMachine::update_probe_bw_cycle_phase(const AckEvent& ack) {
  if (!full_bw_reached_) return;
  if (adapt_long_term_model(ack)) return;
  switch (state_) {
    case BbrState::kProbeBwDown:
      if (is_time_to_probe_bw(ack.now)) return start_probe_bw_refill();
      if (is_time_to_cruise(ack.in_flight)) start_probe_bw_cruise();
      return;
    case BbrState::kProbeBwCruise:
      if (is_time_to_probe_bw(ack.now)) start_probe_bw_refill();
      return;
    case BbrState::kProbeBwRefill:
      // After one round the pipe is full, and what comes back shows what the probe does.
      if (!round_start_) return;
      is_bw_probe_sample_ = true;
      return start_probe_bw_up(ack.sample);
    case BbrState::kProbeBwUp:
      if (!is_time_to_go_down(ack)) return;
      prev_probe_too_high_ = false;
      return start_probe_bw_down(ack.now);
    default: return;
  }
}

// True: the state has been decided here.
bool BbrMachine::adapt_long_term_model(const AckEvent& ack) {
  if (ack_phase_ == AckPhase::kStarting && round_start_) ack_phase_ = AckPhase::kFeedback;
  if (ack_phase_ == AckPhase::kStopping && round_start_ && finish_probe_feedback()) return true;
  if (is_inflight_too_high(ack.sample.lost, ack.sample.tx_in_flight)) return false;
  if (inflight_longterm_ == kVolumeUnbounded) return false;
  inflight_longterm_ = std::max(inflight_longterm_, ack.sample.tx_in_flight);
  if (state_ == BbrState::kProbeBwUp) probe_inflight_longterm_upward(ack);
  return false;
}

// The last news of a probe has come. If it was a cautious one and did no harm, probe on in earnest.
bool BbrMachine::finish_probe_feedback() {
  is_bw_probe_sample_ = false;
  ack_phase_ = AckPhase::kNone;
  if (!is_in_probe_bw()) return false;
  if (!is_ack_app_limited_) advance_max_bw_filter();
  if (!prev_probe_precautionary_ || prev_probe_too_high_) return false;
  start_probe_bw_refill();
  return true;
}

// By 1, 2, 4, 8... segments per round trip, spread over it.
void BbrMachine::probe_inflight_longterm_upward(const AckEvent& ack) {
  if (!ack.is_cwnd_limited || cwnd_ < inflight_longterm_) return;
  bw_probe_up_acked_ += ack.sample.newly_delivered;
  if (bw_probe_up_acked_ >= probe_up_acked_per_inc_) {
    const std::uint64_t steps = bw_probe_up_acked_ / probe_up_acked_per_inc_;
    bw_probe_up_acked_ -= steps * probe_up_acked_per_inc_;
    inflight_longterm_ = to_volume(inflight_longterm_ + steps * mss_);
  }
  if (round_start_) raise_inflight_longterm_slope();
}

void BbrMachine::raise_inflight_longterm_slope() {
  const std::uint32_t growth = 1U << bw_probe_up_rounds_;
  bw_probe_up_rounds_ = std::min(bw_probe_up_rounds_ + 1, kProbeUpRoundsMax);
  probe_up_acked_per_inc_ = std::max(cwnd_ / growth, mss_);
}

// The wall clock, or as often as Reno would lose a packet if that is sooner.
bool BbrMachine::is_time_to_probe_bw(Time now) {
  const std::uint32_t reno_rounds = std::min(target_inflight() / mss_, kRenoRoundsMax);
  return now > cycle_stamp_ + bw_probe_wait_ || rounds_since_probe_up_ >= reno_rounds;
}

bool BbrMachine::is_time_to_cruise(std::uint32_t in_flight) const {
  return in_flight <= inflight_with_headroom() && in_flight <= inflight(max_bw_, 100);
}

bool BbrMachine::is_time_to_go_down(const AckEvent& ack) {
  if (prev_probe_too_high_ && ack.in_flight >= inflight_longterm_) {
    prev_probe_precautionary_ = true;
    return true;
  }
  if (ack.is_cwnd_limited && cwnd_ >= inflight_longterm_) {
    reset_full_bw(ack.sample.rate);  // the bound hides what bandwidth there is
    return false;
  }
  return full_bw_now_;
}

// Drawn by lot, so that flows do not probe in step.
void BbrMachine::pick_probe_wait() {
  rounds_since_probe_up_ = static_cast<std::uint32_t>(rng_.below(2));
  bw_probe_wait_ =
      kProbeWaitMin + Duration(static_cast<std::int64_t>(rng_.below(kProbeWaitSpread)));
}

void BbrMachine::check_probe_rtt(const AckEvent& ack) {
  if (state_ != BbrState::kProbeRtt && probe_rtt_expired_ && !idle_restart_) {
    save_cwnd();
    enter(BbrState::kProbeRtt);
    probe_rtt_done_stamp_.reset();
    ack_phase_ = AckPhase::kStopping;
    start_round();
  }
  if (state_ == BbrState::kProbeRtt) handle_probe_rtt(ack);
  if (ack.sample.delivered > 0) idle_restart_ = false;
}

void BbrMachine::handle_probe_rtt(const AckEvent& ack) {
  // What is sent now is held back on purpose, and measures nothing.
  app_limited_until_ = delivered_ + ack.in_flight + 1;
  if (!probe_rtt_done_stamp_) {
    if (ack.in_flight > probe_rtt_cwnd()) return;
    probe_rtt_done_stamp_ = ack.now + kProbeRttDuration;
    probe_rtt_round_done_ = false;
    start_round();
    return;
  }
  if (round_start_) probe_rtt_round_done_ = true;
  if (probe_rtt_round_done_) check_probe_rtt_done(ack.now);
}

void BbrMachine::check_probe_rtt_done(Time now) {
  if (!probe_rtt_done_stamp_ || now <= *probe_rtt_done_stamp_) return;
  probe_rtt_min_stamp_ = now;
  restore_cwnd();
  exit_probe_rtt(now);
}

// Nothing is queued now, so DOWN has nothing to do.
void BbrMachine::exit_probe_rtt(Time now) {
  reset_short_term_model();
  if (!full_bw_reached_) return enter_startup();
  start_probe_bw_down(now);
  start_probe_bw_cruise();
}

}  // namespace strata::tcp::congestion
