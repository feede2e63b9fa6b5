// SPDX-License-Identifier: Apache-2.0
// Pacer: when the next bytes may leave, so that a window is spread over a round trip.
//
//   rate ------> next_send_time()     sent at t: next = max(next, t - one quantum) + bytes / rate
//                 |<-- quantum -->|   late by less than a quantum: made up for; more: forgotten
//
// 1. Over any span of time T no more than rate * T + two quanta leave.
// 2. A timer that fires late costs nothing while it is late by less than a quantum's time.
// 3. After idleness a sender is one quantum ahead at most.
// 4. Rate 0 is no pacing: everything may leave now, and bursts are only bounded by kQuantumMax.
//
// Who sets the rate: a congestion control that has a pacing_rate() (BBR); else, if the socket asks
// for pacing, window_pacing_rate() after each ACK.
#pragma once

#include <cstdint>

#include "strata/time.h"

namespace strata::tcp {

class Pacer {
 public:
  // What one turn may send at most (draft-ietf-ccwg-bbr, "Send Quantum").
  static constexpr std::uint32_t kQuantumMax = 65'536;

  // Bytes per second; 0 ends pacing. What was sent before keeps its spacing.
  void set_rate(std::uint64_t bytes_per_second) { rate_ = bytes_per_second; }
  [[nodiscard]] std::uint64_t rate() const { return rate_; }
  [[nodiscard]] bool is_on() const { return rate_ != 0; }

  // A millisecond of the rate, two segments at least, kQuantumMax at most.
  [[nodiscard]] std::uint32_t quantum(std::uint32_t mss) const;

  // Never before `now`.
  [[nodiscard]] Time next_send_time(Time now) const;
  [[nodiscard]] bool may_send(Time now) const { return next_send_time(now) == now; }

  // `bytes` left at `now`; also those that do not wait for the pacer (pure FIN, probes), if any.
  void on_sent(std::uint32_t bytes, std::uint32_t mss, Time now);

 private:
  std::uint64_t rate_ = 0;
  Time next_{};
};
static_assert(sizeof(Pacer) == 16);

// The rate for a control that has none of its own: twice cwnd per srtt in slow start, where the
// window doubles each round trip, and 1.2 times after. 0 without an srtt.
[[nodiscard]] std::uint64_t window_pacing_rate(std::uint32_t cwnd, std::uint32_t ssthresh,
                                               Duration srtt);

}  // namespace strata::tcp
