// SPDX-License-Identifier: Apache-2.0
// Feeder: gives a congestion control the events of an imagined sender, one round trip at a time.
#pragma once

#include <cstdint>

#include "strata/memory.h"
#include "strata/time.h"
#include "tcp/congestion.h"
#include "tcp/congestion/slot.h"

namespace strata::tcp::congestion {

inline constexpr std::uint32_t kMss = 1000;

class Feeder {
 public:
  explicit Feeder(const Algorithm& algorithm, StartEvent start = usual_start())
      : now_(start.now), slot_(start), started_(slot_.try_start(algorithm, memory_, start)) {}

  static StartEvent usual_start() {
    return {.now = Time{std::chrono::seconds(100)},
            .mss = kMss,
            .initial_window = 10 * kMss,
            .srtt = std::chrono::milliseconds(100),
            .seed = 7};
  }

  [[nodiscard]] bool started() const { return started_; }
  [[nodiscard]] CongestionControl& control() { return slot_.control(); }
  [[nodiscard]] CongestionControl* operator->() { return &slot_.control(); }
  [[nodiscard]] Time now() const { return now_; }
  void wait(Duration duration) { now_ += duration; }

  // Adjust before calling ack().
  Duration rtt = std::chrono::milliseconds(100);
  bool is_cwnd_limited = true;
  bool is_paced = false;
  std::uint32_t ce_bytes = 0;

  void ack(std::uint32_t bytes, bool round_started = false) {
    delivered_ += bytes;
    RateSample sample;
    sample.has_data = true;
    sample.delivered_total = delivered_;
    sample.newly_delivered = bytes;
    sample.round_started = round_started;
    slot_->on_ack({.now = now_,
                   .bytes_acked = bytes,
                   .ce_bytes = ce_bytes,
                   .in_flight_before = slot_->cwnd(),
                   .in_flight = slot_->cwnd() - bytes,
                   .rtt = rtt,
                   .min_rtt = rtt,
                   .srtt = rtt,
                   .sample = sample,
                   .is_cwnd_limited = is_cwnd_limited,
                   .is_paced = is_paced});
  }

  // Acknowledges a window, a segment at a time, over one round trip.
  void round() {
    const std::uint32_t segments = slot_->cwnd() / kMss;
    for (std::uint32_t i = 0; i < segments; ++i) {
      now_ += rtt / segments;
      ack(kMss, i == 0);
    }
  }

  void congestion(CongestionCause cause = CongestionCause::kLoss) {
    slot_->on_congestion(
        {.now = now_, .cause = cause, .flight_size = slot_->cwnd(), .in_flight = slot_->cwnd()});
  }
  void timeout(bool is_first = true) {
    slot_->on_rto(
        {.now = now_, .flight_size = slot_->cwnd(), .in_flight = 0, .is_first = is_first});
  }
  void undo() { slot_->on_undo(now_); }
  void recovered() { slot_->on_recovery_exit(now_); }
  // A loss and its repair.
  void lose() {
    congestion();
    slot_->set_cwnd(slot_->ssthresh());
    wait(rtt);
    recovered();
  }
  void idle(Duration duration, bool paced = false) {
    now_ += duration;
    slot_->on_idle_restart({.now = now_,
                            .idle = duration,
                            .rto = std::chrono::milliseconds(300),
                            .restart_window = 10 * kMss,
                            .is_paced = paced});
  }

 private:
  Time now_;
  HeapMemory memory_;
  CongestionSlot slot_;
  bool started_;
  std::uint64_t delivered_ = 0;
};

}  // namespace strata::tcp::congestion
