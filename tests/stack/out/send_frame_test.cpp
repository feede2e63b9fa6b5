// SPDX-License-Identifier: Apache-2.0
#include "stack/out/send_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "neighbor/config.h"
#include "support/bench.h"
#include "support/matchers.h"
#include "support/udp_port.h"

namespace strata::stack::send_frame_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

const IpAddress kOwn = IpAddress::v4(10, 0, 0, 1);
const IpAddress kNew = IpAddress::v4(10, 0, 0, 50);

Frame arp_reply(const IpAddress& sender, const MacAddress& mac) {
  return ethernet(kOurMac, mac, wire::kEtherTypeArp,
                  arp_packet({wire::ArpOperation::kReply, mac, sender, kOurMac, kOwn}));
}

// RFC 1122 2.3.2.2 SHOULD: a packet is kept while its next hop's address is asked for.
TEST(SendFrame, PacketsWaitForTheAnswer) {
  Host host;
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  for (const char* word : {"one", "two", "three"}) {
    ASSERT_TRUE(port.send({kNew, 9}, text(word)));
  }
  host.settle();
  EXPECT_THAT(host.device.take_sent(),
              ElementsAre(AllOf(ToMac(MacAddress::broadcast()), IsArpRequest(kNew))));
  EXPECT_THAT(host.exchange(arp_reply(kNew, kOtherMac)),
              ElementsAre(AllOf(ToMac(kOtherMac), IsIpv4(HasUdpPayload(text("one")))),
                          AllOf(ToMac(kOtherMac), IsIpv4(HasUdpPayload(text("two")))),
                          AllOf(ToMac(kOtherMac), IsIpv4(HasUdpPayload(text("three"))))));
  EXPECT_EQ(host.all_drops(), 0U);
}

// RFC 826 reception MUST: a request for our address is answered with our link-layer address.
TEST(SendFrame, ArpRequestsAreAnswered) {
  Host host;
  EXPECT_THAT(host.exchange(ethernet(
                  MacAddress::broadcast(), kPeerMac, wire::kEtherTypeArp,
                  arp_packet({wire::ArpOperation::kRequest, kPeerMac, host.peer4, {}, kOwn}))),
              ElementsAre(AllOf(ToMac(kPeerMac), IsArpReply(kOwn, kOurMac))));
  host.exchange(ethernet(MacAddress::broadcast(), kPeerMac, wire::kEtherTypeArp, Frame(10)));
  EXPECT_EQ(host.drops(DropReason::kArpMalformed), 1U);
  host.exchange(ethernet(
      MacAddress::broadcast(), kPeerMac, wire::kEtherTypeArp,
      arp_packet({wire::ArpOperation::kRequest, kPeerMac, IpAddress::v4(10, 0, 0, 66), {}, kNew})));
  EXPECT_EQ(host.drops(DropReason::kArpNotForUs), 1U);
}

