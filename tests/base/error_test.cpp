// SPDX-License-Identifier: Apache-2.0
#include "strata/error.h"

#include <gtest/gtest.h>

#include <set>

namespace strata::error_test {
namespace {

TEST(Error, EachHasATextOfItsOwn) {
  std::set<std::string_view> texts;
  for (int i = 0; i <= static_cast<int>(Error::kCorrupted); ++i) {
    const std::string_view text = to_text(static_cast<Error>(i));
    EXPECT_NE(text, "unknown error") << i;
    EXPECT_TRUE(texts.insert(text).second) << text;
  }
  EXPECT_EQ(to_text(static_cast<Error>(255)), "unknown error");
}

TEST(Error, AResultIsAValueOrAnError) {
  const Result<int> value = 5;
  const Result<int> error = std::unexpected(Error::kClosed);
  EXPECT_EQ(value.value_or(0), 5);
  EXPECT_EQ(error.error(), Error::kClosed);
}

}  // namespace
}  // namespace strata::error_test
