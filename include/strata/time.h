// SPDX-License-Identifier: Apache-2.0
// Time is told to the stack from outside: a Clock without now().
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace strata {

using Duration = std::chrono::duration<std::int64_t, std::nano>;

// Names the time line of a stack. Nobody can ask it for the time: a loop or a simulated world
// passes `now` to every call, so the same run can be had again.
struct Clock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = Duration;
  using time_point = std::chrono::time_point<Clock, Duration>;
  static constexpr bool is_steady = true;
};

using Time = Clock::time_point;

inline constexpr Time kNever = Time::max();

// The earlier of two deadlines, of which either may be absent.
[[nodiscard]] constexpr std::optional<Time> earlier(std::optional<Time> a, std::optional<Time> b) {
  if (!a) return b;
  if (!b) return a;
  return *a < *b ? a : b;
}

}  // namespace strata
