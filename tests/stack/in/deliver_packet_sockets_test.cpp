// SPDX-License-Identifier: Apache-2.0
#include "stack/in/deliver_packet_sockets.h"

#include <gtest/gtest.h>

#include "support/bench.h"

namespace strata::stack::deliver_packet_sockets_test {
namespace {

using namespace support;

TEST(DeliverPacketSockets, FramesAreChosenByInterfaceAndEthertype) {
  Host host;
  auto& sockets = host.stack.core().raw.packet;
  const auto open = [&](InterfaceId interface, unsigned ethertype) -> PacketSocket& {
    return *sockets.find(sockets.try_create(interface, static_cast<std::uint16_t>(ethertype)));
  };
  PacketSocket& all = open(kNoInterface, PacketSocket::kEveryEthertype);
  PacketSocket& ip = open(host.eth0, 0x0800);
  PacketSocket& arp = open(kNoInterface, 0x0806);
  PacketSocket& elsewhere = open(77, PacketSocket::kEveryEthertype);
  const Frame frame =
      ip_frame(kOurMac, kPeerMac, udp_packet({host.peer4, 9}, {host.own4, 7}, text("x")));
  (void)host.exchange(frame);
  EXPECT_EQ(all.queue.size(), 1U);
  EXPECT_EQ(ip.queue.size(), 1U);
  EXPECT_EQ(arp.queue.size(), 0U);
  EXPECT_EQ(elsewhere.queue.size(), 0U);
  EXPECT_EQ(Frame(all.queue.pop()->bytes()), frame);
}

TEST(DeliverPacketSockets, OthersAndOurselvesAreHeardOnRequest) {
  Host host;
  auto& sockets = host.stack.core().raw.packet;
  PacketSocket& socket =
      *sockets.find(sockets.try_create(host.eth0, PacketSocket::kEveryEthertype));
  const Frame ping = echo_request(host.peer4, host.own4, 1, 1, {});
  (void)host.exchange(ip_frame(kOtherMac, kPeerMac, ping));
  (void)host.from_peer(ping);
  EXPECT_EQ(socket.queue.size(), 1U);
  socket.hears_others = true;
  (void)host.exchange(ip_frame(kOtherMac, kPeerMac, ping));
  (void)host.from_peer(ping);
  EXPECT_EQ(socket.queue.size(), 4U);  // the stranger's, the request and our reply beside the first
}

// As on Linux: without a link header, under the ethertype of the IP version.
TEST(DeliverPacketSockets, WithoutALinkLayerPacketsComeBare) {
  Bench bench;
  TestDevice tunnel({.medium = Medium::kIp});
  const InterfaceId id = bench.add(tunnel);
  ASSERT_TRUE(bench.stack.add_address(id, prefix("10.0.0.1/24"), bench.now));
  bench.run_for(100s);
  (void)tunnel.take_sent();
  auto& sockets = bench.stack.core().raw.packet;
  const Handle hears_v4 = sockets.try_create(id, wire::kEtherTypeIpv4);
  const Handle hears_v6 = sockets.try_create(id, wire::kEtherTypeIpv6);
  PacketSocket& v4 = *sockets.find(hears_v4);
  v4.hears_others = true;
  const Frame ping = echo_request(address("10.0.0.2"), address("10.0.0.1"), 1, 1, text("x"));
  tunnel.push(ping);
  bench.settle();
  EXPECT_EQ(sockets.find(hears_v6)->queue.size(), 0U);
  ASSERT_EQ(v4.queue.size(), 2U);
  EXPECT_EQ(Frame(v4.queue.pop()->bytes()), ping);
  EXPECT_EQ(Frame(v4.queue.pop()->bytes()), tunnel.take_sent().at(0));
}

}  // namespace
}  // namespace strata::stack::deliver_packet_sockets_test
