// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "stack/core.h"
#include "support/bench.h"
#include "support/udp_port.h"

namespace strata::observe_test {
namespace {

using namespace support;
using testing::SizeIs;

TEST(Observe, InterfacesAddressesAndNeighboursAreTold) {
  Host host;
  std::vector<InterfaceEntry> interfaces;
  host.stack.for_each_interface([&](const InterfaceEntry& entry) { interfaces.push_back(entry); });
  ASSERT_THAT(interfaces, SizeIs(2));
  EXPECT_EQ(interfaces[0].name.view(), "lo");
  EXPECT_EQ(interfaces[1].mac, kOurMac);
  EXPECT_TRUE(interfaces[1].is_up);
  EXPECT_GT(interfaces[1].sent_packets, 0U);
  host.device.is_plugged = false;
  host.stack.for_each_interface(
      [&](const InterfaceEntry& entry) { EXPECT_EQ(entry.is_up, entry.id != host.eth0); });
  std::map<IpAddress, AddressEntry> addresses;
  host.stack.for_each_address(
      [&](const AddressEntry& entry) { addresses[entry.prefix.address()] = entry; });
  EXPECT_EQ(addresses[host.own4].prefix.length(), 24U);
  EXPECT_EQ(addresses[host.own6].state, AddressState::kPreferred);
  EXPECT_EQ(addresses[IpAddress::loopback_v4()].interface, interfaces[0].id);
  std::map<IpAddress, NeighborEntry> neighbors;
  host.stack.for_each_neighbor(
      host.now, [&](const NeighborEntry& entry) { neighbors[entry.address] = entry; });
  EXPECT_EQ(neighbors[host.peer4].mac, kPeerMac);
  EXPECT_EQ(neighbors[host.peer4].state, NeighborState::kPermanent);
}

TEST(Observe, SocketsOfEveryKindAreTold) {
  Host host;
  UdpPort port(host, {IpAddress::any_v6(), 7});
  stack::Core& core = host.stack.core();
  const Handle echo = *core.echo.open(AddressFamily::kIpv4);
  ASSERT_TRUE(core.raw.raw.try_create(AddressFamily::kIpv4, std::uint8_t{200}));
  ASSERT_TRUE(core.raw.packet.try_create(host.eth0, std::uint16_t{0x88b5}));
  (void)host.from_peer(udp_packet({host.peer4, 9}, {host.own4, 7}, text("x")));
  std::map<SocketEntry::Kind, SocketEntry> sockets;
  host.stack.for_each_socket([&](const SocketEntry& entry) { sockets[entry.kind] = entry; });
  EXPECT_THAT(sockets, SizeIs(4));
  EXPECT_EQ(sockets[SocketEntry::Kind::kUdp].local.port, 7);
  EXPECT_EQ(sockets[SocketEntry::Kind::kUdp].queued_packets, 1U);
  EXPECT_EQ(sockets[SocketEntry::Kind::kRaw].local.port, 200);
  core.echo.close(echo);
}

}  // namespace
}  // namespace strata::observe_test
