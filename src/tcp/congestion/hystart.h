// SPDX-License-Identifier: Apache-2.0
// HyStart++ (RFC 9406): leaves slow start when the round-trip time rises, before data is lost.
//
//   slow start --- RTT of a round rose by an eighth --> conservative slow start (a quarter of the
//        ^                                                  |                growth, at most
//        +------------ RTT fell below where it rose --------+                5 rounds)
//                                                           +---- 5 rounds ----> finished
#pragma once

#include <algorithm>
#include <cstdint>

#include "tcp/congestion.h"

namespace strata::tcp::congestion {

// RFC 9406 4.3, and RFC 3465 2.3 for what follows a timeout.
inline constexpr std::uint32_t kSlowStartSegmentsMax = 8;
inline constexpr std::uint32_t kSlowStartSegmentsMaxAfterRto = 1;

class HyStart {
 public:
  // Judges the round trips. True: finished, the window is as large as it should be.
  [[nodiscard]] bool on_ack(const AckEvent& ack) {
    if (ack.sample.round_started && start_round()) return true;
    if (!ack.rtt) return false;
    const auto rtt_us = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(ack.rtt->count() / 1000, 0, kUnknown - 1));
    current_round_min_us_ = std::min(current_round_min_us_, rtt_us);
    if (samples_ < kSamplesMin) ++samples_;
    if (samples_ == kSamplesMin) judge();
    return false;
  }

  // Of the growth by `bytes` that slow start would have.
  [[nodiscard]] std::uint32_t growth(std::uint32_t bytes) const {
    return is_conservative() ? bytes / kGrowthDivisor : bytes;
  }
  [[nodiscard]] bool is_conservative() const { return css_baseline_us_ != kUnknown; }

 private:
  // RFC 9406 4.3.
  static constexpr std::uint32_t kThresholdMinUs = 4'000;
  static constexpr std::uint32_t kThresholdMaxUs = 16'000;
  static constexpr std::uint32_t kThresholdDivisor = 8;
  static constexpr std::uint8_t kSamplesMin = 8;
  static constexpr std::uint32_t kGrowthDivisor = 4;
  static constexpr std::uint8_t kConservativeRounds = 5;
  static constexpr std::uint32_t kUnknown = 0xffff'ffff;

  // The round in which conservative slow start began counts as one of its rounds.
  [[nodiscard]] bool start_round() {
    last_round_min_us_ = current_round_min_us_;
    current_round_min_us_ = kUnknown;
    samples_ = 0;
    return is_conservative() && ++conservative_rounds_ >= kConservativeRounds;
  }

  void judge() {
    if (is_conservative()) {
      // The rise was a passing one: back to slow start.
      if (current_round_min_us_ < css_baseline_us_) css_baseline_us_ = kUnknown;
      return;
    }
    if (last_round_min_us_ == kUnknown) return;
    const std::uint32_t threshold =
        std::clamp(last_round_min_us_ / kThresholdDivisor, kThresholdMinUs, kThresholdMaxUs);
    if (current_round_min_us_ < last_round_min_us_ ||
        current_round_min_us_ - last_round_min_us_ < threshold) {
      return;
    }
    css_baseline_us_ = current_round_min_us_;
    conservative_rounds_ = 0;
  }

  std::uint32_t last_round_min_us_ = kUnknown;
  std::uint32_t current_round_min_us_ = kUnknown;
  std::uint32_t css_baseline_us_ = kUnknown;
  std::uint8_t samples_ = 0;
  std::uint8_t conservative_rounds_ = 0;
};
static_assert(sizeof(HyStart) == 16);

}  // namespace strata::tcp::congestion
