// SPDX-License-Identifier: Apache-2.0
// Rates, volumes and shares in 64-bit integers: the same result on every machine.
#pragma once

#include <cstdint>
#include <limits>

#include "strata/time.h"

namespace strata::tcp::congestion {

// 8.8 Tbit/s. A rate below it may be multiplied by any gain in percent.
inline constexpr std::uint64_t kRateMax = std::uint64_t{1} << 40U;
inline constexpr std::uint32_t kVolumeMax = std::numeric_limits<std::uint32_t>::max();

inline constexpr std::uint64_t kSecondNanoseconds = 1'000'000'000;
// What may be multiplied by the nanoseconds of a second.
inline constexpr std::uint64_t kExactMax =
    std::numeric_limits<std::uint64_t>::max() / kSecondNanoseconds;

[[nodiscard]] constexpr std::uint32_t to_volume(std::uint64_t bytes) {
  return bytes < kVolumeMax ? static_cast<std::uint32_t>(bytes) : kVolumeMax;
}

[[nodiscard]] constexpr std::uint64_t nanoseconds(Duration duration) {
  return duration.count() > 0 ? static_cast<std::uint64_t>(duration.count()) : 0;
}

// value * percent / 100.
[[nodiscard]] constexpr std::uint64_t percent_of(std::uint64_t value, unsigned percent) {
  return value / 100 * percent + value % 100 * percent / 100;
}

// Bytes that pass at `rate` bytes per second in `duration`. Exact below 147 Gbit/s; above, less by
// a kilobyte and a ten millionth at most.
[[nodiscard]] constexpr std::uint64_t bytes_in(std::uint64_t rate, Duration duration) {
  constexpr std::uint64_t kSecondsMax = std::numeric_limits<std::uint64_t>::max() / kRateMax - 1;
  const std::uint64_t whole = nanoseconds(duration) / kSecondNanoseconds;
  const std::uint64_t rest = nanoseconds(duration) % kSecondNanoseconds;
  if (rate > kRateMax) rate = kRateMax;
  if (whole >= kSecondsMax) return rate * kSecondsMax;
  if (rate <= kExactMax) return rate * whole + rate * rest / kSecondNanoseconds;
  return rate * whole + ((rate >> 10U) * rest / kSecondNanoseconds << 10U);
}

// Bytes per second; 0 for no time.
[[nodiscard]] constexpr std::uint64_t rate_of(std::uint64_t bytes, Duration duration) {
  const std::uint64_t time = nanoseconds(duration);
  if (time == 0) return 0;
  const std::uint64_t rate =
      bytes <= kExactMax ? bytes * kSecondNanoseconds / time : bytes / time * kSecondNanoseconds;
  return rate < kRateMax ? rate : kRateMax;
}

// How long `bytes` take at `rate`, which is not 0.
[[nodiscard]] constexpr Duration time_for(std::uint32_t bytes, std::uint64_t rate) {
  return Duration(static_cast<std::int64_t>(bytes * kSecondNanoseconds / rate));
}

// The largest integer whose cube is not above `value`, digit by digit in base 2.
[[nodiscard]] constexpr std::uint32_t cube_root(std::uint64_t value) {
  std::uint64_t root = 0;
  for (unsigned bit = 22; bit-- > 0;) {
    const std::uint64_t candidate = root | std::uint64_t{1} << bit;
    if (candidate > 2'642'245) continue;  // its cube has more than 64 bits
    if (candidate * candidate * candidate <= value) root = candidate;
  }
  return static_cast<std::uint32_t>(root);
}

}  // namespace strata::tcp::congestion
