// SPDX-License-Identifier: Apache-2.0
#include "strata/drop_reason.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace strata::drop_reason_test {
namespace {

DropReason reason(std::size_t index) { return static_cast<DropReason>(index); }

TEST(DropReason, EachHasANameOfItsOwnThatSuitsAMetric) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const std::string_view name = name_of(reason(i));
    EXPECT_FALSE(name.empty()) << i;
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_TRUE(std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    })) << name;
  }
}

TEST(DropReason, EachIsExplainedInASentence) {
  std::set<std::string_view> explanations;
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const std::string_view explanation = explanation_of(reason(i));
    EXPECT_GT(explanation.size(), 10U) << name_of(reason(i));
    EXPECT_TRUE(explanation.ends_with('.')) << explanation;
    EXPECT_TRUE(explanations.insert(explanation).second) << explanation;
  }
}

}  // namespace
}  // namespace strata::drop_reason_test
