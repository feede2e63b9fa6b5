// SPDX-License-Identifier: Apache-2.0
// WindowBased: what Reno, CUBIC and DCTCP have in common. They differ in how a window grows in
// congestion avoidance and in what a congestion signal leaves of it.
//
//            on_congestion()                     on_recovery_exit(), on_undo()
//   open  ------------------>  reducing  ------------------------------------------>  open
//     \                         | (set_cwnd() moves the window)                         ^
//      \  on_rto()              v on_rto()                                              |
//       +------------------>  restarting  ----------------------------------------------+
//                               (slow start from one segment)
//
// A reduction remembers cwnd and ssthresh of the moment before; only the last one can be undone.
#pragma once

#include <cstdint>

#include "tcp/congestion.h"

namespace strata::tcp::congestion {

class WindowBased : public CongestionControl {
 public:
  [[nodiscard]] bool try_start(Memory& memory, const StartEvent& start) override;
  void on_congestion(const CongestionEvent& event) override;
  void on_undo(Time now) override;
  void on_recovery_exit(Time now) override;
  void on_rto(const RtoEvent& event) override;
  void on_idle_restart(const IdleEvent& event) override;
  void on_window_unused(Time now, std::uint32_t restart_window) override;
  void on_mss_change(std::uint32_t mss) override;

 protected:
  ~WindowBased() = default;

  enum class Phase : std::uint8_t { kOpen, kReducing, kRestarting };

  // What a congestion signal leaves of a window in use; the floor is applied by the caller.
  [[nodiscard]] virtual std::uint32_t reduced(std::uint32_t window, CongestionCause) const = 0;
  // Called when ssthresh_ and cwnd_ are still what they were before a reduction.
  virtual void before_reduction() {}

  [[nodiscard]] Phase phase() const { return static_cast<Phase>(phase_); }
  [[nodiscard]] std::uint32_t mss() const { return mss_; }
  [[nodiscard]] bool can_undo() const { return can_undo_ != 0; }
  // Nothing is known of the path yet: HyStart++ watches (RFC 9406 4.3: initial slow start only).
  [[nodiscard]] bool is_initial_slow_start() const { return ssthresh_ == kNoThreshold; }
  // Of `bytes` acknowledged by one ACK, what slow start grows by.
  [[nodiscard]] std::uint32_t slow_start_growth(const AckEvent& ack) const;
  void grow_to(std::uint64_t cwnd);
  // RFC 5681 3.1 with the byte counting of RFC 3465 2.1.
  void grow_linearly(std::uint32_t bytes_acked, std::uint32_t& bytes_counted);

  std::uint32_t cwnd_prior_ = 0;  // before the last reduction
  std::uint32_t undo_ssthresh_ = kNoThreshold;

 private:
  void reduce(std::uint32_t flight_size, CongestionCause cause);
  void enter(Phase phase) { phase_ = static_cast<std::uint8_t>(phase) & 3U; }

  std::uint16_t mss_ = 0;
  std::uint8_t phase_ : 2 = 0;
  std::uint8_t can_undo_ : 1 = 0;

 protected:
  // Four flags of CUBIC, in the byte that is there anyway.
  std::uint8_t has_epoch_ : 1 = 0;
  std::uint8_t is_frozen_ : 1 = 0;
  std::uint8_t undo_has_epoch_ : 1 = 0;
  std::uint8_t undo_is_frozen_ : 1 = 0;
};

}  // namespace strata::tcp::congestion
