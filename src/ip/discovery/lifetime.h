// SPDX-License-Identifier: Apache-2.0
// Lifetimes as advertisements give them: seconds, of which all ones have no end (RFC 4861 4.6.2).
#pragma once

#include <chrono>
#include <cstdint>

#include "strata/time.h"
#include "strata/wire/nd_options.h"

namespace strata::ip {

inline constexpr Duration kWithoutEnd = Duration::max();

[[nodiscard]] constexpr Duration lifetime_of(std::uint32_t seconds) {
  if (seconds == wire::kNdInfiniteLifetime) return kWithoutEnd;
  return std::chrono::seconds(seconds);
}

// A sum that stays at kNever, however late `from` or long `lifetime` is.
[[nodiscard]] constexpr Time after(Time from, Duration lifetime) {
  if (from == kNever || lifetime > kNever - from) return kNever;
  return from + lifetime;
}

}  // namespace strata::ip
