// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/datagram_relay.h"

#include <vector>

#include "service/gateway/gateway_bench.h"
#include "strata/udp_socket.h"

namespace strata::service::datagram_relay_test {
namespace {

using namespace std::chrono_literals;

Time virtual_now{};

// The host's sockets are real, and time is not.
class DatagramTest : public GatewayTest {
 protected:
  DatagramTest()
      : GatewayTest({.secret = {1, 2}},
                    {.policy = LoopPolicy::kSpin, .clock = [] { return virtual_now; }}) {}
  void settle() {
    for (int i = 0; i < 200; ++i) (void)loop_->run_once(Duration::zero());
  }
  void pass(Duration span) {
    for (const Time end = virtual_now + span; virtual_now < end; virtual_now += 1s) settle_once();
    settle();
  }
  UdpSocket sends_to(std::uint16_t port) {
    auto socket = UdpSocket::open(inside_->stack(), AddressFamily::kIpv4);
    EXPECT_TRUE(socket && socket->connect({kGateway4, port}));
    EXPECT_TRUE(socket->send(bytes_of("x"), now()).has_value());
    settle();
    return *std::move(socket);
  }

 private:
  void settle_once() { (void)loop_->run_once(Duration::zero()); }
};

// RFC 4787 4.3 MUST: a mapping lives for two minutes at least; five are recommended.
TEST_F(DatagramTest, AFlowIsForgottenFiveMinutesAfterItsLastDatagram) {
  const HostEnd host(SOCK_DGRAM);
  UdpSocket socket = sends_to(host.port());
  EXPECT_EQ(host.read(), "x");
  EXPECT_EQ(gateway_->flows().datagrams, 1U);
  pass(4min);
  ASSERT_TRUE(socket.send(bytes_of("still here"), now()).has_value());
  settle();
  EXPECT_EQ(host.read(), "still here");
  pass(4min);
  EXPECT_EQ(gateway_->flows().datagrams, 1U) << "it was used four minutes ago";
  pass(2min);
  EXPECT_EQ(gateway_->flows().datagrams, 0U);
  ASSERT_TRUE(socket.send(bytes_of("back again"), now()).has_value());
  settle();
  EXPECT_EQ(host.read(), "back again");
}

TEST_F(DatagramTest, FlowsAreBoundedByTheHostsDescriptorsAndOldOnesGoOn) {
  const HostEnd host(SOCK_DGRAM);
  UdpSocket first = sends_to(host.port());
  EXPECT_EQ(host.read(), "x");
  const FewDescriptors few(3);
  std::vector<UdpSocket> others;
  for (int i = 0; i < 10; ++i) others.push_back(sends_to(host.port()));
  EXPECT_EQ(gateway_->flows().datagrams, 4U);
  EXPECT_EQ(gateway_->stack().stack().drops(DropReason::kUdpNoSocket), 7U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(host.read(), "x");
  ASSERT_TRUE(first.send(bytes_of("goes on"), now()).has_value());
  settle();
  EXPECT_EQ(host.read(), "goes on");
}

TEST_F(DatagramTest, ClientsOfAPublishedPortAreForgottenAsWell) {
  std::uint16_t port = 0;
  {
    const HostEnd gone(SOCK_DGRAM);
    port = gone.port();
  }
  ASSERT_TRUE(gateway_->publish({IpAddress::v4(127, 0, 0, 1), port, 53, true}).has_value());
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const HostEnd client(SOCK_DGRAM);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  client.write("x");
  settle();
  EXPECT_EQ(gateway_->flows().published_clients, 1U);
  pass(6min);
  EXPECT_EQ(gateway_->flows().published_clients, 0U);
}

}  // namespace
}  // namespace strata::service::datagram_relay_test
