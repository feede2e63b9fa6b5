// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/http_troubles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "service/client.h"
#include "service/web/http/http_server.h"
#include "service/web/web_site.h"

namespace strata::service::http_troubles_test {
namespace {

using testing::HasSubstr;

const Endpoint kPeer{*IpAddress::parse("10.77.0.1"), 4711};

TEST(HttpTroubles, EachKindIsToldOnceAndCountedAlways) {
  std::vector<std::string> told;
  HttpTroubles troubles([&told](const Failure& failure) { told.push_back(failure.text); });
  for (int i = 0; i < 3; ++i) troubles.add(HttpTrouble::kSlow, kPeer);
  troubles.add(HttpTrouble::kTls, kPeer);
  EXPECT_EQ(told.size(), 2U);
  EXPECT_THAT(told.front(), HasSubstr("10.77.0.1 was too slow"));
  EXPECT_EQ(troubles.count(HttpTrouble::kSlow), 3U);
  EXPECT_EQ(troubles.count(HttpTrouble::kMalformed), 0U);
  EXPECT_THAT(troubles.metrics(), HasSubstr("strata_http_troubles_total{kind=\"slow\"} 3\n"));
  EXPECT_THAT(troubles.metrics(), HasSubstr("strata_http_troubles_total{kind=\"memory\"} 0\n"));
}

TEST(HttpTroubles, KindsHaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < static_cast<std::size_t>(HttpTrouble::kCount); ++i) {
    const std::string_view name = name_of(static_cast<HttpTrouble>(i));
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(HttpTroubles, AServerReportsThem) {
  TemporaryFolder www;
  Lab lab;
  HttpTroubles troubles;
  const auto site = std::make_shared<WebSite>(*lab.ours, WebSiteParts{.folder = www.path});
  HttpServer server(*lab.ours);
  server.report_to(troubles);
  ASSERT_TRUE(server.listen(80, site).has_value());
  Client nonsense(lab, 80);
  EXPECT_THAT(nonsense.ask("this is no request\r\n\r\n"), HasSubstr("HTTP/1.1 505 "));
  EXPECT_EQ(troubles.count(HttpTrouble::kMalformed), 1U);
  Client slow(lab, 80);
  slow.send("GET / HTTP/1.1\r\n");
  lab.run_for(HttpConnection::kRequestMax + std::chrono::seconds(16));
  EXPECT_EQ(troubles.count(HttpTrouble::kSlow), 1U);
}

}  // namespace
}  // namespace strata::service::http_troubles_test
