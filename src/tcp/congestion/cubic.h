// SPDX-License-Identifier: Apache-2.0
// CUBIC (RFC 9438): the window is a cubic function of the time since the last reduction.
//
//   cwnd                                    .  probing beyond W_max: convex
//   W_max - - - - - - - - - - - - - - - - -'- - - - - -
//                  . - - - - plateau - - '
//              . '                                       W_cubic(t) = C (t - K)^3 + W_max
//   epoch --> |   concave                                C = 0.4, K = cbrt((W_max - start) / C)
//             +---------------------------K---------> t
//
// Where that is less than what Reno would have (W_est), the window is what Reno would have. Time
// stands still while the window is not what limits (RFC 9438 4.2 and 5.8). All of it in bytes,
// milliseconds and integers.
#pragma once

#include <cstdint>
#include <string_view>

#include "tcp/congestion.h"
#include "tcp/congestion/hystart.h"
#include "tcp/congestion/window_based.h"

namespace strata::tcp::congestion {

class Cubic final : public WindowBased {
 public:
  Cubic() : hystart_() {}

  [[nodiscard]] std::string_view name() const override { return "cubic"; }
  [[nodiscard]] bool try_start(Memory& memory, const StartEvent& start) override;
  void on_ack(const AckEvent& ack) override;
  void on_undo(Time now) override;
  void on_recovery_exit(Time now) override;
  void on_rto(const RtoEvent& event) override;
  void on_idle_restart(const IdleEvent& event) override;
  void on_window_unused(Time now, std::uint32_t restart_window) override;

 private:
  // One stage of congestion avoidance. All zero: there has been none.
  struct Epoch {
    std::uint32_t w_max = 0;     // where the plateau is
    std::uint32_t k_ms = 0;      // when it is reached
    std::uint32_t start_ms = 0;  // when the stage began; while frozen: how long it has lasted
    std::uint32_t w_est = 0;     // Reno's window
  };

  [[nodiscard]] std::uint32_t reduced(std::uint32_t window, CongestionCause cause) const override;
  void before_reduction() override;

  void slow_start(const AckEvent& ack);
  void avoid_congestion(const AckEvent& ack);
  void begin_epoch(Time now);
  void freeze(Time now, Duration idle);
  void grow_reno_estimate(std::uint32_t bytes_acked);
  [[nodiscard]] std::uint32_t w_cubic(std::uint32_t at_ms) const;

  std::uint8_t w_est_fraction_ = 0;  // in 1/256 byte
  std::uint32_t undo_cwnd_prior_ = 0;
  Epoch undo_;
  union {
    HyStart hystart_;  // before the first threshold is known
    Epoch epoch_;      // after
  };
};
static_assert(sizeof(Cubic) <= kCongestionBytes);

}  // namespace strata::tcp::congestion
