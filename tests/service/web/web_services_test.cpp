// SPDX-License-Identifier: Apache-2.0
#include "service/web/web_services.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "service/client.h"

namespace strata::service::web_services_test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class WebServicesTest : public testing::Test {
 protected:
  void open(const StackOptions& options) {
    auto opened = WebServices::open(
        {.cores = {lab.ours.get()}, .watched = {lab.ours.get()}, .version = "1.2.3"}, options);
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    web = std::move(*opened);
  }
  std::string refusal(const StackOptions& options) {
    auto opened =
        WebServices::open({.cores = {lab.ours.get()}, .watched = {lab.ours.get()}}, options);
    return opened ? "" : opened.error().text;
  }
  std::string ask(const std::string& method_and_target, const std::string& fields = {},
                  std::uint16_t port = 80) {
    Client client(lab, port);
    const std::string host = fields.contains("Host:") ? "" : "Host: 10.77.0.2\r\n";
    return client.ask(method_and_target + " HTTP/1.1\r\n" + host + fields + "\r\n");
  }
  static std::string body_of(const std::string& answer) {
    const std::size_t at = answer.find("\r\n\r\n");
    return at == std::string::npos ? "no head" : answer.substr(at + 4);
  }

  Lab lab;
  TemporaryFolder folder;
  std::unique_ptr<WebServices> web;
};

TEST_F(WebServicesTest, TheDashboardIsAtTheRootWithoutFiles) {
  open({});
  ASSERT_EQ(web->dashboards().size(), 1U);
  EXPECT_EQ(web->dashboards().front().path, "/");
  const std::string page = ask("GET /");
  EXPECT_THAT(page, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(page, HasSubstr("Content-Type: text/html; charset=utf-8\r\n"));
  EXPECT_THAT(page, HasSubstr("Content-Security-Policy: default-src 'self'"));
  EXPECT_THAT(ask("GET /none"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask("POST /"), StartsWith("HTTP/1.1 405 "));
}

TEST_F(WebServicesTest, TheDashboardIsBesideFiles) {
  std::ofstream(folder.path + "/index.html") << "mine";
  open({.serve = {{Service::kHttp, 8080, folder.path}}});
  ASSERT_EQ(web->dashboards().size(), 1U);
  EXPECT_EQ(web->dashboards().front().path, "/_strata/");
  EXPECT_EQ(web->dashboards().front().port, 8080);
  EXPECT_EQ(body_of(ask("GET /", {}, 8080)), "mine");
  EXPECT_THAT(ask("GET /_strata", {}, 8080), HasSubstr("Location: /_strata/\r\n"));
  EXPECT_THAT(ask("GET /_strata/", {}, 8080), HasSubstr("<html"));
  EXPECT_THAT(ask("GET /_strata/api/status?parts=drops", {}, 8080),
              HasSubstr("\"version\":\"1.2.3\""));
}

// Files are for whoever asks, by whatever name; what a stack tells of itself is not.
TEST_F(WebServicesTest, AsksWhoItTalksToWhereItTellsOfTheStack) {
  std::ofstream(folder.path + "/index.html") << "mine";
  open({.serve = {{Service::kHttp, 80, folder.path}}, .dashboard_names = {"box.lan"}});
  EXPECT_THAT(ask("GET /", "Host: evil.example\r\n"), StartsWith("HTTP/1.1 200 "));
  for (const char* path : {"/metrics", "/_strata/", "/_strata/api/status"}) {
    const std::string get = std::string("GET ") + path;
    EXPECT_THAT(ask(get, "Host: evil.example\r\n"), StartsWith("HTTP/1.1 421 ")) << path;
    EXPECT_THAT(ask(get, "Host: BOX.lan:80\r\n"), StartsWith("HTTP/1.1 200 ")) << path;
    EXPECT_THAT(ask(get, "Host: [fd77::2]\r\n"), StartsWith("HTTP/1.1 200 ")) << path;
    EXPECT_THAT(ask(get, "Origin: http://evil.example\r\n"), StartsWith("HTTP/1.1 403 ")) << path;
    EXPECT_THAT(ask(get, "Origin: http://10.77.0.2\r\n"), StartsWith("HTTP/1.1 200 ")) << path;
  }
}

TEST_F(WebServicesTest, WithoutADashboardThereAreFilesOrNothing) {
  open({.dashboard = false});
  EXPECT_TRUE(web->dashboards().empty());
  Client client(lab, 80);
  EXPECT_EQ(client.stream.take_error().value_or(std::nullopt), Error::kConnectionRefused);
  web.reset();
  std::ofstream(folder.path + "/index.html") << "mine";
  open({.serve = {{Service::kHttp, 80, folder.path}}, .dashboard = false});
  EXPECT_EQ(body_of(ask("GET /")), "mine");
  EXPECT_THAT(ask("GET /metrics"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask("GET /_strata/"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(WebServicesTest, GivesWayWhereThePortIsTaken) {
  open({.serve = {{Service::kEcho, 80, {}}}});
  EXPECT_TRUE(web->dashboards().empty());
  EXPECT_THAT(web->absence(), HasSubstr("port 80"));
}

TEST_F(WebServicesTest, SaysWhatItCannotServe) {
  EXPECT_THAT(refusal({.serve = {{Service::kHttp, 80, folder.path + "/none"}}}),
              HasSubstr("No such file"));
  EXPECT_THAT(refusal({.dashboard_token = folder.path + "/none"}), HasSubstr("/none"));
  std::ofstream(folder.path + "/token") << "short\n";
  EXPECT_THAT(refusal({.dashboard_token = folder.path + "/token"}), HasSubstr("16 characters"));
  EXPECT_THAT(refusal({.tls = {.certificate = folder.path + "/c", .key = folder.path + "/k"}}),
              HasSubstr("/c"));
  open({});
  EXPECT_THAT(refusal({}), HasSubstr("TCP port 80"));
}

}  // namespace
}  // namespace strata::service::web_services_test
