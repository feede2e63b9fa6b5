// SPDX-License-Identifier: Apache-2.0
// The small floating-point codes of IGMPv3 and MLDv2 (RFC 3376 4.1.1, RFC 3810 5.1.3).
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>

namespace strata::wire {

// A code with its high bit clear is the value itself. Otherwise
//   0 1     4           n     value = (mantissa | 1 << mantissa bits) << (exponent + 3)
//   +-+-----+-----------+
//   |1| exp | mantissa  |     8 bits: 4 of mantissa; 16 bits: 12 of mantissa
//   +-+-----+-----------+
template <std::unsigned_integral Code>
struct FloatCode {
  static constexpr unsigned kCodeBits = std::numeric_limits<Code>::digits;
  static constexpr unsigned kMantissaBits = kCodeBits - 4;
  static constexpr std::uint32_t kLinearEnd = std::uint32_t{1} << (kCodeBits - 1);
  static constexpr std::uint32_t kImplied = std::uint32_t{1} << kMantissaBits;
  static constexpr std::uint32_t kMax = (2 * kImplied - 1) << 10U;

  [[nodiscard]] static constexpr std::uint32_t decode(Code code) {
    if (code < kLinearEnd) return code;
    const unsigned exponent = (static_cast<unsigned>(code) >> kMantissaBits) & 0x7U;
    return ((code & (kImplied - 1)) | kImplied) << (exponent + 3);
  }

  // The code of the largest value that is not above `value`: a host that answers a little too
  // early is still in time.
  [[nodiscard]] static constexpr Code encode(std::uint32_t value) {
    if (value < kLinearEnd) return static_cast<Code>(value);
    if (value >= kMax) return std::numeric_limits<Code>::max();
    unsigned exponent = 0;
    while ((value >> (exponent + 3)) >= 2 * kImplied) ++exponent;
    const std::uint32_t mantissa = (value >> (exponent + 3)) & (kImplied - 1);
    return static_cast<Code>(kLinearEnd | (exponent << kMantissaBits) | mantissa);
  }
};

using FloatCode8 = FloatCode<std::uint8_t>;
using FloatCode16 = FloatCode<std::uint16_t>;
static_assert(FloatCode8::kMax == 31744 && FloatCode16::kMax == 8387584);
static_assert(FloatCode8::decode(0xff) == FloatCode8::kMax);
static_assert(FloatCode16::decode(0xffff) == FloatCode16::kMax);
static_assert(FloatCode8::decode(0x80) == 128 && FloatCode16::decode(0x8000) == 32768);

}  // namespace strata::wire
