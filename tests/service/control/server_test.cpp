// SPDX-License-Identifier: Apache-2.0
#include "service/control/server.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "service/connections/socket_walk.h"
#include "service/control/answers.h"
#include "service/control/messages.h"
#include "service/control/socket.h"
#include "service/echo_session.h"
#include "service/lab.h"
#include "strata/udp_socket.h"

namespace strata::service::server_test {
namespace {

class ControlServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = ControlServer::open(*lab.loop, path, {lab.ours.get(), lab.theirs.get()});
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    server = std::move(*opened);
  }
  int connect() {
    const auto client = connect_to_unix_socket(path);
    EXPECT_TRUE(client.has_value());
    turn();
    return client.value_or(-1);
  }
  void turn() {
    for (int i = 0; i < 40; ++i) lab.settle();
  }
  void send(int client, const std::string& text) {
    ASSERT_EQ(::send(client, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
    turn();
  }
  // What has come so far.
  static std::string receive(int client) {
    std::string text;
    std::array<char, 65'536> buffer;
    for (;;) {
      const ssize_t count = ::recv(client, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count <= 0) return text;
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
  // Ten thousand echoes: far more captured bytes than a client may have waiting.
  void make_traffic(std::uint64_t count, std::size_t size) {
    EchoOptions options{.destination = *IpAddress::parse("10.77.0.1")};
    options.count = count;
    options.size = size;
    options.flood = true;
    EchoSession session(lab.ours->stack(), *lab.loop, options, {});
    ASSERT_TRUE(session.start().has_value());
    for (int i = 0; i < 4000 && !session.is_done(); ++i) {
      lab.run_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(session.statistics().received, count);
  }

  Lab lab;
  TemporaryFolder folder;
  std::string path = folder.path + "/run/x.sock";
  std::unique_ptr<ControlServer> server;
};

TEST_F(ControlServerTest, AnswersStatusOfAllItsStacks) {
  const int client = connect();
  send(client, control_request({.command = ControlCommand::kStatus}));
  const std::string reply = receive(client);
  ASSERT_TRUE(reply.ends_with("\n"));
  const auto text = render_status(reply, false);
  ASSERT_TRUE(text.has_value()) << text.error().text;
  EXPECT_NE(text->find("ours: up"), std::string::npos);
  EXPECT_NE(text->find("theirs: up"), std::string::npos);
  EXPECT_NE(text->find("10.77.0.2/24"), std::string::npos);
  ::close(client);
}

TEST_F(ControlServerTest, RefusesWhatItDoesNotUnderstandAndGoesOn) {
  const int client = connect();
  send(client, "nonsense\n{\"command\":\"dance\"}\n{\"command\":\"status\",\"x\":1}\n");
  const std::string reply = receive(client);
  EXPECT_EQ(std::ranges::count(reply, '\n'), 3);
  EXPECT_NE(reply.find("expected one JSON object per line"), std::string::npos);
  EXPECT_NE(reply.find("unknown command 'dance'"), std::string::npos);
  send(client, control_request({.command = ControlCommand::kStatus}));
  EXPECT_TRUE(parse_control_reply(receive(client)).has_value());
  ::close(client);
}

TEST_F(ControlServerTest, ARequestWithoutEndCostsTheConnection) {
  const int client = connect();
  send(client, std::string(8000, 'x'));
  EXPECT_NE(receive(client).find("at most 4096 bytes"), std::string::npos);
  char byte = 0;
  EXPECT_EQ(::recv(client, &byte, 1, MSG_DONTWAIT), 0);
  ::close(client);
}

TEST_F(ControlServerTest, StreamsFramesUntilTheClientLeaves) {
  const int client = connect();
  send(client, control_request({.command = ControlCommand::kCapture}));
  EXPECT_TRUE(parse_control_reply(receive(client)).has_value());
  make_traffic(2, 56);
  turn();
  const std::string lines = receive(client);
  const auto frame = parse_captured_frame(lines.substr(0, lines.find('\n')));
  ASSERT_TRUE(frame.has_value()) << frame.error().text;
  EXPECT_EQ(frame->interface, "ours");
  EXPECT_EQ(frame->medium, Medium::kEthernet);
  EXPECT_EQ(frame->size, frame->bytes.size());
  ::close(client);
  turn();
  make_traffic(2, 56);
}

TEST_F(ControlServerTest, SendsOnlyWhatTheFilterOfAClientTakes) {
  const int replies = connect();
  const int cut = connect();
  send(replies, control_request({.command = ControlCommand::kCapture,
                                 .filter = "icmp[icmptype] == icmp-echoreply"}));
  send(cut, control_request({.command = ControlCommand::kCapture, .snap_length = 20}));
  EXPECT_TRUE(parse_control_reply(receive(replies)).has_value());
  EXPECT_TRUE(parse_control_reply(receive(cut)).has_value());
  make_traffic(3, 56);
  turn();
  const std::string lines = receive(replies);
  EXPECT_EQ(std::ranges::count(lines, '\n'), 3) << lines;
  const auto reply = parse_captured_frame(lines.substr(0, lines.find('\n')));
  ASSERT_TRUE(reply.has_value());
  EXPECT_TRUE(reply->is_incoming);
  EXPECT_EQ(reply->bytes.size(), reply->size);
  const std::string all = receive(cut);
  EXPECT_GE(std::ranges::count(all, '\n'), 6);
  const auto frame = parse_captured_frame(all.substr(0, all.find('\n')));
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->bytes.size(), 20U);
  EXPECT_GT(frame->size, 20U);
  ::close(replies);
  ::close(cut);
}

// The watch looks for what anybody wants, whoever comes, goes or thinks again.
TEST_F(ControlServerTest, ServesThoseWhoStayWhenAnotherLeaves) {
  const auto capture = [this](int client, const char* filter) {
    send(client, control_request({.command = ControlCommand::kCapture, .filter = filter}));
    EXPECT_TRUE(parse_control_reply(receive(client)).has_value());
  };
  const int replies = connect();
  const int requests = connect();
  capture(replies, "icmp[icmptype] == icmp-echoreply");
  capture(requests, "icmp[icmptype] == icmp-echo");
  ::close(requests);
  turn();
  make_traffic(3, 56);
  turn();
  const std::string first = receive(replies);
  EXPECT_EQ(std::ranges::count(first, '\n'), 3) << first;
  capture(replies, "icmp");
  make_traffic(3, 56);
  turn();
  const std::string second = receive(replies);
  EXPECT_EQ(std::ranges::count(second, '\n'), 6) << second;
  EXPECT_EQ(parse_captured_frame(second.substr(0, second.find('\n')))->missed, 0U);
  ::close(replies);
}

TEST_F(ControlServerTest, SaysWhyAFilterDoesNotCompile) {
  const int client = connect();
  for (const char* filter : {"tcp prt 80", "host www.example.org"}) {
    send(client, control_request({.command = ControlCommand::kCapture, .filter = filter}));
    const auto refused = parse_control_reply(receive(client));
    ASSERT_FALSE(refused.has_value()) << filter;
    EXPECT_NE(refused.error().text.find(filter), std::string::npos) << refused.error().text;
  }
  // It is heard further, and captures nothing.
  make_traffic(1, 56);
  send(client, control_request({.command = ControlCommand::kStatus}));
  EXPECT_EQ(std::ranges::count(receive(client), '\n'), 1);
  ::close(client);
}

TEST_F(ControlServerTest, AClientThatStallsLosesFramesAndHoldsUpNobody) {
  const int client = connect();
  send(client, control_request({.command = ControlCommand::kCapture}));
  make_traffic(4000, 1400);
  std::uint64_t missed = 0;
  std::string rest;
  for (int i = 0; i < 200; ++i) {
    rest += receive(client);
    turn();
  }
  // The buffer is bounded: what was kept is less than what was captured.
  EXPECT_LT(rest.size(), 2 * ControlServer::kWaitingBytesMax);
  make_traffic(1, 56);
  turn();
  rest += receive(client);
  const std::size_t last = rest.rfind('\n', rest.size() - 2);
  const auto frame = parse_captured_frame(rest.substr(last + 1, rest.size() - last - 2));
  ASSERT_TRUE(frame.has_value());
  missed = frame->missed;
  EXPECT_GT(missed, 0U);
  ::close(client);
}

TEST_F(ControlServerTest, WhoTakesNoAnswersIsLetGo) {
  const int client = connect();
  const std::string request = control_request({.command = ControlCommand::kStatus});
  for (int i = 0; i < 2000; ++i) {
    if (::send(client, request.data(), request.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
    lab.settle();
  }
  lab.run_for(2 * ControlServer::kStallMax);
  const std::string told = receive(client);
  // One answer beyond what may wait, and what the kernel holds.
  EXPECT_LT(told.size(), std::size_t{1} << 20U);
  char byte = 0;
  const ssize_t count = ::recv(client, &byte, 1, MSG_DONTWAIT);
  EXPECT_TRUE(count == 0 || (count < 0 && errno == ECONNRESET)) << "still connected";
  ::close(client);
}

TEST_F(ControlServerTest, WhoStallsInACaptureMissesFramesAndGoesOn) {
  const int client = connect();
  send(client, control_request({.command = ControlCommand::kCapture}));
  make_traffic(2000, 1400);
  lab.run_for(2 * ControlServer::kStallMax);
  std::string rest;
  for (int i = 0; i < 50; ++i) {
    rest += receive(client);
    turn();
  }
  EXPECT_LT(rest.size(), std::size_t{2} << 20U) << "what waited was kept";
  make_traffic(1, 56);
  turn();
  rest += receive(client);
  ASSERT_TRUE(rest.ends_with('\n'));
  const std::size_t last = rest.rfind('\n', rest.size() - 2);
  const auto frame = parse_captured_frame(rest.substr(last + 1, rest.size() - last - 2));
  ASSERT_TRUE(frame.has_value());
  EXPECT_GT(frame->missed, 1000U);
  ::close(client);
}

TEST_F(ControlServerTest, AListComesInPages) {
  const int client = connect();
  send(client, R"({"command":"status","list":"addresses","offset":1,"limit":1})"
               "\n");
  const std::string page = receive(client);
  EXPECT_NE(page.find("\"addresses_total\":"), std::string::npos) << page;
  EXPECT_EQ(page.find("\"routes\""), std::string::npos) << page;
  EXPECT_EQ(page.find("127.0.0.1"), std::string::npos) << "the first entry: " << page;
  for (const char* wrong :
       {R"({"command":"status","list":"cats"})", R"({"command":"status","offset":1})",
        R"({"command":"status","list":"routes","limit":-1})",
        R"({"command":"status","list":"routes,drops"})"}) {
    send(client, std::string(wrong) + "\n");
    EXPECT_FALSE(parse_control_reply(receive(client)).has_value()) << wrong;
  }
  ::close(client);
}

TEST_F(ControlServerTest, WhatIsAskedBehindALongListIsAnsweredBehindIt) {
  const int client = connect();
  ControlRequest sockets{.command = ControlCommand::kStatus};
  sockets.parts = *SnapshotParts::parse("sockets");
  ControlRequest routes = sockets;
  routes.parts = *SnapshotParts::parse("routes");
  send(client, control_request(sockets) + control_request(routes) + control_request(sockets));
  const std::string lines = receive(client);
  ASSERT_EQ(std::ranges::count(lines, '\n'), 3) << lines;
  const std::size_t second = lines.find('\n') + 1;
  const std::size_t third = lines.find('\n', second) + 1;
  EXPECT_TRUE(lines.substr(0, second).contains("\"sockets\":["));
  EXPECT_TRUE(lines.substr(second, third - second).contains("\"routes\":["));
  EXPECT_TRUE(lines.substr(third).contains("\"sockets\":["));
  ::close(client);
}

TEST_F(ControlServerTest, WhoLeavesBeforeItsListIsToldHarmsNobody) {
  const int leaver = connect();
  const int stayer = connect();
  ControlRequest list{.command = ControlCommand::kStatus};
  list.parts = *SnapshotParts::parse("connections");
  const std::string request = control_request(list);
  ASSERT_EQ(::send(leaver, request.data(), request.size(), MSG_NOSIGNAL), std::ssize(request));
  ::close(leaver);
  send(stayer, request);
  EXPECT_TRUE(parse_control_reply(receive(stayer)).has_value());
  ::close(stayer);
}

TEST_F(ControlServerTest, WhoLeavesWhileAListIsOnItsWayGivesUpTheSeat) {
  Lab still;  // has no turn meanwhile, which a list of so many sockets needs
  std::deque<UdpSocket> sockets;
  for (std::uint16_t port = 10'000; sockets.size() <= 2 * SocketWalk::kSliceTold; ++port) {
    sockets.push_back(*UdpSocket::open(still.ours->stack()));
    ASSERT_TRUE(sockets.back().bind({IpAddress::any_v6(), port}).has_value());
  }
  server.reset();
  server = *ControlServer::open(*lab.loop, path, {still.ours.get()});
  ControlRequest list{.command = ControlCommand::kStatus};
  list.parts = *SnapshotParts::parse("sockets");
  std::vector<int> clients;
  for (std::size_t i = 0; i < ControlServer::kClientsMax; ++i) {
    clients.push_back(connect());
    send(clients.back(), control_request(list));
    EXPECT_EQ(receive(clients.back()), "");
  }
  for (const int client : clients) ::close(client);
  turn();
  const int next = connect();
  EXPECT_EQ(receive(next), "") << "there is room";
  ::close(next);
  server.reset();
}

TEST_F(ControlServerTest, ClientsBeyondTheLimitAreToldSo) {
  std::vector<int> clients;
  for (std::size_t i = 0; i < ControlServer::kClientsMax; ++i) clients.push_back(connect());
  const int one_more = connect();
  EXPECT_NE(receive(one_more).find("too many clients"), std::string::npos);
  for (const int client : clients) ::close(client);
  ::close(one_more);
}

TEST_F(ControlServerTest, WithoutADescriptorItWaitsAndTheLoopSleeps) {
  const auto client = connect_to_unix_socket(path);
  ASSERT_TRUE(client.has_value());
  const std::string request = control_request({.command = ControlCommand::kStatus});
  ASSERT_GT(::send(*client, request.data(), request.size(), MSG_NOSIGNAL), 0);
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  const int lowest = ::dup(*client);
  ::close(lowest);
  const rlimit none_left{static_cast<rlim_t>(lowest), usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none_left), 0);
  for (int i = 0; i < 20; ++i) lab.loop->run_once(Duration::zero());
  const bool is_busy = lab.loop->run_once(Duration::zero());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
  EXPECT_FALSE(is_busy);
  lab.run_for(std::chrono::milliseconds(200));
  turn();
  const std::string reply = receive(*client);
  EXPECT_TRUE(parse_control_reply(reply).has_value());
  ::close(*client);
}

TEST_F(ControlServerTest, TheSocketIsForItsOwnerAloneAndGoesWithTheServer) {
  const auto mode = std::filesystem::status(path).permissions();
  EXPECT_EQ(mode & std::filesystem::perms::all,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto second = ControlServer::open(*lab.loop, path, {lab.ours.get()});
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().text.find("another stack answers there"), std::string::npos);
  server = nullptr;
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace strata::service::server_test
