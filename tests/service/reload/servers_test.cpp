// SPDX-License-Identifier: Apache-2.0
#include "service/reload/servers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "service/client.h"
#include "strata/tcp_listener.h"

namespace strata::service::servers_test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: 10.77.0.2\r\n\r\n";

class ServersTest : public testing::Test {
 protected:
  void open(StackOptions options) {
    auto opened = Servers::open({.cores = {lab.ours.get()}, .watched = {lab.ours.get()}}, options);
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    servers = *std::move(opened);
    running = std::move(options);
  }
  void change(StackOptions to) {
    const auto changed = servers->change(running, to);
    ASSERT_TRUE(changed.has_value()) << changed.error().text;
    running = std::move(to);
  }
  std::string refusal(const StackOptions& to) {
    const auto changed = servers->change(running, to);
    return changed ? "" : changed.error().text;
  }
  bool is_open(std::uint16_t port) {
    Client client(lab, port);
    return client.stream.take_error().value_or(std::nullopt) != Error::kConnectionRefused;
  }
  std::string ask(std::uint16_t port, const std::string& text = kGet) {
    Client client(lab, port);
    return client.ask(text);
  }
  std::string put(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(folder.path + "/" + name);
    std::ofstream(folder.path + "/" + name + "/index.html") << text;
    return folder.path + "/" + name;
  }

  Lab lab;
  TemporaryFolder folder;
  std::unique_ptr<Servers> servers;
  StackOptions running;
};

TEST_F(ServersTest, PortsOpenAndCloseAndConnectionsGoOn) {
  open({.serve = {{Service::kEcho, 7}, {Service::kDiscard, 9}}});
  Client old(lab, 7);
  EXPECT_EQ(old.ask("one"), "one");
  change({.serve = {{Service::kDiscard, 9}, {Service::kEcho, 7007}}});
  EXPECT_FALSE(is_open(7));
  EXPECT_TRUE(is_open(9));
  EXPECT_EQ(ask(7007, "new"), "new");
  EXPECT_EQ(old.ask("two"), "two") << "a session outlives its port";
}

TEST_F(ServersTest, APortMayBecomeAnothersInOneStep) {
  const std::string www = put("www", "files");
  open({.serve = {{Service::kEcho, 8080}}});
  EXPECT_THAT(ask(80), HasSubstr("<html"));
  change({.serve = {{Service::kEcho, 80}, {Service::kHttp, 8080, www}}});
  EXPECT_EQ(ask(80, "echo"), "echo");
  EXPECT_THAT(ask(8080), HasSubstr("files"));
  change({.serve = {{Service::kEcho, 8080}}});
  EXPECT_THAT(ask(80), HasSubstr("<html"));
  EXPECT_EQ(ask(8080, "echo"), "echo");
}

TEST_F(ServersTest, AFolderIsExchangedUnderItsConnections) {
  const std::string one = put("one", "first");
  const std::string two = put("two", "second");
  open({.serve = {{Service::kHttp, 80, one}}});
  Client client(lab, 80);
  EXPECT_THAT(client.ask(kGet), HasSubstr("first"));
  change({.serve = {{Service::kHttp, 80, two}}});
  EXPECT_THAT(client.ask(kGet), HasSubstr("second"));
  change({});
  EXPECT_THAT(client.ask(kGet), HasSubstr("<html"));
}

TEST_F(ServersTest, WhomTheDashboardTalksToChanges) {
  open({});
  const std::string get = "GET /metrics HTTP/1.1\r\nHost: box.lan\r\n\r\n";
  EXPECT_THAT(ask(80, get), StartsWith("HTTP/1.1 421 "));
  change({.dashboard_names = {"box.lan"}});
  EXPECT_THAT(ask(80, get), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServersTest, ATokenIsReadAgain) {
  const std::string token = folder.path + "/token";
  std::ofstream(token) << "0123456789abcdef";
  open({.dashboard_token = token});
  const auto stop_with = [&](const std::string& text) {
    const std::string body = R"({"action":"stop"})";
    return ask(80, "POST /api/capture HTTP/1.1\r\nHost: 10.77.0.2\r\nAuthorization: Bearer " +
                       text + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                       body);
  };
  EXPECT_THAT(stop_with("0123456789abcdef"), StartsWith("HTTP/1.1 200 "));
  std::ofstream(token) << "fedcba9876543210";
  EXPECT_THAT(stop_with("fedcba9876543210"), StartsWith("HTTP/1.1 401 "));
  change({.dashboard_token = token});
  EXPECT_THAT(stop_with("fedcba9876543210"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(stop_with("0123456789abcdef"), StartsWith("HTTP/1.1 401 "));
}

TEST_F(ServersTest, WhatCannotBeHadLeavesAllAsItWas) {
  const std::string www = put("www", "files");
  open({.serve = {{Service::kEcho, 7}, {Service::kHttp, 80, www}}});
  const auto taken = TcpListener::listen(lab.ours->stack(), {IpAddress::any_v6(), 7007}, {});
  ASSERT_TRUE(taken.has_value());
  StackOptions to{.serve = {{Service::kDiscard, 9}, {Service::kEcho, 7007}}};
  EXPECT_THAT(refusal(to), HasSubstr("TCP port 7007"));
  to.serve = {{Service::kHttp, 8080, www}, {Service::kHttp, 7007, www}};
  EXPECT_THAT(refusal(to), HasSubstr("TCP port 7007"));
  to.serve = {{Service::kHttp, 80, folder.path + "/none"}};
  EXPECT_THAT(refusal(to), HasSubstr("No such file"));
  to = {.dashboard_token = folder.path + "/none"};
  EXPECT_THAT(refusal(to), HasSubstr("/none"));
  to = {.tls = {.certificate = folder.path + "/c", .key = folder.path + "/k"}};
  EXPECT_THAT(refusal(to), HasSubstr("/c"));
  EXPECT_EQ(ask(7, "still"), "still");
  EXPECT_THAT(ask(80), HasSubstr("files"));
  EXPECT_FALSE(is_open(9));
  EXPECT_FALSE(is_open(8080));
}

}  // namespace
}  // namespace strata::service::servers_test
