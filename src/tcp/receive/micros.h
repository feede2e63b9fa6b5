// SPDX-License-Identifier: Apache-2.0
// Micros: times in four bytes, for what each connection keeps.
#pragma once

#include <chrono>
#include <cstdint>

#include "strata/time.h"
#include "tcp/packed_time.h"

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

}  // namespace strata::tcp
