// SPDX-License-Identifier: Apache-2.0
// What a loop keeps for each pollable and each watched descriptor, and how the kernel names them.
#pragma once

#include <cstdint>
#include <vector>

#include "strata/loop.h"

namespace strata {

struct Loop::Member {
  explicit Member(Pollable& driven) : pollable(driven) {}
  Pollable& pollable;
  std::vector<int> descriptors;  // registered with the kernel
};

// Named by its descriptor and a number that grows: a report that was on its way when a descriptor
// was given up cannot reach whoever got the same one next.
struct Loop::Watch {
  std::uint64_t key;
  OnReady on_ready;
};

namespace runtime {

// The 64 bits that epoll gives back: what it is in the upper two, which one in the rest.
inline constexpr std::uint64_t kWakeKey = 0;
inline constexpr std::uint64_t kMemberKey = std::uint64_t{1} << 62U;
inline constexpr std::uint64_t kWatchKey = std::uint64_t{2} << 62U;
inline constexpr std::uint64_t kKeyKind = std::uint64_t{3} << 62U;

[[nodiscard]] constexpr std::uint64_t watch_key(std::uint64_t serial, int descriptor) {
  return kWatchKey | (serial << 32U & ~kKeyKind) | static_cast<std::uint32_t>(descriptor);
}

[[nodiscard]] Error error_of(int system_error);

}  // namespace runtime
}  // namespace strata
