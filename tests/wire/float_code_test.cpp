// SPDX-License-Identifier: Apache-2.0
// The float codes of IGMPv3 and MLDv2, all of them.
#include "strata/wire/float_code.h"

#include <gtest/gtest.h>

namespace strata::wire::float_code_test {
namespace {

template <typename Float, typename Code>
void expect_exact_codes() {
  std::uint32_t previous = 0;
  for (std::uint32_t code = 0; code <= std::numeric_limits<Code>::max(); ++code) {
    const std::uint32_t value = Float::decode(static_cast<Code>(code));
    EXPECT_TRUE(code == 0 || value > previous) << code;
    EXPECT_EQ(Float::encode(value), code);
    previous = value;
  }
  EXPECT_EQ(previous, Float::kMax);
}

TEST(FloatCode, EncodeUndoesDecodeForEveryCode) {
  expect_exact_codes<FloatCode8, std::uint8_t>();
  expect_exact_codes<FloatCode16, std::uint16_t>();
}

// RFC 3376 4.1.1 MUST: codes from 128 on are mantissa and exponent.
TEST(FloatCode, MatchesValuesWorkedOutByHand) {
  EXPECT_EQ(FloatCode8::decode(100), 100U);
  EXPECT_EQ(FloatCode8::decode(0x8f), 248U);    // (15 | 16) << 3
  EXPECT_EQ(FloatCode8::decode(0x90), 256U);    // (0 | 16) << 4
  EXPECT_EQ(FloatCode8::decode(0xfe), 30720U);  // (14 | 16) << 10
  EXPECT_EQ(FloatCode16::decode(0x7fff), 32767U);
  EXPECT_EQ(FloatCode16::decode(0x8001), 32776U);  // (1 | 4096) << 3
  EXPECT_EQ(FloatCode16::decode(0x9000), 65536U);  // (0 | 4096) << 4
}

TEST(FloatCode, RoundsDownBetweenCodesAndSaturates) {
  EXPECT_EQ(FloatCode8::encode(135), 0x80);
  EXPECT_EQ(FloatCode8::encode(136), 0x81);
  EXPECT_EQ(FloatCode8::encode(31743), 0xfe);
  EXPECT_EQ(FloatCode8::encode(0xffff'ffff), 0xff);
  EXPECT_EQ(FloatCode16::encode(0xffff'ffff), 0xffff);
}

}  // namespace
}  // namespace strata::wire::float_code_test
