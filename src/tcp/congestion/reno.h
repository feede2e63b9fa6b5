// SPDX-License-Identifier: Apache-2.0
// Reno (RFC 5681): one segment more per round trip, half of the window after a loss. It counts
// bytes (RFC 3465) and leaves its first slow start by HyStart++ (RFC 9406).
#pragma once

#include <cstdint>
#include <string_view>

#include "tcp/congestion.h"
#include "tcp/congestion/hystart.h"
#include "tcp/congestion/window_based.h"

namespace strata::tcp::congestion {

class RenoGrowth : public WindowBased {
 public:
  [[nodiscard]] bool try_start(Memory& memory, const StartEvent& start) override;
  void on_ack(const AckEvent& ack) override;
  void on_undo(Time now) override;

 protected:
  ~RenoGrowth() = default;

  void grow(const AckEvent& ack);

 private:
  std::uint32_t bytes_counted_ = 0;  // towards the next segment of cwnd
  HyStart hystart_;
};

class Reno final : public RenoGrowth {
 public:
  [[nodiscard]] std::string_view name() const override { return "reno"; }

 private:
  [[nodiscard]] std::uint32_t reduced(std::uint32_t window, CongestionCause cause) const override;
};

}  // namespace strata::tcp::congestion
