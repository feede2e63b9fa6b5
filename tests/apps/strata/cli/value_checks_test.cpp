// SPDX-License-Identifier: Apache-2.0
#include "strata/cli/value_checks.h"

#include <gtest/gtest.h>

#include <string>

namespace strata::app::value_checks_test {
namespace {

// What a check makes of a value: the value, or what is wrong with it.
std::string checked(const ValueCheck& check, std::string value) {
  std::string fault = check(value);
  return fault.empty() ? value : fault;
}

TEST(ValueChecks, AWholeNumberIsDecimalAndWithinItsLimits) {
  const ValueCheck check = whole_number(1, 255);
  for (const char* good : {"1", "64", "255"}) EXPECT_EQ(checked(check, good), good);
  EXPECT_EQ(checked(check, "010"), "10") << "CLI11 would read octal";
  for (const std::string bad :
       {"", "0", "256", "-1", "+1", "1.5", "0x10", "1 ", "ten", "18446744073709551617"}) {
    EXPECT_EQ(checked(check, bad), "'" + bad + "' is not a number from 1 to 255");
  }
  EXPECT_EQ(checked(whole_number(0, UINT64_MAX), "18446744073709551615"), "18446744073709551615");
}

TEST(ValueChecks, SecondsAreFiniteAndNoMoreThanADay) {
  const ValueCheck check = seconds_from(0.001);
  for (const char* good : {"0.001", "1", "2.5", "1e3", "86400"}) {
    EXPECT_EQ(checked(check, good), good);
  }
  for (const std::string bad : {"", "0", "0.0009", "-1", "nan", "-nan", "inf", "86401", "1s"}) {
    EXPECT_EQ(checked(check, bad), "'" + bad + "' is not a number of seconds from 0.001 to 86400");
  }
}

TEST(ValueChecks, AWordIsOneOfThose) {
  const ValueCheck check = one_of({"send", "receive"});
  EXPECT_EQ(checked(check, "send"), "send");
  EXPECT_EQ(checked(check, "Send"), "'Send' is not send or receive");
}

}  // namespace
}  // namespace strata::app::value_checks_test
