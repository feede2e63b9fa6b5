// SPDX-License-Identifier: Apache-2.0
#include "service/web/web_services.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "service/client.h"
#include "service/web/web_site.h"

namespace strata::service::web_services_test {
namespace {

using testing::HasSubstr;
using testing::Not;
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
  EXPECT_THAT(page, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(page, Not(HasSubstr("Cross-Origin-Opener-Policy"))) << "browsers complain of it";
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

// A service worker of the root would answer in the dashboard's place.
TEST_F(WebServicesTest, FilesHaveNoServiceWorkerOverTheDashboard) {
  std::filesystem::create_directory(folder.path + "/app");
  for (const char* const name : {"/sw.js", "/app/sw.js"}) std::ofstream(folder.path + name) << "1";
  const std::string worker = "Service-Worker: script\r\n";
  open({.serve = {{Service::kHttp, 80, folder.path}}});
  EXPECT_THAT(ask("GET /sw.js?v=/x", worker), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(ask("GET /sw.js"), StartsWith("HTTP/1.1 200 ")) << "as a file it is one of many";
  EXPECT_THAT(ask("GET /app/sw.js", worker), StartsWith("HTTP/1.1 200 "));
  web.reset();
  open({.serve = {{Service::kHttp, 80, folder.path}}, .dashboard = false});
  EXPECT_THAT(ask("GET /sw.js", worker), StartsWith("HTTP/1.1 200 "));
}

TEST_F(WebServicesTest, OneAddressLeavesOthersASeat) {
  open({});
  const auto watch = [&](std::deque<Client>& clients) {
    clients.emplace_back(lab, 80);
    return clients.back().ask(
        "GET /api/live HTTP/1.1\r\nHost: 10.77.0.2\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n");
  };
  std::deque<Client> clients;
  for (std::size_t i = 0; i < WebSite::kLivePerAddress; ++i) {
    EXPECT_THAT(watch(clients), StartsWith("HTTP/1.1 101 ")) << i;
  }
  EXPECT_THAT(watch(clients), StartsWith("HTTP/1.1 503 "));
  clients.front().stream.abort(lab_now);
  lab.run_for(std::chrono::milliseconds(50));
  EXPECT_THAT(watch(clients), StartsWith("HTTP/1.1 101 ")) << "a seat was given back";
}

TEST_F(WebServicesTest, OneAddressLeavesOthersTheirQuestions) {
  open({});
  std::deque<Client> clients;
  for (std::size_t i = 0; i < WebSite::kQuestionsPerAddress + 2; ++i) clients.emplace_back(lab, 80);
  constexpr std::string_view kQuestion = "GET /metrics HTTP/1.1\r\nHost: 10.77.0.2\r\n\r\n";
  for (Client& client : clients) {
    // The first is answered, and the others wait for the rest to be over.
    (void)client.stream.write(std::as_bytes(std::span(kQuestion)), lab_now);
    lab.settle();
  }
  std::size_t refused = 0;
  for (Client& client : clients) {
    if (client.receive().starts_with("HTTP/1.1 503 ")) ++refused;
  }
  EXPECT_EQ(refused, 1U);
  EXPECT_THAT(ask("GET /metrics"), StartsWith("HTTP/1.1 200 ")) << "all were given back";
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
