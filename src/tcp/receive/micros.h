// SPDX-License-Identifier: Apache-2.0
// Times in four bytes, or at least without an alignment of eight, for what each connection keeps.
#pragma once

#include <chrono>
#include <cstdint>

#include "strata/time.h"

namespace strata::tcp {

// A time in microseconds modulo 2^32: good for differences of less than 71 minutes. Longer ones
// come out short, which may only ever cost a measurement.
using Micros = std::uint32_t;

[[nodiscard]] constexpr Micros micros_of(Time time) {
  return static_cast<Micros>(
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count());
}
[[nodiscard]] constexpr std::uint32_t micros_since(Micros then, Time now) {
  return micros_of(now) - then;
}
[[nodiscard]] constexpr Duration from_micros(std::uint32_t micros) {
  return std::chrono::microseconds(micros);
}

// A Time that fits between 32-bit members.
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

}  // namespace strata::tcp