// RFC 1122 2.4 MUST: the sender learns that nobody answers; here the socket itself is told.
TEST(SendFrame, ASilentNeighbourIsToldToTheSocket) {
  Host host;
  for (const IpAddress& silent : {kNew, IpAddress::v6(0xfd00'0000'0000'0000, 50)}) {
    UdpPort port(host, {IpAddress::any_v6(), 0});
    ASSERT_TRUE(port.send({silent, 9}, {}));  // picks a port
    ASSERT_TRUE(port.connect({silent, 9}));
    port.options().receive_errors = true;
    ASSERT_TRUE(port.send({silent, 9}, text("x")));
    (void)host.after(10s);
    const auto kept = port.socket().errors.take_kept();
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->error, Error::kHostUnreachable);
    EXPECT_EQ(kept->destination, (Endpoint{silent, 9}));
    EXPECT_EQ(port.send({silent, 9}, text("x")).error(), Error::kHostUnreachable);
  }
  EXPECT_EQ(host.drops(DropReason::kNeighborUnresolved), 4U);
}

TEST(SendFrame, OnlySoManyPacketsWaitForOneNeighbour) {
  Host host;
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  const std::uint32_t room = neighbor::Config{}.packets_per_entry_max;
  for (std::uint32_t i = 0; i <= room; ++i) ASSERT_TRUE(port.send({kNew, 9}, text("x")));
  EXPECT_EQ(host.drops(DropReason::kNeighborQueueFull), 1U);
}

TEST(SendFrame, TheNeighbourTableIsBounded) {
  BenchOptions options;
  options.stack.neighbors_max = 4;
  Host host(options);
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  for (std::uint32_t i = 0; i < 16; ++i) {
    ASSERT_TRUE(port.send({IpAddress::v4(0x0a00'0060U + i), 9}, text("x")));
  }
  host.settle();
  EXPECT_GE(host.drops(DropReason::kNeighborTableFull), 1U);
}

TEST(SendFrame, GroupsAndBroadcastsHaveAddressesOfTheirOwn) {
  Host host;
  UdpPort port(host, {IpAddress::any_v6(), 7});
  port.options().broadcast = true;
  port.options().multicast_interface = host.eth0;
  const IpAddress group = IpAddress::v4(239, 1, 1, 1);
  const IpAddress group6 = IpAddress::v6(0xff0e'0000'0000'0000, 0x1234);
  const IpAddress directed = IpAddress::v4(10, 0, 0, 255);
  for (const IpAddress& to : {group, group6, directed}) {
    ASSERT_TRUE(port.send({to, 9}, text("x")));
  }
  host.settle();
  EXPECT_THAT(host.device.take_sent(),
              ElementsAre(AllOf(ToMac(MacAddress::for_multicast(group)), IsIpv4(Hops(1))),
                          AllOf(ToMac(MacAddress::for_multicast(group6)), IsIpv6(Hops(1))),
                          AllOf(ToMac(MacAddress::broadcast()), IsIpv4(To(directed)))));
}

TEST(SendFrame, AnUnpluggedDeviceTakesNothing) {
  Host host;
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  host.device.is_plugged = false;
  ASSERT_TRUE(port.send({host.peer4, 9}, text("x")));
  EXPECT_EQ(host.drops(DropReason::kDeviceFailed), 1U);
  ASSERT_TRUE(host.stack.set_interface_up(host.eth0, false, host.now));
  ASSERT_TRUE(port.send({host.peer4, 9}, text("x")));
  EXPECT_EQ(host.drops(DropReason::kInterfaceDown), 1U);
  host.settle();
  EXPECT_THAT(host.device.take_sent(), IsEmpty());
}

TEST(SendFrame, TheLoopbackInterfaceHasNoDeviceToWaitFor) {
  Host host;
  Core& core = host.stack.core();
  PacketPtr packet = host.pool.allocate();
  copy_bytes(text("packet").all(), packet->append(6));
  send_to_next_hop(core, *core.interface(kLoopbackId), std::move(packet), kNew, host.now);
  EXPECT_EQ(host.drops(DropReason::kNoRoute), 1U);
  EXPECT_GT(host.stack.next_deadline().value_or(kNever), host.now);
}

// A packet without room in front gets a buffer with room.
TEST(SendFrame, DeviceBuffersWithoutHeadroomAreEnough) {
  Host host;
  host.device.headroom = 0;
  EXPECT_THAT(host.from_peer(echo_request(host.peer4, kOwn, 1, 1, pattern(500))),
              ElementsAre(IsIpv4(Carries(IsIcmp(wire::Icmpv4Type::kEchoReply, 0)))));
  EXPECT_THAT(host.from_peer(echo_request(host.peer6, host.own6, 1, 1, pattern(500))),
              ElementsAre(IsIpv6(Carries(IsIcmp(wire::Icmpv6Type::kEchoReply, 0)))));
}

}  // namespace
}  // namespace strata::stack::send_frame_test
