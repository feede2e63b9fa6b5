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

// RFC 9110 5.6.7 MUST: dates are sent as IMF-fixdate.
TEST(HttpDate, IsAnImfFixdate) {
  struct Row {
    std::int64_t seconds;
    const char* text;
  };
  for (const Row& row : {
           Row{784'111'777, "Sun, 06 Nov 1994 08:49:37 GMT"},
           Row{0, "Thu, 01 Jan 1970 00:00:00 GMT"},
           Row{-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
           Row{951'782'400, "Tue, 29 Feb 2000 00:00:00 GMT"},
           Row{4'102'444'799, "Thu, 31 Dec 2099 23:59:59 GMT"},
       }) {
    EXPECT_EQ(http_date(row.seconds), row.text);
  }
}

// RFC 9110 5.6.7 MUST: all three forms of dates are understood.
TEST(Texts, DatesOfHttpAreReadInAllForms) {
  constexpr std::int64_t kDate = 784'111'777;
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), kDate);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), kDate);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), kDate);
  EXPECT_EQ(parse_http_date(http_date(kDate)), kDate);
  for (const char* const wrong : {"", "yesterday", "Sun, 06 Nov 1994 08:49:37 GMT!",
                                  "Sun, 06 Nov 1994 08:49 GMT", "784111777"}) {
    EXPECT_FALSE(parse_http_date(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace strata::service::texts_test
