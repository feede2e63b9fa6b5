// SPDX-License-Identifier: Apache-2.0
#include "strata/datagram_socket.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "strata/icmp_socket.h"
#include "strata/raw_socket.h"
#include "strata/udp_socket.h"
#include "strata/wire/ip_protocol.h"
#include "support/bench.h"

namespace strata::datagram_socket_test {
namespace {

using namespace support;

// Every shared setter acts on every kind of socket, and only within its limits.
template <typename Socket>
void check_shared_options(Socket& socket, InterfaceId interface) {
  EXPECT_TRUE(socket.set_bound_interface(interface));
  EXPECT_EQ(socket.set_bound_interface(99).error(), Error::kNoDevice);
  EXPECT_TRUE(socket.set_hop_limit(9));
  EXPECT_EQ(socket.set_hop_limit(0).error(), Error::kInvalidArgument);
  EXPECT_TRUE(socket.set_traffic_class(0x28));
  EXPECT_TRUE(socket.set_fragment_policy(FragmentPolicy::kProbe));
  EXPECT_TRUE(socket.set_multicast_interface(interface));
  EXPECT_EQ(socket.set_multicast_interface(99).error(), Error::kNoDevice);
  EXPECT_TRUE(socket.set_multicast_hop_limit(3));
  EXPECT_TRUE(socket.set_multicast_loop(false));
  EXPECT_TRUE(socket.set_receive_errors(true));
  EXPECT_TRUE(socket.set_receive_buffer(5000));
  EXPECT_EQ(socket.set_receive_buffer(1).error(), Error::kInvalidArgument);
  EXPECT_EQ(socket.receive_buffer().value(), 5000U);
  const SocketOptions options = socket.options().value();
  EXPECT_EQ(options.bound_interface, interface);
  EXPECT_EQ(options.hop_limit, 9);
  EXPECT_EQ(options.traffic_class, 0x28);
  EXPECT_EQ(options.fragment_policy, FragmentPolicy::kProbe);
  EXPECT_EQ(options.multicast_interface, interface);
  EXPECT_EQ(options.multicast_hop_limit, 3);
  EXPECT_FALSE(options.multicast_loop);
  EXPECT_TRUE(options.receive_errors);
}

template <typename Socket>
void check_closed(Socket& socket) {
  EXPECT_EQ(socket.options().error(), Error::kInvalidHandle);
  EXPECT_EQ(socket.readiness().error(), Error::kInvalidHandle);
  EXPECT_EQ(socket.take_error().error(), Error::kInvalidHandle);
  EXPECT_EQ(socket.receive_error().error(), Error::kInvalidHandle);
  EXPECT_EQ(socket.set_traffic_class(1).error(), Error::kInvalidHandle);
  EXPECT_EQ(socket.on_ready([](Readiness) {}).error(), Error::kInvalidHandle);
  socket.close();  // closing twice is no error
}

template <typename Socket>
void check(Socket socket, InterfaceId interface) {
  check_shared_options(socket, interface);
  Socket moved = std::move(socket);
  check_closed(socket);
  EXPECT_TRUE(moved.options());
  moved.close();
  check_closed(moved);
}

TEST(DatagramSocket, OptionsActOnEveryKind) {
  Host host;
  check(std::move(*UdpSocket::open(host.stack)), host.eth0);
  check(std::move(*IcmpSocket::open(host.stack, AddressFamily::kIpv4)), host.eth0);
  check(std::move(*RawSocket::open(host.stack, AddressFamily::kIpv4, 253)), host.eth0);
}

TEST(DatagramSocket, AStaleHandleNeverReachesTheNextSocket) {
  Host host;
  auto first = std::move(*UdpSocket::open(host.stack));
  const SocketId old = first.id();
  first.close();
  const auto second = std::move(*UdpSocket::open(host.stack));
  EXPECT_NE(second.id(), old);
}

TEST(DatagramSocket, NewsThatCameBeforeTheCallbackIsToldToIt) {
  Host host;
  auto socket = std::move(*RawSocket::open(host.stack, AddressFamily::kIpv4, 253));
  (void)host.from_peer(ip_packet(host.peer4, host.own4, 253, pattern(10)));
  int told = 0;
  ASSERT_TRUE(socket.on_ready([&](Readiness news) {
    EXPECT_TRUE(news.readable);
    ++told;
  }));
  host.settle();
  EXPECT_EQ(told, 1);
}

TEST(DatagramSocket, ACallbackMayCloseItsOwnSocket) {
  Host host;
  std::optional<IcmpSocket> socket = std::move(*IcmpSocket::open(host.stack, AddressFamily::kIpv4));
  ASSERT_TRUE(socket->bind({}, 77));
  ASSERT_TRUE(socket->on_ready([&](Readiness) { socket.reset(); }));
  (void)host.from_peer(echo_reply(host.peer4, host.own4, 77, 1, pattern(8)));
  EXPECT_FALSE(socket);
}

TEST(DatagramSocket, ACallbackThatWasTakenAwayIsNotCalled) {
  Host host;
  auto socket = std::move(*RawSocket::open(host.stack, AddressFamily::kIpv4, 253));
  (void)host.from_peer(ip_packet(host.peer4, host.own4, 253, pattern(10)));
  ASSERT_TRUE(socket.on_ready([](Readiness) { FAIL() << "it was taken away"; }));
  ASSERT_TRUE(socket.on_ready(nullptr));  // with news that it has not been told yet
  host.settle();
  (void)host.from_peer(ip_packet(host.peer4, host.own4, 253, pattern(10)));
  EXPECT_TRUE(socket.readiness()->readable);
}

TEST(DatagramSocket, ACallbackMayTakeItselfAway) {
  Host host;
  auto socket = std::move(*RawSocket::open(host.stack, AddressFamily::kIpv4, 253));
  int told = 0;
  ASSERT_TRUE(socket.on_ready([&](Readiness) {
    ++told;
    EXPECT_TRUE(socket.on_ready(nullptr));
  }));
  for (int i = 0; i < 2; ++i) {
    (void)host.from_peer(ip_packet(host.peer4, host.own4, 253, pattern(10)));
  }
  EXPECT_EQ(told, 1);
}

// As with [self = shared_from_this()].
TEST(DatagramSocket, ACallbackMayOwnItsSocket) {
  Host host;
  auto udp = std::make_shared<UdpSocket>(std::move(*UdpSocket::open(host.stack)));
  auto echo =
      std::make_shared<IcmpSocket>(std::move(*IcmpSocket::open(host.stack, AddressFamily::kIpv4)));
  auto raw =
      std::make_shared<RawSocket>(std::move(*RawSocket::open(host.stack, AddressFamily::kIpv4, 9)));
  const auto check = [](auto& owner, bool is_closed) {
    auto& socket = *owner;
    const auto seen = std::weak_ptr(owner);
    ASSERT_TRUE(socket.on_ready([self = std::move(owner)](Readiness) {}));
    if (is_closed)
      socket.close();
    else
      EXPECT_TRUE(socket.on_ready(nullptr));
    EXPECT_TRUE(seen.expired());
  };
  check(udp, true);
  check(echo, true);
  check(raw, false);
  host.stack.for_each_socket([](const SocketEntry&) { FAIL() << "it was closed"; });
}

}  // namespace
}  // namespace strata::datagram_socket_test
