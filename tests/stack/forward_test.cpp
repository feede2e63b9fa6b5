// SPDX-License-Identifier: Apache-2.0
#include "stack/forward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strata/wire/ipv4_options.h"
#include "support/bench.h"
#include "support/matchers.h"

namespace strata::stack::forward_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

BenchOptions forwarding() {
  BenchOptions options;
  options.stack.forward_ipv4 = true;
  options.stack.forward_ipv6 = true;
  return options;
}

//   10.0.0.2 ─── eth0 router eth1 ─── 10.1.0.2, and everything behind 10.1.0.2 (192.0.2/24)
class Router : public Host {
 public:
  Router() : Host(forwarding()), device1({.mtu = 1400, .mac = kOtherMac}), eth1(add(device1)) {
    for (const char* own : {"10.1.0.1/24", "fd01::1/64"}) {
      EXPECT_TRUE(stack.add_address(eth1, prefix(own), now));
    }
    for (const char* other : {"10.1.0.2", "fd01::2"}) {
      EXPECT_TRUE(stack.add_neighbor(eth1, address(other), kFarMac, now));
    }
    EXPECT_TRUE(
        stack.add_route({.destination = prefix("192.0.2.0/24"), .gateway = address("10.1.0.2")}));
    run_for(10s);
    (void)device.take_sent();
    (void)device1.take_sent();
  }
  Frames through(const Frame& packet) {
    (void)from_peer(packet);
    return device1.take_sent();
  }

  const MacAddress kFarMac = MacAddress::from_value(0x0200'0000'0009);
  TestDevice device1;
  InterfaceId eth1;
};

Frame datagram(const char* source, const char* destination, std::size_t size = 10,
               std::uint8_t hops = 64) {
  return udp_packet({address(source), 9}, {address(destination), 7}, pattern(size), hops);
}

// RFC 1812 5.3.1 MUST: a router lowers the TTL by one and leaves the rest of the datagram alone.
// RFC 8200 3 MUST: the same for the hop limit.
TEST(Forward, LowersTheHopLimitAndNothingElse) {
  Router router;
  for (const auto& [from, to] : {std::pair{"10.0.0.2", "192.0.2.9"}, {"fd00::2", "fd01::2"}}) {
    const Frame packet = datagram(from, to, 100);
    const Frames out = router.through(packet);
    ASSERT_THAT(out, ElementsAre(AllOf(ToMac(router.kFarMac),
                                       IsIp(AllOf(From(address(from)), To(address(to)), Hops(63),
                                                  Carries(IsUdp(9, 7)))))));
  }
  EXPECT_EQ(router.stack.counters().ipv4_forwarded, 1U);
  EXPECT_EQ(router.stack.counters().ipv6_forwarded, 1U);
  EXPECT_EQ(router.all_drops(), 0U);
}

// RFC 791 3.1 MUST: a router records its address as it is known where the datagram goes.
TEST(Forward, RecordsTheAddressOfTheWayOut) {
  Router router;
  wire::Ipv4OptionWriter options;
  ASSERT_TRUE(options.add_record_route(2));
  const Frame payload = udp_datagram({address("10.0.0.2"), 9}, {address("192.0.2.9"), 7}, {});
  const Frames out = router.through(ipv4_packet({.protocol = wire::kIpProtocolUdp,
                                                 .source = address("10.0.0.2"),
                                                 .destination = address("192.0.2.9")},
                                                payload, Frame(options.bytes())));
  ASSERT_THAT(out, ElementsAre(IsIpv4(Carries(IsUdp(9, 7)))));
  const Frame packet = decode(out[0].all()).packet;
  const auto view = wire::Ipv4View::parse(packet.all());
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->checksum_is_valid());
  const auto option = wire::Ipv4OptionReader(view->options()).next();
  ASSERT_TRUE(option);
  const auto route = wire::Ipv4RouteOptionView::parse(*option);
  ASSERT_TRUE(route);
  EXPECT_EQ(route->slots_used(), 1U);
  EXPECT_EQ(route->address(0), address("10.1.0.1"));
}

// RFC 1812 5.3.1 MUST: a datagram whose TTL is used up is answered with time exceeded.
TEST(Forward, WhatHasNoHopsLeftEndsHere) {
  Router router;
  EXPECT_THAT(router.from_peer(datagram("10.0.0.2", "192.0.2.9", 10, 1)),
              ElementsAre(IsIpv4(AllOf(From(router.own4), To(router.peer4),
                                       Carries(IsIcmp(wire::Icmpv4Type::kTimeExceeded, 0))))));
  EXPECT_THAT(router.from_peer(datagram("fd00::2", "fd01::2", 10, 1)),
              ElementsAre(IsIpv6(AllOf(From(router.own6), To(router.peer6),
                                       Carries(IsIcmp(wire::Icmpv6Type::kTimeExceeded, 0))))));
  EXPECT_EQ(router.drops(DropReason::kTtlExpired), 2U);
}

