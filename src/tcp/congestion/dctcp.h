// SPDX-License-Identifier: Apache-2.0
// DCTCP (RFC 8257): reacts to how many bytes met congestion, not to whether any did, so that a
// queue stays short. For networks under one administration: it takes what others leave.
//
// Once per window of data: alpha = alpha * (1 - 1/16) + share of marked bytes / 16.
// At the first mark of a window: window * (1 - alpha / 2). Everything else is Reno.
#pragma once

#include <cstdint>
#include <string_view>

#include "tcp/congestion.h"
#include "tcp/congestion/reno.h"

namespace strata::tcp::congestion {

class Dctcp final : public RenoGrowth {
 public:
  [[nodiscard]] std::string_view name() const override { return "dctcp"; }
  [[nodiscard]] bool try_start(Memory& memory, const StartEvent& start) override;
  void on_ack(const AckEvent& ack) override;

  // In units of 2^-20.
  static constexpr std::uint32_t kOne = 1U << 20U;
  [[nodiscard]] std::uint32_t alpha() const { return alpha_; }

 private:
  [[nodiscard]] std::uint32_t reduced(std::uint32_t window, CongestionCause cause) const override;
  void end_window();

  std::uint32_t alpha_ = kOne;  // RFC 8257 3.3: cautious at first
  std::uint32_t bytes_acked_ = 0;
  std::uint32_t bytes_marked_ = 0;
};
static_assert(sizeof(Dctcp) <= kCongestionBytes);

}  // namespace strata::tcp::congestion
