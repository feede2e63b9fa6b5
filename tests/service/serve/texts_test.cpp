// SPDX-License-Identifier: Apache-2.0
#include "service/serve/texts.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace strata::service::texts_test {
namespace {

TEST(ChargenLine, HasSeventyTwoPrintableCharactersAndTurnsByOne) {
  const std::string first = chargen_line(0);
  ASSERT_EQ(first.size(), 74U);
  EXPECT_TRUE(first.starts_with(" !\"#$%&'()*+,-./0123"));
  EXPECT_TRUE(first.ends_with("\r\n"));
  for (std::size_t line = 0; line < 200; ++line) {
    const std::string text = chargen_line(line);
    const std::string next = chargen_line(line + 1);
    ASSERT_EQ(text.substr(1, 71), next.substr(0, 71)) << line;
    for (const char one : text.substr(0, 72)) ASSERT_TRUE(one >= ' ' && one <= '~') << line;
  }
  EXPECT_EQ(chargen_line(95), first);
}

TEST(DaytimeText, IsOneLineThatMovesWithTheClock) {
  const std::string text = daytime_text(Time{});
  EXPECT_TRUE(text.ends_with("-UTC\r\n")) << text;
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_NE(daytime_text(Time{} + std::chrono::hours(25)), text);
}

}  // namespace
}  // namespace strata::service::texts_test
