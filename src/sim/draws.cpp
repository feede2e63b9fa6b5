// SPDX-License-Identifier: Apache-2.0
#include "sim/draws.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>

// Fixed point: a number with N bits behind the point is called "of N bits" here.

namespace strata::sim {
namespace {

constexpr std::uint64_t kOne31 = std::uint64_t{1} << 31U;
constexpr std::uint64_t kLn2 = 11'629'080;  // of 24 bits

// The logarithm to base 2 of a number that is not 0; of 32 bits. Squaring a mantissa doubles its
// logarithm: each carry is a bit of it.
constexpr std::uint64_t log2_of(std::uint64_t value) {
  const auto exponent = static_cast<unsigned>(std::bit_width(value)) - 1;
  std::uint64_t mantissa = (value << (63 - exponent)) >> 32U;  // of 31 bits, from 1 to 2
  std::uint64_t fraction = 0;
  for (unsigned bit = 32; bit-- > 0;) {
    mantissa = (mantissa * mantissa) >> 31U;
    if (mantissa < 2 * kOne31) continue;
    mantissa >>= 1U;
    fraction |= std::uint64_t{1} << bit;
  }
  return (std::uint64_t{exponent} << 32U) | fraction;
}

constexpr std::uint64_t root_of(std::uint64_t value) {
  std::uint64_t root = 0;
  for (unsigned bit = 32; bit-- > 0;) {
    const std::uint64_t more = root | (std::uint64_t{1} << bit);
    if (more * more <= value) root = more;
  }
  return root;
}

// 2 to the power of 1/2, 1/4, 1/8 ...; of 31 bits.
constexpr std::array<std::uint64_t, 32> kRootsOfTwo = [] {
  std::array<std::uint64_t, 32> roots{};
  std::uint64_t root = 2 * kOne31;
  for (std::uint64_t& each : roots) each = root = root_of(root << 31U);
  return roots;
}();

// 2 to the power of a fraction of 32 bits below 1; of 31 bits.
constexpr std::uint64_t power_of_two(std::uint32_t fraction) {
  std::uint64_t power = kOne31;
  for (std::size_t i = 0; i < kRootsOfTwo.size(); ++i) {
    if ((fraction >> (31 - i) & 1U) != 0) power = (power * kRootsOfTwo[i]) >> 31U;
  }
  return power;
}

// A duration times a factor of `bits` bits (fewer than 32), up to the longest there is.
Duration scaled(Duration duration, std::uint64_t factor, unsigned bits) {
  const auto whole = static_cast<std::uint64_t>(duration.count());
  const std::uint64_t high = whole >> bits, low = whole & ((std::uint64_t{1} << bits) - 1);
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (factor != 0 && (high > kMost / factor || low > kMost / factor)) return Duration::max();
  const std::uint64_t product = high * factor, rest = (low * factor) >> bits;
  if (rest > kMost - product) return Duration::max();
  return Duration(static_cast<std::int64_t>(product + rest));
}

// -log2 of a number between 0 and 1, each as likely; of 32 bits.
std::uint64_t surprise(Rng& rng) {
  const std::uint64_t drawn = std::max<std::uint64_t>(rng.next(), 1);
  return (std::uint64_t{64} << 32U) - log2_of(drawn);
}

}  // namespace

// Marsaglia's polar method (1964): of a point (u, v) in the unit circle at s = u^2 + v^2 from the
// centre, u * sqrt(-2 ln s / s) is normal.
Duration draw_normal(Rng& rng, Duration deviation) {
  std::uint64_t u = 0, v = 0, square = 0;
  bool is_negative = false;
  do {
    const std::uint64_t drawn = rng.next();
    u = drawn >> 33U;          // of 31 bits
    v = drawn & (kOne31 - 1);  // of 31 bits
    is_negative = (drawn >> 31U & 1U) != 0;
    square = u * u + v * v;  // of 62 bits
  } while (square == 0 || square >= std::uint64_t{1} << 62U);
  const std::uint64_t log2 = (std::uint64_t{62} << 32U) - log2_of(square);  // of 32 bits
  const std::uint64_t twice_ln = ((log2 >> 8U) * kLn2) >> 23U;              // of 25 - 1 bits
  const auto shift = static_cast<unsigned>(std::countl_zero(square));
  const std::uint64_t share = ((u * u) << shift) / ((square << shift) >> 32U);  // u^2 / s, 32 bits
  const std::uint64_t normal = root_of(twice_ln * (share >> 2U));  // of (24 + 30) / 2 bits
  const Duration size = scaled(deviation, normal, 27);
  return is_negative ? -size : size;
}

Duration draw_pareto(Rng& rng, Duration scale, Ratio tail) {
  const std::uint64_t exponent = surprise(rng) / tail.numerator * tail.denominator;  // of 32 bits
  constexpr std::uint64_t kWholeMax = 31;
  const std::uint64_t whole = exponent >> 32U;
  if (whole > kWholeMax) return scale == Duration::zero() ? scale : Duration::max();
  const std::uint64_t power = power_of_two(static_cast<std::uint32_t>(exponent)) << whole;
  return scaled(scale, power - kOne31, 31);
}

Duration draw_exponential(Rng& rng, Duration mean) {
  const std::uint64_t ln = ((surprise(rng) >> 8U) * kLn2) >> 24U;  // of 24 bits
  return scaled(mean, ln, 24);
}

}  // namespace strata::sim
