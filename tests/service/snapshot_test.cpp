// SPDX-License-Identifier: Apache-2.0
#include "service/snapshot.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "service/echo_session.h"
#include "service/lab.h"
#include "strata/tcp_listener.h"
#include "strata/tcp_stream.h"
#include "strata/udp_socket.h"
#include "tcp/doctor.h"

namespace strata::service::snapshot_test {
namespace {

using Json = nlohmann::json;

const Json* find(const Json& list, const char* key, const std::string& value) {
  for (const Json& entry : list) {
    if (entry.value(key, "") == value) return &entry;
  }
  return nullptr;
}

TEST(Snapshot, ShowsInterfacesBeyondTheLimitOfItsOtherLists) {
  Lab lab;
  const Json json =
      snapshot(*lab.ours, SnapshotParts::all(), {.limit = 0, .interfaces_min = kListedMax});
  EXPECT_NE(find(json["interfaces"], "name", "ours"), nullptr);
  EXPECT_TRUE(json["addresses"].empty());
  EXPECT_TRUE(json.contains("addresses_total"));
}

TEST(Snapshot, ShowsWhatTheStackHas) {
  Lab lab;
  auto socket = UdpSocket::open(lab.ours->stack());
  ASSERT_TRUE(socket->bind({IpAddress::any_v6(), 7}).has_value());
  auto sender = UdpSocket::open(lab.theirs->stack());
  const std::byte byte{1};
  ASSERT_TRUE(sender->send_to({&byte, 1}, {*IpAddress::parse("10.77.0.2"), 99}, lab.loop->now())
                  .has_value());
  lab.run_for(std::chrono::milliseconds(20));

  const Json json = snapshot(*lab.ours);
  EXPECT_EQ(json["name"], "ours");
  const Json* interface = find(json["interfaces"], "name", "ours");
  ASSERT_NE(interface, nullptr);
  EXPECT_EQ((*interface)["mtu"], 1500);
  EXPECT_EQ((*interface)["ipv6_mtu"], 1500);
  EXPECT_EQ((*interface)["up"], true);
  const Json* address = find(json["addresses"], "address", "10.77.0.2/24");
  ASSERT_NE(address, nullptr);
  EXPECT_EQ((*address)["state"], "preferred");
  const Json* route = find(json["routes"], "destination", "10.77.0.0/24");
  ASSERT_NE(route, nullptr);
  EXPECT_EQ((*route)["origin"], "connected");
  EXPECT_FALSE(route->contains("gateway"));
  EXPECT_NE(find(json["neighbors"], "address", "10.77.0.1"), nullptr);
  const Json* open = find(json["sockets"], "kind", "udp");
  ASSERT_NE(open, nullptr);
  EXPECT_EQ((*open)["local"], "[::]:7");
  const Json* drop = find(json["drops"], "reason", "udp_no_socket");
  ASSERT_NE(drop, nullptr);
  EXPECT_EQ((*drop)["count"], 1);
  EXPECT_FALSE((*drop)["explanation"].get<std::string>().empty());
  EXPECT_EQ(json["counters"]["icmp_errors_sent"], 1);
}

TEST(Snapshot, SaysWhatLimitsAConnection) {
  Lab lab;
  EXPECT_TRUE(snapshot(*lab.ours).value("connections", Json::array()).empty());
  const Endpoint there{IpAddress::v4(10, 77, 0, 1), 80};
  auto listener = TcpListener::listen(lab.theirs->stack(), there, {});
  ASSERT_TRUE(listener.has_value());
  auto stream = TcpStream::connect(lab.ours->stack(), there, {}, lab_now);
  ASSERT_TRUE(stream.has_value());
  const auto limit = [&] {
    const Json json = snapshot(*lab.ours);
    const Json* entry = find(json["connections"], "remote", "10.77.0.1:80");
    return entry == nullptr ? "" : entry->value("limited_by", "");
  };
  EXPECT_EQ(limit(), tcp::sentence_of(tcp::Limit::kOpening));
  lab.run_for(std::chrono::milliseconds(50));
  EXPECT_EQ(limit(), tcp::sentence_of(tcp::Limit::kSender));
  // Nobody reads over there.
  const std::vector<std::byte> much(64'000);
  for (int i = 0; i < 200; ++i) {
    static_cast<void>(stream->write(much, lab_now));
    lab.run_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(limit(), tcp::sentence_of(tcp::Limit::kPeerWindow));
  const std::string text = status_text(Json::array({snapshot(*lab.ours)}));
  EXPECT_NE(text.find("\n    limited by: The peer's window"), std::string::npos) << text;
}

TEST(StatusText, SaysTheSameInWords) {
  Lab lab;
  const std::string text = status_text(Json::array({snapshot(*lab.ours)}));
  for (const char* part : {"ours: up ", "\nInterfaces\n", "10.77.0.2/24", "\nRoutes\n",
                           "10.77.0.0/24", "(connected, metric 0)", "\nCounters\n"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(StatusText, LeavesOutWhatItDoesNotFindOrDoesNotExpect) {
  // Of another version, or of no stack at all: what is of another kind reads as absent.
  const Json odd{{"name", 7},
                 {"uptime_seconds", "x"},
                 {"interfaces", {{{"name", "x"}, {"up", "yes"}, {"mtu", -1}}}},
                 {"neighbors", {{{"address", "y"}, {"router", 3}}}}};
  EXPECT_NE(status_text(Json::array({odd})).find("x          down"), std::string::npos);
  EXPECT_EQ(status_text(Json::array()), "");
  EXPECT_EQ(status_text(Json::array({Json::object()})), ": up 0 s\n");
  EXPECT_EQ(status_text(Json::array({7, {{"name", "x"}, {"routes", 3}, {"drops", {1, "y"}}}})),
            "x: up 0 s\n\nDropped\n");
  EXPECT_EQ(
      status_text(Json::array({{{"name", "x"}, {"dns_servers", {{{"address", "fd00::53"}}}}}})),
      "x: up 0 s\n\nDNS servers\n  fd00::53\n");
  const Json cut{{"name", "x"}, {"routes", {{{"destination", "::/0"}}}}, {"routes_total", 5000U}};
  EXPECT_NE(status_text(Json::array({cut})).find("and 4999 more"), std::string::npos);
}

}  // namespace
}  // namespace strata::service::snapshot_test