// RFC 1812 5.2.7.1 MUST: without a route the source is told that the network is unreachable.
TEST(Forward, WithoutARouteTheSourceIsTold) {
  Router router;
  EXPECT_THAT(router.from_peer(datagram("10.0.0.2", "203.0.113.1")),
              ElementsAre(IsIpv4(Carries(IsIcmp(wire::Icmpv4Type::kDestinationUnreachable, 0)))));
  EXPECT_THAT(router.from_peer(datagram("fd00::2", "2001:db8::1")),
              ElementsAre(IsIpv6(Carries(IsIcmp(wire::Icmpv6Type::kDestinationUnreachable, 0)))));
  EXPECT_EQ(router.drops(DropReason::kNoRoute), 2U);
}

TEST(Forward, ARouteOverTheLoopbackInterfaceIsNone) {
  Router router;
  ASSERT_TRUE(router.stack.add_route(
      {.destination = prefix("203.0.113.0/24"), .gateway = {}, .interface = kLoopbackId}));
  EXPECT_THAT(router.from_peer(datagram("10.0.0.2", "203.0.113.1")),
              ElementsAre(IsIpv4(Carries(IsIcmp(wire::Icmpv4Type::kDestinationUnreachable, 0)))));
  EXPECT_EQ(router.drops(DropReason::kNoRoute), 1U);
}

// RFC 1191 4 MUST: a router tells the MTU of the next hop when DF forbids it to fragment.
// RFC 8200 5 MUST: an IPv6 router never fragments.
TEST(Forward, WhatIsTooBigIsReportedWithTheMtu) {
  Router router;
  Frame packet = datagram("10.0.0.2", "192.0.2.9", 1450);
  wire::Ipv4Layout::DontFragment::set(packet.writable(), 1);
  wire::set_ipv4_checksum(packet.writable().first(20));
  EXPECT_THAT(
      router.from_peer(packet),
      ElementsAre(IsIpv4(AllOf(Carries(IsIcmp(wire::Icmpv4Type::kDestinationUnreachable, 4)),
                               Carries(HasRest(big_endian32(1400)))))));
  EXPECT_THAT(router.from_peer(datagram("fd00::2", "fd01::2", 1450)),
              ElementsAre(IsIpv6(AllOf(Carries(IsIcmp(wire::Icmpv6Type::kPacketTooBig, 0)),
                                       Carries(HasRest(big_endian32(1400)))))));
  EXPECT_EQ(router.drops(DropReason::kPacketTooBig), 2U);
  EXPECT_THAT(router.device1.take_sent(), IsEmpty());
}

// RFC 1812 4.2.2.7 MUST: a router fragments what does not forbid it.
TEST(Forward, Ipv4WithoutDfIsCut) {
  Router router;
  EXPECT_THAT(router.through(datagram("10.0.0.2", "192.0.2.9", 1450)),
              ElementsAre(IsIpv4(AllOf(IsFragment(), Hops(63))), IsIpv4(IsFragment())));
}

// RFC 1812 5.2.7.2 MUST: a neighbour that has a better first hop is told, and served all the same.
TEST(Forward, ADetourIsRedirected) {
  Router router;
  ASSERT_TRUE(router.stack.add_route(
      {.destination = prefix("198.51.100.0/24"), .gateway = address("10.0.0.3")}));
  ASSERT_TRUE(router.stack.add_neighbor(router.eth0, address("10.0.0.3"), kOtherMac, router.now));
  const Frames out = router.from_peer(datagram("10.0.0.2", "198.51.100.1"));
  EXPECT_THAT(
      out, Contains(IsIpv4(AllOf(To(router.peer4), Carries(IsIcmp(wire::Icmpv4Type::kRedirect, 1)),
                                 Carries(HasRest(big_endian32(address("10.0.0.3").v4_value())))))));
  EXPECT_THAT(out, Contains(AllOf(ToMac(kOtherMac), IsIpv4(To(address("198.51.100.1"))))));
  const Frames out6 = router.from_peer(datagram("fd00::2", "fd00::77"));
  EXPECT_THAT(out6, Contains(IsIpv6(AllOf(To(router.peer6), Hops(255),
                                          Carries(IsIcmp(wire::Icmpv6Type::kRedirect, 0))))));
}

