// SPDX-License-Identifier: Apache-2.0
// What BBR measures: round trips, bandwidth, aggregation, the unloaded round-trip time.
#include <algorithm>

#include "tcp/congestion/bbr_machine.h"

namespace strata::tcp::congestion {
namespace {

constexpr Duration kMinRttFilterLength = std::chrono::seconds(10);
constexpr Duration kProbeRttInterval = std::chrono::seconds(5);
constexpr unsigned kFullBwGrowthPercent = 125;
constexpr std::uint8_t kFullBwRounds = 3;

}  // namespace

void BbrMachine::update_latest_delivery_signals(const RateSample& sample) {
  loss_round_start_ = false;
  bw_latest_ = std::max(bw_latest_, sample.rate);
  inflight_latest_ = std::max(inflight_latest_, sample.delivered);
  if (sample.prior_delivered >= loss_round_delivered_) {
    loss_round_delivered_ = delivered_;
    loss_round_start_ = true;
  }
}

void BbrMachine::advance_latest_delivery_signals(const RateSample& sample) {
  if (!loss_round_start_) return;
  bw_latest_ = sample.rate;
  inflight_latest_ = sample.delivered;
  loss_acks_in_round_ = 0;
  is_recovery_in_round_ = is_in_recovery_;
}

// In Drain and DOWN deliveries are slow because the flow is, for as long as the samples reach back
// into what was sent there.
void BbrMachine::note_own_restraint(std::uint32_t in_flight) {
  if (pacing_gain_ >= 100) return;
  restrained_until_ = delivered_ + in_flight;
  restraint_gain_ = pacing_gain_;
}

void BbrMachine::reset_congestion_signals() {
  is_loss_in_round_ = false;
  bw_latest_ = 0;
  inflight_latest_ = 0;
}

void BbrMachine::update_round(const RateSample& sample) {
  round_start_ = sample.prior_delivered >= next_round_delivered_;
  if (!round_start_) return;
  start_round();
  ++round_count_;
  ++rounds_since_probe_up_;
}

// A sample of an idle application counts only if it shows more than was known.
void BbrMachine::update_max_bw(const RateSample& sample) {
  update_round(sample);
  if (sample.rate == 0 || (is_ack_app_limited_ && sample.rate < max_bw_)) return;
  max_bw_filter_[1] = std::max(max_bw_filter_[1], sample.rate);
  max_bw_ = std::max(max_bw_filter_[0], max_bw_filter_[1]);
}

// A cycle without a sample forgets nothing.
void BbrMachine::advance_max_bw_filter() {
  if (max_bw_filter_[1] == 0) return;
  max_bw_filter_ = {max_bw_filter_[1], 0};
  max_bw_ = max_bw_filter_[0];
}

// How much more arrives than the bandwidth explains: acknowledgements come in bursts, and cwnd must
// last over the silence between.
void BbrMachine::update_ack_aggregation(const AckEvent& ack) {
  std::uint64_t expected = bytes_in(bw_, ack.now - extra_acked_interval_start_);
  if (extra_acked_delivered_ <= expected) {
    extra_acked_delivered_ = 0;
    extra_acked_interval_start_ = ack.now;
    expected = 0;
  }
  extra_acked_delivered_ += ack.sample.newly_delivered;
  const std::uint64_t extra = std::min<std::uint64_t>(extra_acked_delivered_ - expected, cwnd_);
  extra_acked_filter_.update(static_cast<std::uint32_t>(extra), round_count_);
  // In Startup one round is remembered: the bandwidth expected is too low there.
  extra_acked_ = extra_acked_filter_.max(full_bw_reached_ ? RoundMax::kRounds : 1);
}

void BbrMachine::update_min_rtt(const AckEvent& ack) {
  probe_rtt_expired_ = ack.now > probe_rtt_min_stamp_ + kProbeRttInterval;
  if (ack.rtt && *ack.rtt >= Duration::zero() &&
      (*ack.rtt < probe_rtt_min_delay_ || probe_rtt_expired_)) {
    probe_rtt_min_delay_ = *ack.rtt;
    probe_rtt_min_stamp_ = ack.now;
  }
  const bool is_min_rtt_expired = ack.now > min_rtt_stamp_ + kMinRttFilterLength;
  if (probe_rtt_min_delay_ < min_rtt_ || (is_min_rtt_expired && probe_rtt_min_delay_ != kNoRtt)) {
    min_rtt_ = probe_rtt_min_delay_;
    min_rtt_stamp_ = probe_rtt_min_stamp_;
  }
}

// Three rounds of pushing without a quarter more of bandwidth: the pipe is full.
void BbrMachine::check_full_bw_reached(const RateSample& sample) {
  if (full_bw_now_ || !round_start_ || is_ack_app_limited_) return;
  if (sample.rate >= percent_of(full_bw_, kFullBwGrowthPercent)) return reset_full_bw(sample.rate);
  ++full_bw_count_;
  full_bw_now_ = full_bw_count_ >= kFullBwRounds;
  if (full_bw_now_) full_bw_reached_ = true;
}

void BbrMachine::reset_full_bw(std::uint64_t baseline) {
  full_bw_ = baseline;
  full_bw_count_ = 0;
  full_bw_now_ = false;
}

}  // namespace strata::tcp::congestion
