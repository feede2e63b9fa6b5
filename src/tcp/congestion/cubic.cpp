// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/cubic.h"

#include <algorithm>

#include "tcp/congestion/fixed_point.h"

namespace strata::tcp::congestion {
namespace {

// RFC 9438 4.6: beta_cubic = 0.7.
constexpr unsigned kBetaPercent = 70;
// RFC 9438 4.7: (1 + beta_cubic) / 2.
constexpr unsigned kFastConvergencePercent = 85;
// RFC 9438 4.3: alpha_cubic = 3 (1 - beta_cubic) / (1 + beta_cubic) = 9/17.
constexpr std::uint64_t kAlphaNumerator = 9;
constexpr std::uint64_t kAlphaDenominator = 17;
// RFC 9438 5: C = 0.4 = 2/5 segments per cubic second.
constexpr std::uint64_t kScaleNumerator = 2;
constexpr std::uint64_t kScaleDenominator = 5;
constexpr std::uint64_t kCubicSecond = 1'000'000'000;  // in ms^3
// 17 minutes: far beyond where any window is at its limit.
constexpr std::uint64_t kSpanMsMax = std::uint64_t{1} << 20U;

// Of a clock that wraps after 49 days, so that differences are right.
std::uint32_t milliseconds_of(Time now) {
  return static_cast<std::uint32_t>(now.time_since_epoch().count() / 1'000'000);
}

// C |t|^3 in bytes.
std::uint64_t cubic_span(std::uint64_t span_ms, std::uint32_t mss) {
  const std::uint64_t span = std::min(span_ms, kSpanMsMax);
  return span * span * span / 1'000'000 * kScaleNumerator * mss /
         (kScaleDenominator * (kCubicSecond / 1'000'000));
}

}  // namespace

bool Cubic::try_start(Memory& memory, const StartEvent& start) {
  if (!WindowBased::try_start(memory, start)) return false;
  if (is_initial_slow_start()) {
    hystart_ = {};
  } else {
    epoch_ = {};
  }
  return true;
}

void Cubic::on_ack(const AckEvent& ack) {
  if (phase() == Phase::kReducing) return;
  if (is_initial_slow_start() && hystart_.on_ack(ack)) {
    // RFC 9438 4.10: left without a loss, so W_max becomes cwnd when the stage begins.
    ssthresh_ = cwnd_;
    epoch_ = {};
  }
  if (!ack.is_cwnd_limited) return freeze(ack.now, {});
  if (is_slow_start()) {
    slow_start(ack);
  } else {
    avoid_congestion(ack);
  }
}

void Cubic::slow_start(const AckEvent& ack) {
  const std::uint32_t growth = slow_start_growth(ack);
  const std::uint64_t target =
      std::uint64_t{cwnd_} + (is_initial_slow_start() ? hystart_.growth(growth) : growth);
  grow_to(std::min<std::uint64_t>(target, ssthresh_));
}

void Cubic::avoid_congestion(const AckEvent& ack) {
  const std::uint32_t now_ms = milliseconds_of(ack.now);
  if (has_epoch_ == 0) {
    begin_epoch(ack.now);
  } else if (is_frozen_ != 0) {
    epoch_.start_ms = now_ms - epoch_.start_ms;
    is_frozen_ = 0;
  }
  grow_reno_estimate(ack.bytes_acked);
  const std::uint32_t elapsed_ms = now_ms - epoch_.start_ms;
  // RFC 9438 4.3: the Reno-friendly region.
  if (w_cubic(elapsed_ms) < epoch_.w_est) return grow_to(epoch_.w_est);
  // RFC 9438 4.4 and 4.5: towards where the curve is in a round trip, by at most half a window.
  const auto rtt_ms = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(nanoseconds(ack.srtt) / 1'000'000, kSpanMsMax));
  const std::uint64_t target =
      std::clamp<std::uint64_t>(w_cubic(elapsed_ms + rtt_ms), cwnd_, cwnd_ + cwnd_ / 2);
  const std::uint64_t acked = std::min(ack.bytes_acked, cwnd_);
  grow_to(cwnd_ + (target - cwnd_) * acked / cwnd_);
}

// RFC 9438 4.2, equation 2. Where there is no W_max above, the stage begins on the plateau: after
// a timeout (4.8) and after a slow start that ended without a loss (4.10).
void Cubic::begin_epoch(Time now) {
  epoch_.start_ms = milliseconds_of(now);
  epoch_.w_est = cwnd_;
  w_est_fraction_ = 0;
  if (cwnd_ >= epoch_.w_max) {
    epoch_.w_max = cwnd_;
    epoch_.k_ms = 0;
  } else {
    const std::uint64_t missing = epoch_.w_max - cwnd_;
    epoch_.k_ms = cube_root(missing * (kCubicSecond / kScaleNumerator) / mss() * kScaleDenominator);
  }
  has_epoch_ = 1;
  is_frozen_ = 0;
}

