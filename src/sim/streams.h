// SPDX-License-Identifier: Apache-2.0
// Where every consumer of randomness in a world gets its own stream.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/siphash.h"
#include "strata/rng.h"

namespace strata::sim {

// What a stream is for. Part of the derivation: values keep their meaning.
enum class StreamUse : std::uint64_t {
  kStackSeed = 1,
  kStackSecretLow = 2,
  kStackSecretHigh = 3,
  kLoss = 16,
  kBurstState = 17,
  kBurstLoss = 18,
  kDuplication = 19,
  kCorruption = 20,
  kCorruptedBits = 21,
  kReordering = 22,
  kJitter = 23,
  kFlaps = 24,
  kTraffic = 25,
};

// Depends on the world's seed, on who draws and on what for, and on nothing else: not on how many
// streams were made before.
[[nodiscard]] inline std::uint64_t stream_seed(std::uint64_t world_seed, std::string_view name,
                                               std::uint64_t direction, StreamUse use) {
  const SipKey key{world_seed, (direction << 32U) | static_cast<std::uint64_t>(use)};
  return siphash24(key, std::as_bytes(std::span(name)));
}

}  // namespace strata::sim
