// SPDX-License-Identifier: Apache-2.0
#include "service/web/api.h"

#include <gtest/gtest.h>

namespace strata::service::api_test {
namespace {

using Kind = FaceQuery::Kind;

TEST(ApiQuestion, KnowsItsPaths) {
  EXPECT_EQ(api_question("status", "/api/status")->kind, Kind::kStatus);
  const auto parts = api_question("status", "/api/status?parts=drops,memory");
  ASSERT_TRUE(parts.has_value());
  EXPECT_TRUE(parts->parts.has(SnapshotPart::kDrops));
  EXPECT_FALSE(parts->parts.has(SnapshotPart::kSockets));
  const auto page =
      api_question("connections", "/api/connections?offset=200&limit=50&sort=-rate&filter=%3A80");
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->kind, Kind::kConnections);
  EXPECT_EQ(page->connections.offset, 200U);
  EXPECT_EQ(page->connections.limit, 50U);
  EXPECT_EQ(page->connections.order, ConnectionOrder::kRate);
  EXPECT_TRUE(page->connections.is_descending);
  EXPECT_EQ(page->connections.filter, ":80");
  const auto one = api_question("connections/1-2-3", "/api/connections/1-2-3");
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->kind, Kind::kConnection);
  EXPECT_EQ(one->id.core, 1U);
  EXPECT_EQ(one->id.handle, (Handle{2, 3}));
  const auto list = api_question("routes", "/api/routes?stack=1&offset=1");
  ASSERT_TRUE(list.has_value());
  EXPECT_EQ(list->kind, Kind::kList);
  EXPECT_EQ(list->list, SnapshotPart::kRoutes);
  EXPECT_EQ(list->stack, 1U);
  EXPECT_EQ(list->window.offset, 1U);
  EXPECT_EQ(list->window.limit, 100U);
}

TEST(ApiQuestion, SaysWhatItDoesNotKnow) {
  struct Row {
    const char* path;
    const char* query;
    unsigned status;
  };
  for (const Row& row : {
           Row{"", "", 404},
           Row{"none", "", 404},
           Row{"resolver", "", 404},
           Row{"connections/", "", 404},
           Row{"connections/1-2", "", 404},
           Row{"connections/1-2-3-4", "", 404},
           Row{"connections/99999-2-3", "", 404},
           Row{"status", "?parts=x", 400},
           Row{"status", "?part=drops", 400},
           Row{"connections", "?sort=beauty", 400},
           Row{"connections", "?limit=0", 400},
           Row{"connections", "?limit=1001", 400},
           Row{"connections", "?offset=x", 400},
           Row{"routes", "?filter=x", 400},
           Row{"routes", "?a=%", 400},
       }) {
    const auto question =
        api_question(row.path, "/api/" + std::string(row.path) + std::string(row.query));
    ASSERT_FALSE(question.has_value()) << row.path << row.query;
    EXPECT_EQ(question.error().status, row.status) << row.path << row.query;
    EXPECT_NE(question.error().text.find("\"error\":"), std::string::npos);
  }
}

}  // namespace
}  // namespace strata::service::api_test
