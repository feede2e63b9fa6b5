// SPDX-License-Identifier: Apache-2.0
#include "service/json_text.h"

#include <gtest/gtest.h>

namespace strata::service::json_text_test {
namespace {

TEST(JsonText, EscapesWhatWouldEndTheStringOrTheLine) {
  EXPECT_EQ(json_string("plain"), "\"plain\"");
  EXPECT_EQ(json_string("a\"b\\c\nd"), R"("a\"b\\c\nd")");
  EXPECT_EQ(json_string("\xff"), "\"\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace strata::service::json_text_test
