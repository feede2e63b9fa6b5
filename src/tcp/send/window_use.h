// SPDX-License-Identifier: Apache-2.0
// WindowUse: how much of the congestion window was really used, so that a window which nobody
// tested neither grows nor is trusted for long (RFC 7661).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "strata/time.h"
#include "tcp/sequence_number.h"

namespace strata::tcp {

// What outlives a flight.
struct WindowValidation {
  // RFC 7661 4.2: bytes acknowledged in a round trip, over the present and the two periods before.
  std::array<std::uint32_t, 3> pipe_acks{};
  std::uint32_t acked = 0;  // in the present round trip
  Time round_began{};
  Time period_began{};
  Time validated_at{};

  [[nodiscard]] std::uint32_t pipe_ack() const { return std::ranges::max(pipe_acks); }
  // 4.3: is pipeACK at least half of cwnd?
  [[nodiscard]] bool is_validated(std::uint32_t cwnd) const { return pipe_ack() >= cwnd / 2; }
  // True when the window has stood unused for the non-validated period (4.4.3).
  [[nodiscard]] bool on_acked(std::uint32_t bytes, Duration srtt, std::uint32_t cwnd, Time now);
};

// Was it the window that bounded what was sent in the past round trip?
class WindowUse {
 public:
  void on_sent(std::uint32_t in_flight, SequenceNumber nxt) {
    if (in_flight <= in_flight_max_) return;
    in_flight_max_ = in_flight;
    round_end_ = nxt;
  }
  void on_blocked(SequenceNumber nxt) {
    is_limited_ = true;
    round_end_ = nxt;
  }
  void on_una(SequenceNumber una, SequenceNumber nxt, std::uint32_t in_flight);
  [[nodiscard]] bool is_limited(std::uint32_t cwnd, bool is_slow_start) const {
    // In slow start half a window in use proves that twice as much may be tried.
    return is_limited_ || (is_slow_start && cwnd / 2 < in_flight_max_);
  }

 private:
  SequenceNumber round_end_;
  std::uint32_t in_flight_max_ = 0;
  bool is_limited_ = false;
};

}  // namespace strata::tcp