TEST(Forward, LinkLocalPacketsStayOnTheirLink) {
  Router router;
  // RFC 4291 2.5.6 MUST NOT: packets with link-local addresses are not forwarded.
  EXPECT_THAT(router.from_peer(datagram("fe80::2", "fd01::2")),
              ElementsAre(IsIpv6(Carries(IsIcmp(wire::Icmpv6Type::kDestinationUnreachable, 2)))));
  (void)router.from_peer(datagram("10.0.0.2", "169.254.1.1"));
  EXPECT_EQ(router.drops(DropReason::kLinkLocalForwarded), 2U);
  EXPECT_THAT(router.device1.take_sent(), IsEmpty());
}

// RFC 1812 5.2.7.1 MUST: a host that does not answer is reported as unreachable.
TEST(Forward, ASilentNeighbourIsReportedToTheSource) {
  Router router;
  (void)router.from_peer(datagram("10.0.0.2", "10.1.0.99"));
  EXPECT_THAT(
      router.after(10s),
      ElementsAre(IsIpv4(
          AllOf(To(router.peer4), Carries(IsIcmp(wire::Icmpv4Type::kDestinationUnreachable, 1))))));
  EXPECT_EQ(router.drops(DropReason::kNeighborUnresolved), 1U);
}

// RFC 1812 5.3.4: what counts is the size on the next link, and segments are as large as the path
// lets them be: one byte of doubt would stop every bulk transfer.
TEST(Forward, SuperSegmentsAreJudgedByTheSegmentsTheyBecome) {
  Router router;
  constexpr std::uint16_t kFits = 1400 - 20 - 8;
  const auto forward_segments_of = [&](std::uint16_t size) {
    PacketNotes notes;
    notes.checksum = ChecksumState::kPartial;
    notes.transport_offset = 14 + 20;
    notes.checksum_offset = 6;
    notes.segment_kind = SegmentKind::kUdp;
    notes.segment_size = size;
    Frame packet = datagram("10.0.0.2", "192.0.2.9", std::size_t{3} * size);
    packet.writable()[6] = std::byte{0x40};  // must not be fragmented
    wire::set_ipv4_checksum(packet.writable().first(20));
    (void)router.exchange(ip_frame(kOurMac, kPeerMac, packet), notes);
    std::vector<std::size_t> sizes;
    for (const Frame& frame : router.device1.take_sent()) sizes.push_back(frame.size());
    return sizes;
  };
  EXPECT_THAT(forward_segments_of(kFits), ElementsAre(1414U, 1414U, 1414U));
  EXPECT_THAT(forward_segments_of(kFits + 1), IsEmpty());
  EXPECT_EQ(router.drops(DropReason::kPacketTooBig), 1U);
}

// RFC 1812 4.2.2.7 MUST: a router fragments what does not forbid it.
// A fragment has only a part of what a checksum covers, so that the whole is finished first.
TEST(Forward, WhatADeviceWasToFinishIsFinishedBeforeItIsCut) {
  Router router;
  const IpAddress from = address("10.0.0.2");
  const IpAddress to = address("192.0.2.9");
  PacketNotes notes;
  notes.checksum = ChecksumState::kPartial;
  notes.network_offset = 14;
  notes.transport_offset = 14 + 20;
  notes.checksum_offset = 6;
  Frame packet = datagram("10.0.0.2", "192.0.2.9", 1450);
  const wire::Sum pseudo = wire::pseudo_header_sum(from, to, wire::kIpProtocolUdp, 8 + 1450);
  wire::UdpLayout::Checksum::set(packet.writable().subspan(20),
                                 static_cast<std::uint16_t>(~fold(pseudo)));
  (void)router.exchange(ip_frame(kOurMac, kPeerMac, packet), notes);
  Frame whole;
  for (const Frame& frame : router.device1.take_sent()) whole += decode(frame.all()).upper.all();
  ASSERT_EQ(whole.size(), 8U + 1450U);
  EXPECT_TRUE(is_valid(upper_sum(from, to, wire::kIpProtocolUdp, whole.all())));

  notes.segment_kind = SegmentKind::kUdp;
  notes.segment_size = 1450;
  (void)router.exchange(
      ip_frame(kOurMac, kPeerMac, datagram("10.0.0.2", "192.0.2.9", std::size_t{3} * 1450)), notes);
  const Frames out = router.device1.take_sent();
  EXPECT_EQ(out.size(), 6U) << "two fragments of each of three";
  for (const Frame& frame : out) {
    EXPECT_LE(frame.size(), 1414U);
    EXPECT_TRUE(decode(frame.all()).is_fragment());
  }
}

}  // namespace
}  // namespace strata::stack::forward_test
