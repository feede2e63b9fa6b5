// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/http_date.h"

#include <gtest/gtest.h>

namespace strata::service::http_date_test {
namespace {

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
TEST(HttpDate, IsReadInAllForms) {
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
}  // namespace strata::service::http_date_test
