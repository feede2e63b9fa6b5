// SPDX-License-Identifier: Apache-2.0
// Counters: one number per enumerator. Each stack counts for itself; whoever reads adds them up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "strata/check.h"

namespace strata {

// kSize is one more than the highest enumerator; an enum that ends in kCount need not say it.
template <typename Enum, std::size_t kSize = static_cast<std::size_t>(Enum::kCount)>
class Counters {
 public:
  constexpr void add(Enum which, std::uint64_t count = 1) { values_[position(which)] += count; }
  [[nodiscard]] constexpr std::uint64_t operator[](Enum which) const {
    return values_[position(which)];
  }
  [[nodiscard]] static constexpr std::size_t size() { return kSize; }

  [[nodiscard]] constexpr std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t value : values_) sum += value;
    return sum;
  }

  constexpr Counters& operator+=(const Counters& other) {
    for (std::size_t i = 0; i < kSize; ++i) values_[i] += other.values_[i];
    return *this;
  }
  [[nodiscard]] friend constexpr Counters operator+(Counters a, const Counters& b) {
    return a += b;
  }
  // What was counted since an earlier reading of the same counters.
  constexpr Counters& operator-=(const Counters& earlier) {
    for (std::size_t i = 0; i < kSize; ++i) values_[i] -= earlier.values_[i];
    return *this;
  }
  [[nodiscard]] friend constexpr Counters operator-(Counters a, const Counters& b) {
    return a -= b;
  }
  friend constexpr bool operator==(const Counters&, const Counters&) = default;

 private:
  [[nodiscard]] static constexpr std::size_t position(Enum which) {
    const auto at = static_cast<std::size_t>(which);
    STRATA_CHECK(at < kSize);
    return at;
  }

  std::array<std::uint64_t, kSize> values_{};
};

}  // namespace strata