// RFC 9438 5.8: what was not sent did not test the path, so its time does not count.
void Cubic::freeze(Time now, Duration idle) {
  if (has_epoch_ == 0 || is_frozen_ != 0 || is_initial_slow_start()) return;
  const std::uint32_t elapsed_ms = milliseconds_of(now) - epoch_.start_ms;
  const std::uint64_t idle_ms = nanoseconds(idle) / 1'000'000;
  epoch_.start_ms =
      elapsed_ms - static_cast<std::uint32_t>(std::min<std::uint64_t>(idle_ms, elapsed_ms));
  is_frozen_ = 1;
}

// RFC 9438 4.3, equation 4: slower than Reno to make up for the smaller reduction, until the
// window of the last reduction is reached again.
void Cubic::grow_reno_estimate(std::uint32_t bytes_acked) {
  const bool is_slower = epoch_.w_est < cwnd_prior_;
  const std::uint64_t numerator = is_slower ? kAlphaNumerator : 1;
  const std::uint64_t denominator = is_slower ? kAlphaDenominator : 1;
  const std::uint64_t acked = std::min(bytes_acked, cwnd_);
  const std::uint64_t growth =
      (acked * mss() << 8U) / cwnd_ * numerator / denominator + w_est_fraction_;
  w_est_fraction_ = static_cast<std::uint8_t>(growth & 0xffU);
  epoch_.w_est = to_volume(epoch_.w_est + (growth >> 8U));
}

// RFC 9438 4.2, equation 1.
std::uint32_t Cubic::w_cubic(std::uint32_t at_ms) const {
  if (at_ms >= epoch_.k_ms) {
    return to_volume(epoch_.w_max + cubic_span(at_ms - epoch_.k_ms, mss()));
  }
  const std::uint64_t below = cubic_span(epoch_.k_ms - at_ms, mss());
  return below < epoch_.w_max ? epoch_.w_max - static_cast<std::uint32_t>(below) : 0;
}

std::uint32_t Cubic::reduced(std::uint32_t window, CongestionCause) const {
  return static_cast<std::uint32_t>(percent_of(window, kBetaPercent));
}

// RFC 9438 4.9.1 wants all of it back if the reduction was for nothing. 4.7: a flow that was
// reduced below its last W_max has less than it had, and leaves room for who is new.
void Cubic::before_reduction() {
  const Epoch present = is_initial_slow_start() ? Epoch{} : epoch_;
  undo_ = present;
  undo_cwnd_prior_ = cwnd_prior_;
  undo_has_epoch_ = has_epoch_;
  undo_is_frozen_ = is_frozen_;
  epoch_ = present;
  epoch_.w_max = cwnd_ < present.w_max
                     ? static_cast<std::uint32_t>(percent_of(cwnd_, kFastConvergencePercent))
                     : cwnd_;
  has_epoch_ = 0;
}

void Cubic::on_undo(Time now) {
  const bool was_reduced = can_undo();
  WindowBased::on_undo(now);
  if (!was_reduced) return;
  cwnd_prior_ = undo_cwnd_prior_;
  has_epoch_ = undo_has_epoch_;
  is_frozen_ = undo_is_frozen_;
  if (is_initial_slow_start()) {
    hystart_ = {};
  } else {
    epoch_ = undo_;
  }
}

void Cubic::on_recovery_exit(Time now) {
  const bool was_reducing = phase() == Phase::kReducing;
  WindowBased::on_recovery_exit(now);
  if (was_reducing) begin_epoch(now);
}

// RFC 9438 4.8: the stage that follows begins on its plateau.
void Cubic::on_rto(const RtoEvent& event) {
  WindowBased::on_rto(event);
  epoch_.w_max = 0;
  has_epoch_ = 0;
}

void Cubic::on_idle_restart(const IdleEvent& event) {
  freeze(event.now, event.idle);
  const std::uint32_t before = cwnd_;
  WindowBased::on_idle_restart(event);
  if (cwnd_ < before) has_epoch_ = 0;
}

void Cubic::on_window_unused(Time now, std::uint32_t restart_window) {
  WindowBased::on_window_unused(now, restart_window);
  has_epoch_ = 0;
}

}  // namespace strata::tcp::congestion
