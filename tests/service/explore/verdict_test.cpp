// SPDX-License-Identifier: Apache-2.0
#include "service/explore/verdict.h"

#include <gtest/gtest.h>

#include <set>

namespace strata::service::verdict_test {
namespace {

TEST(TrialVerdict, EachTroubleHasWordsOfItsOwn) {
  std::set<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(Broken::kHung); ++i) {
    words.insert(to_text(static_cast<Broken>(i)));
  }
  EXPECT_EQ(words.size(), static_cast<std::size_t>(Broken::kHung) + 1);
  EXPECT_FALSE(words.contains("unknown"));
}

TEST(TrialVerdict, TwoCrashesAreTheSameWhereTheyFellAtTheSamePlace) {
  const TrialVerdict here{.broken = Broken::kCrashed, .text = "src/a.cpp:1: STRATA_CHECK(x)"};
  const TrialVerdict there{.broken = Broken::kCrashed, .text = "src/b.cpp:9: STRATA_CHECK(y)"};
  EXPECT_TRUE(is_same_trouble(here, here));
  EXPECT_FALSE(is_same_trouble(here, there));
  const TrialVerdict early{.broken = Broken::kStuck, .text = "at 3"};
  const TrialVerdict late{.broken = Broken::kStuck, .text = "at 9"};
  EXPECT_TRUE(is_same_trouble(early, late));
  EXPECT_FALSE(is_same_trouble(early, here));
}

}  // namespace
}  // namespace strata::service::verdict_test
