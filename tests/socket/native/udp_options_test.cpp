// SPDX-License-Identifier: Apache-2.0
#include "strata/udp_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "support/bench.h"
#include "support/matchers.h"

namespace strata::udp_options_test {
namespace {

using namespace support;
using testing::ElementsAre;

UdpSocket open(Host& host, AddressFamily family = AddressFamily::kIpv6) {
  auto socket = UdpSocket::open(host.stack, family);
  EXPECT_TRUE(socket);
  return std::move(*socket);
}

TEST(UdpOptions, ThoseOfThePlaceAreGivenBeforeTheBind) {
  Host host;
  UdpSocket socket = open(host);
  EXPECT_TRUE(socket.set_reuse_address(true));
  EXPECT_TRUE(socket.set_reuse_port(true));
  EXPECT_TRUE(socket.set_v6_only(true));
  ASSERT_TRUE(socket.bind({IpAddress::any_v6(), 7}));
  EXPECT_EQ(socket.set_reuse_address(false).error(), Error::kInvalidArgument);
  EXPECT_EQ(socket.set_reuse_port(false).error(), Error::kInvalidArgument);
  EXPECT_EQ(socket.set_v6_only(false).error(), Error::kInvalidArgument);
}

TEST(UdpOptions, APlaceIsSharedByThoseWhoAgree) {
  Host host;
  UdpSocket first = open(host);
  UdpSocket second = open(host);
  ASSERT_TRUE(first.set_reuse_port(true));
  ASSERT_TRUE(first.bind({IpAddress::any_v6(), 7}));
  EXPECT_EQ(second.bind({IpAddress::any_v6(), 7}).error(), Error::kAddressInUse);
  ASSERT_TRUE(second.set_reuse_port(true));
  EXPECT_TRUE(second.bind({IpAddress::any_v6(), 7}));
}

TEST(UdpOptions, ASocketForIpv6AloneLeavesIpv4ToOthers) {
  Host host;
  UdpSocket six = open(host);
  ASSERT_TRUE(six.set_v6_only(true));
  ASSERT_TRUE(six.bind({IpAddress::any_v6(), 7}));
  UdpSocket four = open(host, AddressFamily::kIpv4);
  EXPECT_TRUE(four.bind({IpAddress::any_v4(), 7}));
  std::array<std::byte, 10> buffer{};
  (void)host.from_peer(udp_packet({host.peer4, 9}, {host.own4, 7}, text("4")));
  EXPECT_EQ(six.receive(buffer).error(), Error::kWouldBlock);
  EXPECT_TRUE(four.receive(buffer));
}

TEST(UdpOptions, WhatAFamilyDoesNotHaveIsRefused) {
  Host host;
  UdpSocket four = open(host, AddressFamily::kIpv4);
  UdpSocket six = open(host);
  EXPECT_EQ(four.set_v6_only(true).error(), Error::kNotSupported);
  EXPECT_EQ(four.set_accept_zero_checksum(true).error(), Error::kNotSupported);
  EXPECT_EQ(six.set_without_checksum(true).error(), Error::kNotSupported);
  EXPECT_TRUE(four.set_without_checksum(true));
  EXPECT_TRUE(six.set_accept_zero_checksum(true));
  EXPECT_TRUE(six.set_receive_super_segments(true));
}

// As RFC 919 7 has it, no datagram is broadcast unless the program asks for it.
TEST(UdpOptions, BroadcastsAreAskedFor) {
  Host host;
  UdpSocket socket = open(host, AddressFamily::kIpv4);
  const Frame payload = text("x");
  const Endpoint all{address("255.255.255.255"), 7};
  EXPECT_EQ(socket.send_to(payload.all(), all, host.now).error(), Error::kNotPermitted);
  ASSERT_TRUE(socket.set_broadcast(true));
  EXPECT_TRUE(socket.send_to(payload.all(), all, host.now));
  host.settle();
  EXPECT_THAT(host.device.take_sent(), ElementsAre(ToMac(MacAddress::broadcast())));
}

TEST(UdpOptions, AnAddressMayBeAwaited) {
  Host host;
  UdpSocket socket = open(host, AddressFamily::kIpv4);
  const Endpoint later{address("10.0.0.99"), 90};
  EXPECT_EQ(socket.bind(later).error(), Error::kAddressNotAvailable);
  ASSERT_TRUE(socket.set_free_bind(true));
  ASSERT_TRUE(socket.bind(later));
  ASSERT_TRUE(socket.set_free_bind(false));  // does not make the address ours
  const Frame payload = text("x");
  const Endpoint peer{host.peer4, 7};
  EXPECT_EQ(socket.send_to(payload.all(), peer, host.now).error(), Error::kInvalidArgument);
  EXPECT_EQ(socket.connect(peer).error(), Error::kInvalidArgument);
  ASSERT_TRUE(host.stack.add_address(host.eth0, Prefix(later.address, 24), host.now));
  host.run_for(std::chrono::seconds(10));
  EXPECT_TRUE(socket.connect(peer));
  EXPECT_TRUE(socket.send_to(payload.all(), peer, host.now));
}

TEST(UdpOptions, ThePathMtuIsThatOfTheConnectedPeerWithoutHeaders) {
  Host host;
  UdpSocket socket = open(host);
  EXPECT_EQ(socket.path_mtu().error(), Error::kNotConnected);
  ASSERT_TRUE(socket.connect({host.peer4, 7}));
  EXPECT_EQ(socket.path_mtu(), 1500U - 20 - 8);
  ASSERT_TRUE(socket.disconnect());
  ASSERT_TRUE(socket.connect({host.peer6, 7}));
  EXPECT_EQ(socket.path_mtu(), 1500U - 40 - 8);
}

TEST(UdpOptions, AClosedSocketHasNone) {
  Host host;
  UdpSocket socket = open(host);
  socket.close();
  EXPECT_EQ(socket.set_broadcast(true).error(), Error::kInvalidHandle);
  EXPECT_EQ(socket.set_reuse_port(true).error(), Error::kInvalidHandle);
  EXPECT_EQ(socket.path_mtu().error(), Error::kInvalidHandle);
}

}  // namespace
}  // namespace strata::udp_options_test
