// SPDX-License-Identifier: Apache-2.0
#include "base/number_text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace strata::number_text_test {
namespace {

TEST(NumberText, IsTheWholeText) {
  EXPECT_EQ(number_in<unsigned>("0"), 0U);
  EXPECT_EQ(number_in<unsigned>("007"), 7U);
  EXPECT_EQ(number_in<std::int64_t>("-12"), -12);
  EXPECT_EQ(number_in<std::uint32_t>("a1B2", 16), 0xa1b2U);
  EXPECT_EQ(number_in<double>("1.5e3"), 1500.0);
  for (const char* text : {"", " 1", "1 ", "+1", "0x10", "1.", "1,000", "one", "-"}) {
    EXPECT_EQ(number_in<int>(text), std::nullopt) << text;
  }
  for (const char* text : {"", "1.5s", "+1.5", ".", "0x1p3"}) {
    EXPECT_EQ(number_in<double>(text), std::nullopt) << text;
  }
}

TEST(NumberText, IsOneThatTheTypeHolds) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(number_in<std::uint64_t>("18446744073709551615"), kMax);
  EXPECT_EQ(number_in<std::uint64_t>("18446744073709551616"), std::nullopt);
  EXPECT_EQ(number_in<std::uint16_t>("65536"), std::nullopt);
  EXPECT_EQ(number_in<unsigned>("-1"), std::nullopt);
  EXPECT_EQ(number_in<double>("1e999"), std::nullopt);
}

}  // namespace
}  // namespace strata::number_text_test
