// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/bbr_machine.h"

#include <algorithm>

namespace strata::tcp::congestion {
namespace {

constexpr unsigned kStartupPacingGain = 277;
constexpr unsigned kProbeRttCwndGain = 50;
constexpr unsigned kHeadroomPercent = 15;
constexpr std::uint32_t kSendQuantumMax = 65'536;
constexpr std::uint32_t kOffloadQuanta = 3;  // queued here, being cut, being gathered at the peer

}  // namespace

BbrMachine::BbrMachine(const StartEvent& start)
    : mss_(std::max<std::uint32_t>(start.mss, 1)),
      initial_cwnd_(std::max(start.initial_window, mss_)),
      cwnd_(initial_cwnd_),
      has_sack_(start.has_sack),
      rng_(start.seed),
      extra_acked_interval_start_(start.now),
      min_rtt_stamp_(start.now),
      probe_rtt_min_stamp_(start.now) {
  if (start.srtt > Duration::zero()) {
    min_rtt_ = start.srtt;
    has_seen_rtt_ = true;
  }
  enter_startup();
  init_pacing_rate(start.srtt);
}

void BbrMachine::on_ack(const AckEvent& ack) {
  const RateSample& sample = ack.sample;
  delivered_ = sample.delivered_total;
  if (!sample.has_data) return;
  is_ack_app_limited_ = sample.is_app_limited || sample.prior_delivered < app_limited_until_;
  tx_in_flight_ = sample.tx_in_flight;
  if (sample.newly_lost > 0 && loss_acks_in_round_ < 0xff) ++loss_acks_in_round_;

  update_latest_delivery_signals(sample);
  update_max_bw(sample);
  if (loss_round_start_) {
    adapt_lower_bounds_from_congestion(sample);
    is_loss_in_round_ = false;
  }
  update_ack_aggregation(ack);
  check_full_bw_reached(sample);
  check_startup_done(ack);
  check_drain_done(ack);
  update_probe_bw_cycle_phase(ack);
  update_min_rtt(ack);
  check_probe_rtt(ack);
  advance_latest_delivery_signals(sample);
  note_own_restraint(ack.in_flight);
  bw_ = std::min(max_bw_, bw_shortterm_);

  if (!has_seen_rtt_ && ack.srtt > Duration::zero()) {
    has_seen_rtt_ = true;
    init_pacing_rate(ack.srtt);
  }
  set_pacing_rate(pacing_gain_);
  set_cwnd(ack);
}

// "Actions when Restarting from Idle": at the rate of the model, which fills the pipe without a
// burst; and a ProbeRTT that the silence has completed ends.
void BbrMachine::on_idle_restart(const IdleEvent& event) {
  if (!event.is_app_limited) return;
  idle_restart_ = true;
  extra_acked_interval_start_ = event.now;
  if (is_in_probe_bw()) {
    set_pacing_rate(100);
  } else if (state_ == BbrState::kProbeRtt) {
    check_probe_rtt_done(event.now);
  }
}

void BbrMachine::on_mss_change(std::uint32_t mss) {
  mss_ = std::max<std::uint32_t>(mss, 1);
  cwnd_ = std::max(cwnd_, mss_);
}

// Without a bandwidth yet, the first window over the first round-trip time.
void BbrMachine::init_pacing_rate(Duration srtt) {
  const Duration over = srtt > Duration::zero() ? srtt : std::chrono::milliseconds(1);
  pacing_rate_ =
      std::max<std::uint64_t>(percent_of(rate_of(initial_cwnd_, over), kStartupPacingGain), 1);
}

// Until the pipe has been full once, samples of an idle application must not slow the search.
void BbrMachine::set_pacing_rate(unsigned gain_percent) {
  const std::uint64_t rate = percent_of(percent_of(bw_, gain_percent), 100 - kPacingMarginPercent);
  if (rate != 0 && (full_bw_reached_ || rate > pacing_rate_)) pacing_rate_ = rate;
}

std::uint32_t BbrMachine::send_quantum() const {
  const std::uint64_t millisecond = pacing_rate_ / 1000;
  return std::max(static_cast<std::uint32_t>(std::min<std::uint64_t>(millisecond, kSendQuantumMax)),
                  2 * mss_);
}

std::uint64_t BbrMachine::bdp(std::uint64_t rate, unsigned gain_percent) const {
  if (min_rtt_ == kNoRtt) return initial_cwnd_;
  return percent_of(bytes_in(rate, min_rtt_), gain_percent);
}

std::uint32_t BbrMachine::quantization_budget(std::uint64_t inflight_cap) const {
  inflight_cap = std::max<std::uint64_t>(inflight_cap, kOffloadQuanta * send_quantum());
  inflight_cap = std::max<std::uint64_t>(inflight_cap, min_pipe_cwnd());
  if (state_ == BbrState::kProbeBwUp) inflight_cap += 2 * mss_;
  return to_volume(inflight_cap);
}

std::uint32_t BbrMachine::inflight(std::uint64_t rate, unsigned gain_percent) const {
  return quantization_budget(bdp(rate, gain_percent));
}

std::uint32_t BbrMachine::max_inflight() const {
  return quantization_budget(bdp(bw_, cwnd_gain_) + extra_acked_);
}

std::uint32_t BbrMachine::target_inflight() const {
  return to_volume(std::min<std::uint64_t>(bdp(bw_, 100), cwnd_));
}

// Leaves part of the pipe's room to others, so that shares converge.
std::uint32_t BbrMachine::inflight_with_headroom() const {
  if (inflight_longterm_ == kVolumeUnbounded) return kVolumeUnbounded;
  const auto headroom =
      std::max(mss_, static_cast<std::uint32_t>(percent_of(inflight_longterm_, kHeadroomPercent)));
  return std::max(inflight_longterm_ - std::min(headroom, inflight_longterm_), min_pipe_cwnd());
}

std::uint32_t BbrMachine::probe_rtt_cwnd() const {
  return std::max(to_volume(bdp(bw_, kProbeRttCwndGain)), min_pipe_cwnd());
}

// Down to the model at once, up by what was delivered.
void BbrMachine::set_cwnd(const AckEvent& ack) {
  const std::uint32_t limit = max_inflight();
  const std::uint32_t grown = to_volume(std::uint64_t{cwnd_} + ack.sample.newly_delivered);
  if (full_bw_reached_) {
    cwnd_ = std::min(grown, limit);
  } else if (cwnd_ < limit || delivered_ < initial_cwnd_) {
    cwnd_ = grown;
  }
  cwnd_ = std::max(cwnd_, min_pipe_cwnd());
  if (state_ == BbrState::kProbeRtt) cwnd_ = std::min(cwnd_, probe_rtt_cwnd());
  bound_cwnd_for_model();
}

void BbrMachine::bound_cwnd_for_model() {
  std::uint32_t cap = kVolumeUnbounded;
  if (state_ == BbrState::kProbeRtt || state_ == BbrState::kProbeBwCruise) {
    cap = inflight_with_headroom();
  } else if (is_in_probe_bw()) {
    cap = inflight_longterm_;
  }
  cap = std::max(std::min(cap, inflight_shortterm_), min_pipe_cwnd());
  cwnd_ = std::min(cwnd_, cap);
}

void BbrMachine::save_cwnd() {
  const bool is_modulated = is_in_recovery_ || is_in_timeout_ || state_ == BbrState::kProbeRtt;
  prior_cwnd_ = is_modulated ? std::max(prior_cwnd_, cwnd_) : cwnd_;
}

void BbrMachine::restore_cwnd() { cwnd_ = std::max(cwnd_, prior_cwnd_); }

}  // namespace strata::tcp::congestion
