// SPDX-License-Identifier: Apache-2.0
// PackedTime: a Time that needs no more than four bytes' alignment, for what is kept by millions.
#pragma once

#include <cstdint>

#include "strata/time.h"

namespace strata::tcp {

class PackedTime {
 public:
  constexpr PackedTime() = default;
  explicit constexpr PackedTime(Time time) {
    const auto ticks = static_cast<std::uint64_t>(time.time_since_epoch().count());
    high_ = static_cast<std::uint32_t>(ticks >> 32U);
    low_ = static_cast<std::uint32_t>(ticks);
  }
  [[nodiscard]] constexpr Time time() const {
    return Time(Duration(static_cast<std::int64_t>(std::uint64_t{high_} << 32U | low_)));
  }

 private:
  std::uint32_t high_ = 0;
  std::uint32_t low_ = 0;
};
static_assert(sizeof(PackedTime) == 8 && alignof(PackedTime) == 4);

}  // namespace strata::tcp
