// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "service/web/api.h"

namespace strata::service::api_change_test {
namespace {

TEST(ApiChange, StartsAndStopsACapture) {
  const auto start = api_change("capture", R"({"action":"start","filter":"icmp","snap":96})");
  ASSERT_TRUE(start.has_value());
  EXPECT_EQ(start->kind, FaceQuery::Kind::kCaptureStart);
  EXPECT_EQ(start->filter, "icmp");
  EXPECT_EQ(start->snap, 96U);
  const auto stop = api_change("capture", R"({"action":"stop"})");
  ASSERT_TRUE(stop.has_value());
  EXPECT_EQ(stop->kind, FaceQuery::Kind::kCaptureStop);
}

TEST(ApiChange, RefusesWhatItDoesNotUnderstand) {
  EXPECT_EQ(api_change("status", R"({"action":"start"})").error().status, 404U);
  for (const char* const wrong :
       {"", "{", "[]", "7", "{}", R"({"action":7})", R"({"action":"x"})",
        R"({"action":"start","snap":-1})", R"({"action":"start","snap":"x"})"}) {
    const auto change = api_change("capture", wrong);
    ASSERT_FALSE(change.has_value()) << wrong;
    EXPECT_EQ(change.error().status, 400U) << wrong;
  }
}

}  // namespace
}  // namespace strata::service::api_change_test
