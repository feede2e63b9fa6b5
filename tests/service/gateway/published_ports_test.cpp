// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/published_ports.h"

#include <sys/resource.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/gateway/gateway_bench.h"

namespace strata::service::published_ports_test {
namespace {

constexpr IpAddress kLoopback = IpAddress::v4(127, 0, 0, 1);

TEST_F(GatewayTest, AThousandClientsOfAPortAreServedAtOnce) {
  constexpr std::size_t kClients = 1000;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < 3 * kClients) GTEST_SKIP() << "this host has too few descriptors";
  auto server = TcpListener::listen(inside_->stack(), {IpAddress::any_v4(), 80}, {.backlog = 2000});
  ASSERT_TRUE(server.has_value());
  std::uint16_t port = 0;
  {
    const HostEnd gone(SOCK_STREAM);
    port = gone.port();
  }
  ASSERT_TRUE(gateway_->publish({kLoopback, port, 80}).has_value());
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::vector<std::unique_ptr<HostEnd>> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<HostEnd>(nullptr));
    clients[i]->take(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    ASSERT_GE(clients[i]->get(), 0);
    (void)::connect(clients[i]->get(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
    if (i % 50 == 0) (void)loop_->run_once(Duration::zero());
  }
  // All stand before any speaks; each is answered what it said.
  std::vector<TcpStream> served;
  ASSERT_TRUE(eventually([&] {
    while (auto one = server->accept(now())) served.push_back(*std::move(one));
    return served.size() == kClients;
  })) << served.size();
  for (std::size_t i = 0; i < kClients; ++i) clients[i]->write(std::to_string(i));
  std::size_t answered = 0;
  std::vector<std::string> got(kClients);
  EXPECT_TRUE(eventually([&] {
    for (TcpStream& stream : served) {
      std::string text;
      (void)read(stream, text);
      if (text.empty()) continue;
      EXPECT_TRUE(stream.write(bytes_of(text), now()).has_value());
    }
    answered = 0;
    for (std::size_t i = 0; i < kClients; ++i) {
      got[i] += clients[i]->read().value_or("");
      answered += got[i] == std::to_string(i);
    }
    return answered == kClients;
  })) << answered;
}

std::uint16_t free_port() { return HostEnd(SOCK_STREAM).port(); }

// A call to this port of the host's loopback; -1 when it is refused.
int call(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return client;
  ::close(client);
  return -1;
}

// Who waits in the socket of the host waits there still when the port leads elsewhere, or had gone
// for a moment: it is the same socket.
TEST_F(GatewayTest, TheSocketOfAPortIsKeptWhereverItLeads) {
  auto server = TcpListener::listen(inside_->stack(), {IpAddress::any_v4(), 8080}, {});
  ASSERT_TRUE(server.has_value());
  const std::uint16_t port = free_port();
  const PublishOptions first{kLoopback, port, 80};
  const PublishOptions second{kLoopback, port, 8080};
  ASSERT_TRUE(gateway_->publish(first).has_value());
  HostEnd client(nullptr);
  client.take(call(port));
  ASSERT_GE(client.get(), 0);
  ASSERT_TRUE(gateway_->publish_only({}).has_value());
  ASSERT_TRUE(gateway_->publish_only({first}).has_value());
  ASSERT_TRUE(gateway_->publish_only({second}).has_value());
  gateway_->settle_published();
  std::optional<TcpStream> served;
  EXPECT_TRUE(eventually([&] {
    if (auto one = server->accept(now())) served = *std::move(one);
    return served.has_value();
  })) << "it had called before";
}

TEST_F(GatewayTest, APortThatGoesIsOpenUntilAllIsSettled) {
  const std::uint16_t port = free_port();
  const HostEnd taken(SOCK_STREAM);
  const PublishOptions published{kLoopback, port, 80};
  ASSERT_TRUE(gateway_->publish(published).has_value());
  const std::vector<PublishOptions> wanted{{kLoopback, free_port(), 80},
                                           {kLoopback, taken.port(), 80}};
  ASSERT_FALSE(gateway_->publish_only(wanted).has_value());
  ASSERT_TRUE(gateway_->publish_only({published}).has_value());
  gateway_->settle_published();
  HostEnd client(nullptr);
  client.take(call(port));
  EXPECT_GE(client.get(), 0);
  EXPECT_EQ(call(wanted.front().host_port), -1) << "what came is taken back";
  ASSERT_TRUE(gateway_->publish_only({}).has_value());
  gateway_->settle_published();
  EXPECT_EQ(call(port), -1);
}

// All addresses of a port and one of them cannot be open together.
TEST_F(GatewayTest, OneAddressOfAPortTakesThePlaceOfAllOfThem) {
  const std::uint16_t port = free_port();
  const std::vector<PublishOptions> all{{{}, port, 80}};
  const std::vector<PublishOptions> one{{kLoopback, port, 80}};
  ASSERT_TRUE(gateway_->publish(all.front()).has_value());
  for (const auto* wanted : {&one, &all, &one}) {
    const auto done = gateway_->publish_only(*wanted);
    ASSERT_TRUE(done.has_value()) << done.error().text;
    gateway_->settle_published();
    HostEnd client(nullptr);
    client.take(call(port));
    EXPECT_GE(client.get(), 0);
  }
}

TEST_F(GatewayTest, APortThatCannotBeHadClosesNoOther) {
  const std::uint16_t port = free_port();
  for (const bool is_udp : {false, true}) {
    ASSERT_TRUE(gateway_->publish({IpAddress::any_v4(), port, 80, is_udp}).has_value());
    EXPECT_FALSE(gateway_->publish({{}, port, 80, is_udp}).has_value());
    EXPECT_FALSE(gateway_->publish({kLoopback, port, 80, is_udp}).has_value())
        << "the first one is open still";
  }
}

TEST_F(GatewayTest, AllAddressesOfOneFamilyAreThatFamilyAlone) {
  HostEnd probe(nullptr);
  probe.take(::socket(AF_INET6, SOCK_STREAM, 0));
  if (probe.get() < 0) GTEST_SKIP() << "this host has no IPv6";
  const std::uint16_t port = free_port();
  for (const bool is_udp : {false, true}) {
    ASSERT_TRUE(gateway_->publish({IpAddress::any_v4(), port, 80, is_udp}).has_value());
    EXPECT_TRUE(gateway_->publish({IpAddress::any_v6(), port, 81, is_udp}).has_value());
  }
}

TEST_F(GatewayTest, APortLeadsToOnePlace) {
  const std::uint16_t port = free_port();
  for (const bool is_udp : {false, true}) {
    const PublishOptions options{kLoopback, port, 80, is_udp};
    PublishOptions other = options;
    other.inside_port = 81;
    ASSERT_TRUE(gateway_->publish(options).has_value());
    for (const PublishOptions& each : {options, other}) {
      for (const auto& done : {gateway_->publish(each), gateway_->publish_only({options, each})}) {
        ASSERT_FALSE(done.has_value());
        EXPECT_NE(done.error().text.find("asked for twice"), std::string::npos);
      }
    }
    ASSERT_TRUE(gateway_->publish_only({}).has_value());
    gateway_->settle_published();
  }
}

TEST_F(GatewayTest, SaysWhyAPortCannotBePublished) {
  const HostEnd stream(SOCK_STREAM);
  const HostEnd datagram(SOCK_DGRAM);
  const struct {
    PublishOptions options;
    const char* says;
  } cases[] = {
      {{kLoopback, stream.port(), 80},
       "publish: TCP port {} of the host at 127.0.0.1 is taken by another program"},
      {{{}, stream.port(), 80}, "publish: TCP port {} of the host is taken by another program"},
      {{kLoopback, datagram.port(), 80, true},
       "publish: UDP port {} of the host at 127.0.0.1 is taken by another program"},
      {{IpAddress::v4(192, 0, 2, 1), 8080, 80},
       "publish: TCP port 8080 of the host at 192.0.2.1: this host has no such address"},
  };
  for (const auto& [options, says] : cases) {
    std::string wanted = says;
    if (const auto hole = wanted.find("{}"); hole != std::string::npos) {
      wanted.replace(hole, 2, std::to_string(options.host_port));
    }
    const auto published = gateway_->publish(options);
    ASSERT_FALSE(published.has_value());
    EXPECT_EQ(published.error().text, wanted);
  }
}

}  // namespace
}  // namespace strata::service::published_ports_test
