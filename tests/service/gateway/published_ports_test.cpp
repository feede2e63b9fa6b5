// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/published_ports.h"

#include <sys/resource.h>

#include <memory>
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
