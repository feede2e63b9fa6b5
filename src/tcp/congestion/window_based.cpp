// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/window_based.h"

#include <algorithm>

#include "tcp/congestion/fixed_point.h"
#include "tcp/congestion/hystart.h"

namespace strata::tcp::congestion {

bool WindowBased::try_start(Memory&, const StartEvent& start) {
  mss_ = static_cast<std::uint16_t>(std::clamp<std::uint32_t>(start.mss, 1, 0xffff));
  cwnd_ = std::max(start.initial_window, mss());
  ssthresh_ = start.ssthresh;
  return true;
}

void WindowBased::on_congestion(const CongestionEvent& event) {
  reduce(event.flight_size, event.cause);
  enter(Phase::kReducing);
}

// RFC 5681 3.1 equation 4, with what the algorithm leaves instead of a half. Limited transmit may
// have put more in flight than cwnd, which does not count, nor does a window that was not used.
void WindowBased::reduce(std::uint32_t flight_size, CongestionCause cause) {
  before_reduction();
  cwnd_prior_ = cwnd_;
  undo_ssthresh_ = ssthresh_;
  can_undo_ = 1;
  const std::uint32_t target = reduced(std::min(cwnd_, flight_size), cause);
  ssthresh_ = std::max(target, 2 * mss());
}

void WindowBased::on_undo(Time) {
  enter(Phase::kOpen);
  if (!can_undo()) return;
  can_undo_ = 0;
  cwnd_ = std::max(cwnd_, cwnd_prior_);
  ssthresh_ = std::max(ssthresh_, undo_ssthresh_);
}

void WindowBased::on_recovery_exit(Time) {
  if (phase() == Phase::kReducing) cwnd_ = ssthresh_;
  enter(Phase::kOpen);
}

void WindowBased::on_rto(const RtoEvent& event) {
  // RFC 5681 3.1: a segment that times out again does not lower ssthresh again.
  if (event.is_first || is_initial_slow_start()) reduce(event.flight_size, CongestionCause::kLoss);
  cwnd_ = mss();  // the loss window
  enter(Phase::kRestarting);
}

// RFC 5681 4.1: after an idle time longer than the RTO, a burst as large as the window is not
// justified. Whoever spaces departures makes no burst, and may use the window on (RFC 7661 4.4).
void WindowBased::on_idle_restart(const IdleEvent& event) {
  if (event.is_paced || event.idle <= event.rto || cwnd_ <= event.restart_window) return;
  ssthresh_ = std::max(ssthresh_, static_cast<std::uint32_t>(percent_of(cwnd_, 75)));
  cwnd_ = std::max(event.restart_window, mss());
}

// RFC 7661 4.4.3.
void WindowBased::on_window_unused(Time, std::uint32_t restart_window) {
  ssthresh_ = std::max(ssthresh_, static_cast<std::uint32_t>(percent_of(cwnd_, 75)));
  cwnd_ = std::max({cwnd_ / 2, std::min(cwnd_, restart_window), mss()});
}

void WindowBased::on_mss_change(std::uint32_t mss_now) {
  mss_ = static_cast<std::uint16_t>(std::clamp<std::uint32_t>(mss_now, 1, 0xffff));
  cwnd_ = std::max(cwnd_, mss());
  ssthresh_ = std::max(ssthresh_, 2 * mss());
}

// RFC 9406 4.3: at most eight segments an ACK, unless they are paced. RFC 3465 2.3: one while the
// ACKs repair a timeout, since one ACK may then cover what left long ago.
std::uint32_t WindowBased::slow_start_growth(const AckEvent& ack) const {
  if (phase() == Phase::kRestarting) {
    return std::min(ack.bytes_acked, kSlowStartSegmentsMaxAfterRto * mss());
  }
  if (ack.is_paced) return ack.bytes_acked;
  return std::min(ack.bytes_acked, kSlowStartSegmentsMax * mss());
}

void WindowBased::grow_to(std::uint64_t cwnd) {
  // Half of the range stays free, so that sums of two windows do not wrap.
  cwnd_ =
      std::max(cwnd_, static_cast<std::uint32_t>(std::min<std::uint64_t>(cwnd, kVolumeMax / 2)));
}

void WindowBased::grow_linearly(std::uint32_t bytes_acked, std::uint32_t& bytes_counted) {
  const std::uint64_t counted = std::uint64_t{bytes_counted} + bytes_acked;
  const std::uint64_t windows = counted / cwnd_;
  bytes_counted = static_cast<std::uint32_t>(counted % cwnd_);
  // One segment per window of data, even if one ACK covers several.
  if (windows != 0) grow_to(std::uint64_t{cwnd_} + mss());
}

}  // namespace strata::tcp::congestion
