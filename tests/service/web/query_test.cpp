// SPDX-License-Identifier: Apache-2.0
#include "service/web/query.h"

#include <gtest/gtest.h>

#include <string>

namespace strata::service::query_test {
namespace {

TEST(Query, ReadsNamesAndValues) {
  const auto query = Query::of_target("/api/x?a=1&b=&c&a=2&d=x%20y+z%26&&e=%C3%A9#f=1");
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->text("a"), "1") << "the first of several";
  EXPECT_EQ(query->text("b"), "");
  EXPECT_EQ(query->text("c"), "");
  EXPECT_EQ(query->text("d"), "x y z&");
  EXPECT_EQ(query->text("e"), "\xC3\xA9");
  EXPECT_EQ(query->text("f"), "") << "behind the #";
  EXPECT_EQ(query->stranger({"a", "b", "c", "d"}), "e");
  EXPECT_EQ(query->stranger({"a", "b", "c", "d", "e"}), "");
  EXPECT_TRUE(Query::of_target("/api/x").has_value());
}

TEST(Query, KnowsNumbers) {
  const auto query = Query::of_target("/?a=17&b=-1&c=1x&d=99999999999999999999999&e=");
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->number("a", 3), 17U);
  EXPECT_EQ(query->number("e", 3), 3U);
  EXPECT_EQ(query->number("none", 3), 3U);
  for (const char* const name : {"b", "c", "d"}) EXPECT_FALSE(query->number(name, 3)) << name;
}

TEST(Query, RefusesWhatIsMalformedOrTooMuch) {
  for (const char* const target : {"/?a=%", "/?a=%1", "/?a=%zz", "/?%g1=x", "/?a=%-1"}) {
    EXPECT_FALSE(Query::of_target(target).has_value()) << target;
  }
  std::string many = "/?";
  for (std::size_t i = 0; i <= Query::kNamesMax; ++i) many += "a&";
  EXPECT_FALSE(Query::of_target(many).has_value());
}

}  // namespace
}  // namespace strata::service::query_test
