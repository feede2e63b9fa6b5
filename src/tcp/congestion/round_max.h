// SPDX-License-Identifier: Apache-2.0
// RoundMax: the largest value of each of the last rounds, and so of any number of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace strata::tcp::congestion {

class RoundMax {
 public:
  static constexpr std::uint32_t kRounds = 10;

  // Rounds never go back.
  void update(std::uint32_t value, std::uint32_t round) {
    // Rounds without a value have none; all slots at most are cleared.
    for (std::uint32_t skipped = 0; round_ != round && skipped < kRounds; ++skipped) {
      of_round_[++round_ % kRounds] = 0;
    }
    if (round_ != round) of_round_[round % kRounds] = 0;
    round_ = round;
    std::uint32_t& slot = of_round_[round % kRounds];
    slot = std::max(slot, value);
  }

  // Over the round of the last update() and those before it, `rounds` in all, kRounds at most.
  [[nodiscard]] std::uint32_t max(std::uint32_t rounds) const {
    std::uint32_t largest = 0;
    for (std::uint32_t back = 0; back < rounds; ++back) {
      largest = std::max(largest, of_round_[(round_ + kRounds - back) % kRounds]);
    }
    return largest;
  }

 private:
  std::array<std::uint32_t, kRounds> of_round_{};
  std::uint32_t round_ = 0;
};

}  // namespace strata::tcp::congestion
