// SPDX-License-Identifier: Apache-2.0
#include "strata/check.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>

namespace strata::check_test {
namespace {

TEST(Check, ATrueConditionIsEvaluatedOnceAndPasses) {
  int evaluated = 0;
  STRATA_CHECK(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

TEST(CheckDeathTest, AFalseConditionStopsTheProgram) { EXPECT_DEATH(STRATA_CHECK(1 > 2), ""); }

TEST(CheckDeathTest, TheHandlerHearsConditionAndPlaceFirst) {
  const auto tell = [](const char* condition, const char* file, int line) {
    std::fprintf(stderr, "%s at %s, line set: %d\n", condition, std::strrchr(file, '/') + 1,
                 line > 0);
  };
  EXPECT_DEATH(
      {
        set_check_handler(tell);
        STRATA_CHECK(1 > 2);
      },
      "1 > 2 at check_test.cpp, line set: 1");
}

// STRATA_CHECK works where only a constant expression may stand.
constexpr int checked(int value) {
  STRATA_CHECK(value > 0);
  return value;
}
static_assert(checked(3) == 3);

}  // namespace
}  // namespace strata::check_test
