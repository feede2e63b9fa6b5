// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/published_datagrams.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "service/gateway/gateway_bench.h"
#include "strata/udp_socket.h"

namespace strata::service::published_datagrams_test {
namespace {

constexpr IpAddress kLoopback = IpAddress::v4(127, 0, 0, 1);

std::uint16_t free_port(int type) {
  const HostEnd gone(type);
  return gone.port();
}

TEST_F(GatewayTest, DatagramsOfClientsComeInAndTheirAnswersGoBackToEach) {
  auto server = UdpSocket::open(inside_->stack(), AddressFamily::kIpv4);
  ASSERT_TRUE(server && server->bind({IpAddress::any_v4(), 53}));
  const std::uint16_t port = free_port(SOCK_DGRAM);
  ASSERT_TRUE(gateway_->publish({kLoopback, port, 53, true}).has_value());
  HostEnd clients[] = {HostEnd(SOCK_DGRAM), HostEnd(SOCK_DGRAM), HostEnd(SOCK_DGRAM)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (const HostEnd& client : clients) {
    ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    client.write("from " + std::to_string(client.port()));
  }
  std::vector<std::byte> buffer(65'536);
  for (int i = 0; i < 3; ++i) {
    Result<DatagramInfo> info = std::unexpected(Error::kWouldBlock);
    ASSERT_TRUE(eventually([&] {
      info = server->receive(buffer);
      return info.has_value();
    }));
    EXPECT_EQ(info->source.address, kGateway4) << "the host's loopback has no other name";
    const std::string text(reinterpret_cast<const char*>(buffer.data()), info->size);
    EXPECT_EQ(text, "from " + std::to_string(info->source.port)) << "its port is its own";
    const std::string answer = "to " + std::to_string(info->source.port);
    ASSERT_TRUE(server->send_to(bytes_of(answer), info->source, now()).has_value());
  }
  for (const HostEnd& client : clients) {
    std::optional<std::string> got;
    EXPECT_TRUE(eventually([&] {
      got = client.read();
      return got != "";
    }));
    EXPECT_EQ(got, "to " + std::to_string(client.port())) << "from where it had sent to";
  }
}

TEST_F(GatewayTest, WhoCallsAllIsAnsweredFromAnAddressOfTheHost) {
  auto server = UdpSocket::open(inside_->stack(), AddressFamily::kIpv4);
  ASSERT_TRUE(server && server->bind({IpAddress::any_v4(), 53}));
  const std::uint16_t port = free_port(SOCK_DGRAM);
  ASSERT_TRUE(gateway_->publish({IpAddress::any_v4(), port, 53, true}).has_value());
  const HostEnd client(SOCK_DGRAM);
  const int may = 1;
  ::setsockopt(client.get(), SOL_SOCKET, SO_BROADCAST, &may, sizeof(may));
  sockaddr_in everybody{};
  everybody.sin_family = AF_INET;
  everybody.sin_port = htons(port);
  everybody.sin_addr.s_addr = htonl(0x7fff'ffff);
  const auto* const address = reinterpret_cast<const sockaddr*>(&everybody);
  if (::sendto(client.get(), "hello", 5, 0, address, sizeof(everybody)) != 5) {
    GTEST_SKIP() << "this host's loopback has no broadcast address";
  }
  std::array<std::byte, 64> buffer{};
  ASSERT_TRUE(eventually([&] {
    const auto got = server->receive(buffer);
    return got && server->send_to(bytes_of("it is I"), got->source, now());
  }));
  EXPECT_TRUE(eventually([&] { return client.read() == "it is I"; }));
}

TEST_F(GatewayTest, APortThatIsPublishedNoMoreHasNoClients) {
  auto server = UdpSocket::open(inside_->stack(), AddressFamily::kIpv4);
  ASSERT_TRUE(server && server->bind({IpAddress::any_v4(), 53}));
  const std::uint16_t port = free_port(SOCK_DGRAM);
  const PublishOptions published{kLoopback, port, 53, true};
  ASSERT_TRUE(gateway_->publish_only({published}).has_value());
  const HostEnd client(SOCK_DGRAM);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  client.write("asked");
  ASSERT_TRUE(eventually([&] { return gateway_->flows().published_clients == 1; }));
  // The same port cannot lead to two places; what there is stays.
  PublishOptions other = published;
  other.inside_port = 54;
  EXPECT_FALSE(gateway_->publish_only({published, other}).has_value());
  EXPECT_EQ(gateway_->flows().published_clients, 1U);
  ASSERT_TRUE(gateway_->publish_only({other}).has_value());
  ASSERT_TRUE(gateway_->publish_only({published}).has_value());
  gateway_->settle_published();
  EXPECT_EQ(gateway_->flows().published_clients, 1U) << "it was put back before anything settled";
  ASSERT_TRUE(gateway_->publish_only({other}).has_value());
  gateway_->settle_published();
  EXPECT_EQ(gateway_->flows().published_clients, 0U);
  ASSERT_TRUE(gateway_->publish_only({}).has_value());
  gateway_->settle_published();
  EXPECT_TRUE(gateway_->publish_only({published}).has_value()) << "the port was free again";
}

}  // namespace
}  // namespace strata::service::published_datagrams_test
