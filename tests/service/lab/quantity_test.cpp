// SPDX-License-Identifier: Apache-2.0
#include "service/lab/quantity.h"

#include <gtest/gtest.h>

namespace strata::service::quantity_test {
namespace {

using namespace std::chrono_literals;

TEST(Quantity, ReadsTimes) {
  EXPECT_EQ(parse_duration("20ms").value(), 20ms);
  EXPECT_EQ(parse_duration("1.5s").value(), 1500ms);
  EXPECT_EQ(parse_duration("1.5 s").value(), 1500ms);
  EXPECT_EQ(parse_duration("2min").value(), 120s);
  EXPECT_EQ(parse_duration("7ns").value(), 7ns);
  EXPECT_EQ(parse_duration("0s").value(), 0s);
}

TEST(Quantity, ReadsRatesSizesAndShares) {
  EXPECT_EQ(parse_bit_rate("10Mbit/s").value(), 10'000'000U);
  EXPECT_EQ(parse_bit_rate("2.5Gbit/s").value(), 2'500'000'000U);
  EXPECT_EQ(parse_byte_count("64KB").value(), 64'000U);
  EXPECT_EQ(parse_byte_count("1500B").value(), 1500U);
  const Ratio share = parse_share("1.5%").value();
  EXPECT_DOUBLE_EQ(static_cast<double>(share.numerator) / static_cast<double>(share.denominator),
                   0.015);
  EXPECT_EQ(parse_share("100%").value().numerator, share.denominator);
}

TEST(Quantity, RefusesWhatIsNone) {
  for (const char* text : {"", "5", "ms", "-1ms", "1e3s", "1..2s", "20 ms ", "20  ms", "20 Ms",
                           "99999999999999999999h", ".", "1,5s"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
  for (const char* text : {"10", "10Mb/s", "0bit/s", "0.4bit/s", "nanbit/s", "infMbit/s"}) {
    EXPECT_FALSE(parse_bit_rate(text).has_value()) << text;
  }
  for (const char* text : {"101%", "-1%", "1", "%"}) {
    EXPECT_FALSE(parse_share(text).has_value()) << text;
  }
  EXPECT_EQ(parse_duration("5").error().text,
            "'5' is not a time, as in 20ms or 1.5s (ns, us, ms, s, min, h)");
}

}  // namespace
}  // namespace strata::service::quantity_test
