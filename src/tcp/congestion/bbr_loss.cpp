// SPDX-License-Identifier: Apache-2.0
// BBR and loss: what a probe may lose, what other losses take, and what is given back.
#include <algorithm>

#include "tcp/congestion/bbr_machine.h"

namespace strata::tcp::congestion {
namespace {

constexpr unsigned kLossThresholdPercent = 2;
constexpr unsigned kBbrBetaPercent = 70;

// How much could be in flight before losses crossed the threshold: somewhere within the record that
// was lost, which may be a whole burst. Solves
//     (lost before + x) / (in flight before + x) = threshold   for x.
std::uint32_t inflight_at_loss(const LossSample& loss) {
  const std::uint32_t before = loss.tx_in_flight - std::min(loss.bytes, loss.tx_in_flight);
  const std::uint32_t lost_before = loss.lost - std::min(loss.bytes, loss.lost);
  const auto allowed = static_cast<std::uint32_t>(percent_of(before, kLossThresholdPercent));
  if (allowed <= lost_before) return before;
  const std::uint64_t prefix =
      std::uint64_t{allowed - lost_before} * 100 / (100 - kLossThresholdPercent);
  return to_volume(before + std::min<std::uint64_t>(prefix, loss.bytes));
}

}  // namespace

void BbrMachine::on_loss(const LossSample& loss) {
  delivered_ = loss.delivered_total;
  save_state_upon_loss();
  note_loss(loss.delivered_total);
  if (!is_bw_probe_sample_ || !is_inflight_too_high(loss.lost, loss.tx_in_flight)) return;
  handle_inflight_too_high(inflight_at_loss(loss), loss.is_app_limited, loss.now);
}

// Marks count as losses would: the draft wants CE answered, and leaves the measure open.
void BbrMachine::on_congestion(const CongestionEvent& event) {
  save_state_upon_loss();
  if (event.cause == CongestionCause::kEcn) {
    note_loss(delivered_);
    if (state_ == BbrState::kStartup) leave_startup_for_congestion();
    if (is_bw_probe_sample_) {
      handle_inflight_too_high(tx_in_flight_, is_ack_app_limited_, event.now);
    }
  }
  is_in_recovery_ = true;
  is_recovery_in_round_ = true;
  is_in_timeout_ = false;
}

void BbrMachine::on_rto(const RtoEvent& event) {
  save_state_upon_loss();
  is_in_recovery_ = false;
  is_in_timeout_ = true;
  cwnd_ = to_volume(std::uint64_t{event.in_flight} + mss_);
}

void BbrMachine::on_recovery_exit() {
  is_in_recovery_ = false;
  is_in_timeout_ = false;
  has_undo_ = false;
  restore_cwnd();
}

// "Handling a Spurious Loss Recovery".
void BbrMachine::on_undo(Time) {
  is_in_recovery_ = false;
  is_in_timeout_ = false;
  if (!has_undo_) return;
  has_undo_ = false;
  restore_cwnd();
  is_loss_in_round_ = false;
  reset_full_bw();
  bw_shortterm_ = std::max(bw_shortterm_, undo_bw_shortterm_);
  inflight_shortterm_ = std::max(inflight_shortterm_, undo_inflight_shortterm_);
  inflight_longterm_ = std::max(inflight_longterm_, undo_inflight_longterm_);
  if (undo_state_ == BbrState::kStartup && state_ != BbrState::kStartup) {
    full_bw_reached_ = false;
    if (state_ != BbrState::kProbeRtt) enter_startup();
  } else if (undo_state_ == BbrState::kProbeBwUp && state_ != BbrState::kProbeBwUp) {
    if (state_ != BbrState::kProbeRtt) start_probe_bw_refill();
  }
  undo_state_ = BbrState::kProbeRtt;
}

// Once per episode, at its first sign: later signs would save what the first already took.
void BbrMachine::save_state_upon_loss() {
  save_cwnd();
  if (has_undo_) return;
  has_undo_ = true;
  undo_state_ = BbrState::kProbeRtt;
  undo_bw_shortterm_ = bw_shortterm_;
  undo_inflight_shortterm_ = inflight_shortterm_;
  undo_inflight_longterm_ = inflight_longterm_;
}

void BbrMachine::note_loss(std::uint64_t delivered) {
  if (!is_loss_in_round_) loss_round_delivered_ = delivered;
  is_loss_in_round_ = true;
}

bool BbrMachine::is_inflight_too_high(std::uint32_t lost, std::uint32_t tx_in_flight) const {
  if (!has_sack_) return lost > 0;
  return lost > percent_of(tx_in_flight, kLossThresholdPercent);
}

// Answered once per probe.
void BbrMachine::handle_inflight_too_high(std::uint32_t tx_in_flight, bool is_app_limited,
                                          Time now) {
  prev_probe_too_high_ = true;
  is_bw_probe_sample_ = false;
  if (!is_app_limited) {
    // No lower than CUBIC would go.
    inflight_longterm_ = std::max(
        tx_in_flight, static_cast<std::uint32_t>(percent_of(target_inflight(), kBbrBetaPercent)));
  }
  if (state_ != BbrState::kProbeBwUp) return;
  undo_state_ = BbrState::kProbeBwUp;
  start_probe_bw_down(now);
}

// Once per round trip with losses, and not while losses are the price of a probe. What was sent
// below the model's rate on purpose (by the pacing gain, and always by the pacing margin) arrives
// that much slower, so samples are scaled up by it: the draft means the rate to shrink by the loss
// rate each round, and taken as they are samples would shrink it by the margin and the gain again.
void BbrMachine::adapt_lower_bounds_from_congestion(const RateSample& sample) {
  if (is_probing_bw() || !is_loss_in_round_) return;
  if (bw_shortterm_ == kRateUnbounded) bw_shortterm_ = max_bw_;
  if (inflight_shortterm_ == kVolumeUnbounded) inflight_shortterm_ = cwnd_;
  const bool is_restrained = sample.prior_delivered < restrained_until_;
  const unsigned gain = (is_restrained ? restraint_gain_ : 100) * (100 - kPacingMarginPercent);
  const std::uint64_t bw = std::min(bw_latest_ * 10'000 / gain, std::max(bw_latest_, max_bw_));
  const std::uint64_t volume = std::uint64_t{inflight_latest_} * 10'000 / gain;
  bw_shortterm_ = std::max(bw, percent_of(bw_shortterm_, kBbrBetaPercent));
  inflight_shortterm_ =
      to_volume(std::max(volume, percent_of(inflight_shortterm_, kBbrBetaPercent)));
}

void BbrMachine::reset_short_term_model() {
  bw_shortterm_ = kRateUnbounded;
  inflight_shortterm_ = kVolumeUnbounded;
}

}  // namespace strata::tcp::congestion
