// SPDX-License-Identifier: Apache-2.0
// Seeded randomness (xoshiro256**): the same seed gives the same run. Not for keys.
#pragma once

#include <array>
#include <cstdint>

namespace strata {

// A probability without floating point, so that every machine draws the same.
struct Ratio {
  std::uint64_t numerator = 0;
  std::uint64_t denominator = 1;
};

class Rng {
 public:
  explicit constexpr Rng(std::uint64_t seed) {
    for (auto& word : state_) word = split_mix(seed);
  }

  [[nodiscard]] constexpr std::uint64_t next() {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  // Uniform in [0, bound); bound is not 0. Rejection keeps it free of bias.
  [[nodiscard]] constexpr std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t threshold = (0 - bound) % bound;
    std::uint64_t value = next();
    while (value < threshold) value = next();
    return value % bound;
  }

  // Uniform in [low, high].
  [[nodiscard]] constexpr std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    const std::uint64_t width = high - low + 1;
    return width == 0 ? next() : low + below(width);
  }

  [[nodiscard]] constexpr bool chance(Ratio probability) {
    return probability.numerator != 0 && below(probability.denominator) < probability.numerator;
  }

  // An independent stream, so that one consumer's draws do not move another's.
  [[nodiscard]] constexpr Rng fork() { return Rng(next()); }

 private:
  [[nodiscard]] static constexpr std::uint64_t rotate(std::uint64_t value, unsigned by) {
    return (value << by) | (value >> (64U - by));
  }
  [[nodiscard]] static constexpr std::uint64_t split_mix(std::uint64_t& state) {
    state += 0x9e37'79b9'7f4a'7c15;
    std::uint64_t z = state;
    z = (z ^ (z >> 30U)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27U)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31U);
  }

  std::array<std::uint64_t, 4> state_{};
};

}  // namespace strata
