// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/in/receive_ip.h"
#include "support/bench.h"
#include "support/matchers.h"

namespace strata::stack::receive_ipv4_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

const IpAddress kOwn = IpAddress::v4(10, 0, 0, 1);
const IpAddress kPeer = IpAddress::v4(10, 0, 0, 2);

Frame ping() { return echo_request(kPeer, kOwn, 1, 1, text("hello")); }

Frame with_byte(Frame packet, std::size_t at, unsigned value, bool fix_checksum = true) {
  packet[at] = static_cast<std::byte>(value);
  if (fix_checksum) wire::set_ipv4_checksum(packet.writable().first(20));
  return packet;
}
Frame between(const IpAddress& source, const IpAddress& destination) {
  return echo_request(source, destination, 1, 1, text("hello"));
}

struct Case {
  const char* name;
  Frame packet;
  DropReason reason;
};

class Ipv4Drops : public testing::TestWithParam<Case> {};

TEST_P(Ipv4Drops, CountTheirReasonAndSendNothing) {
  Host host;
  EXPECT_THAT(host.exchange(ethernet(kOurMac, kPeerMac, wire::kEtherTypeIpv4, GetParam().packet)),
              IsEmpty());
  EXPECT_EQ(host.drops(GetParam().reason), 1U);
  EXPECT_EQ(host.all_drops(), 1U);
}

// RFC 1122 3.2.1.1 MUST: a datagram whose version is not 4 is silently discarded.
// RFC 1122 3.2.1.2 MUST: a datagram with a wrong header checksum is silently discarded.
// RFC 1122 3.2.1.3 MUST: a datagram with an impossible source address is silently discarded.
// RFC 9293 3.9.2.3 MUST: a SYN from a broadcast or multicast address is discarded (MUST-63).
INSTANTIATE_TEST_SUITE_P(
    Reasons, Ipv4Drops,
    testing::Values(
        Case{"Short", pattern(19), DropReason::kIpv4TooShort},
        Case{"Version", with_byte(ping(), 0, 0x55), DropReason::kIpv4BadVersion},
        Case{"HeaderWords", with_byte(ping(), 0, 0x44), DropReason::kIpv4BadLength},
        Case{"LongerThanFrame", with_byte(ping(), 3, 200), DropReason::kIpv4BadLength},
        Case{"Checksum", with_byte(ping(), 8, 63, false), DropReason::kIpv4BadChecksum},
        Case{"FromGroup", between(IpAddress::v4(224, 0, 0, 9), kOwn), DropReason::kIpv4BadSource},
        Case{"FromLoopback", between(IpAddress::loopback_v4(), kOwn), DropReason::kIpv4BadSource},
        Case{"FromReserved", between(IpAddress::v4(250, 0, 0, 1), kOwn),
             DropReason::kIpv4BadSource},
        Case{"FromDirectedBroadcast", between(IpAddress::v4(10, 0, 0, 255), kOwn),
             DropReason::kIpv4BadSource},
        Case{"FromNobody", between(IpAddress::any_v4(), kOwn), DropReason::kIpv4BadSource},
        Case{"FromOurselves", between(kOwn, kOwn), DropReason::kMartianOnLink},
        Case{"ToLoopback", between(kPeer, IpAddress::loopback_v4()),
             DropReason::kIpv4BadDestination},
        Case{"ToReserved", between(kPeer, IpAddress::v4(250, 0, 0, 1)),
             DropReason::kIpv4BadDestination},
        Case{"ToNobody", between(kPeer, IpAddress::any_v4()), DropReason::kIpv4BadDestination},
        Case{"ToAnother", between(kPeer, IpAddress::v4(10, 0, 0, 77)),
             DropReason::kNotLocalAndNotForwarding},
        Case{"ToUnknownGroup", between(kPeer, IpAddress::v4(239, 1, 2, 3)),
             DropReason::kMulticastNotJoined}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

// Packets that come in a row from one peer are judged each by its own header.
TEST(ReceiveIpv4, EachOfARowIsJudgedForItself) {
  Host host;
  Frame too_long = with_byte(ping(), 3, 0xff);
  Frame damaged = with_byte(ping(), 10, 0, false);
  Frame no_hops = with_byte(ping(), 8, 0);
  Frame later = with_byte(ping(), 5, 77);  // another identification
  Frame padded = ping() + pattern(9);
  for (const Frame& packet :
       {ping(), too_long, ping(), damaged, later, padded, between(IpAddress::loopback_v4(), kOwn),
        ping(), between(kPeer, IpAddress::v4(10, 0, 0, 77)), no_hops, ping()}) {
    host.device.push(ip_frame(kOurMac, kPeerMac, packet));
  }
  host.settle();
  const Frames answers = host.device.take_sent();
  EXPECT_EQ(answers.size(), 7U);  // a host answers what came with its last hop, too
  for (const Frame& answer : answers) {
    EXPECT_EQ(decode(answer.all()).upper.size(), 8U + text("hello").size());
  }
  EXPECT_EQ(host.drops(DropReason::kIpv4BadLength), 1U);
  EXPECT_EQ(host.drops(DropReason::kIpv4BadChecksum), 1U);
  EXPECT_EQ(host.drops(DropReason::kIpv4BadSource), 1U);
}

TEST(ReceiveIpv4, PaddingIsCutOff) {
  Host host;
  const Frames answers =
      host.exchange(ip_frame(kOurMac, kPeerMac, between(kPeer, kOwn)) + Frame(40));
  ASSERT_THAT(answers, ElementsAre(IsIpv4(AllOf(From(kOwn), To(kPeer)))));
  EXPECT_EQ(answers[0].size(), 14 + ping().size());
}

// RFC 1122 3.3.6 SHOULD: a unicast datagram in a link-layer broadcast is silently discarded.
TEST(ReceiveIpv4, UnicastInABroadcastFrameIsNotTaken) {
  Host host;
  EXPECT_THAT(host.exchange(ip_frame(MacAddress::broadcast(), kPeerMac, ping())), IsEmpty());
  EXPECT_EQ(host.drops(DropReason::kIpv4BadDestination), 1U);
}

Frame with_options(const Frame& options) {
  return ipv4_packet({.protocol = wire::kIpProtocolIcmpv4, .source = kPeer, .destination = kOwn},
                     icmp_message(kPeer, kOwn, 8, 0, bytes({0, 1, 0, 1})), options);
}

// RFC 1122 3.2.1.8 MUST: options that are not understood are ignored.
TEST(ReceiveIpv4, UnknownOptionsAreIgnored) {
  Host host;
  EXPECT_THAT(host.from_peer(with_options(bytes({0x9e, 4, 1, 2}))),
              ElementsAre(IsIpv4(Carries(IsIcmp(wire::Icmpv4Type::kEchoReply, 0)))));
}

// RFC 1122 3.2.2.5 SHOULD: a datagram with a faulty option is answered with a parameter problem.
TEST(ReceiveIpv4, AFaultyOptionIsReported) {
  Host host;
  EXPECT_THAT(host.from_peer(with_options(bytes({0x44, 3, 5, 0}))),
              ElementsAre(IsIpv4(
                  AllOf(To(kPeer), Carries(IsIcmp(wire::Icmpv4Type::kParameterProblem, 0))))));
  EXPECT_EQ(host.drops(DropReason::kIpv4BadOption), 1U);
}

TEST(ReceiveIpv4, SourceRoutesThatGoOnAreRefused) {
  Host host;
  // Loose source route with one more hop to go.
  const Frame route = bytes({0x83, 7, 4, 10, 0, 0, 9, 0});
  const Frames answers = host.from_peer(with_options(route));
  EXPECT_EQ(host.drops(DropReason::kIpv4SourceRouteRefused), 1U);
  EXPECT_THAT(answers,
              ElementsAre(IsIpv4(Carries(IsIcmp(wire::Icmpv4Type::kDestinationUnreachable, 5)))));
}

TEST(ReceiveIpv4, ATentativeAddressTakesNothingYet) {
  Bench bench;
  TestDevice device;
  InterfaceConfig config;
  const InterfaceId id = bench.add(device, config);
  ASSERT_TRUE(bench.stack.add_address(id, prefix("10.0.0.1/24"), bench.now));
  bench.settle();
  device.push(ip_frame(kOurMac, kPeerMac, ping()));
  bench.settle();
  EXPECT_EQ(bench.drops(DropReason::kAddressTentative), 1U);
}

TEST(ReceiveIpv4, AddressesOfOtherInterfacesAreOursToo) {
  Host host;
  TestDevice second({.mac = kOtherMac});
  const InterfaceId eth1 = host.add(second);
  ASSERT_TRUE(host.stack.add_address(eth1, prefix("10.1.0.1/24"), host.now));
  host.run_for(10s);
  (void)host.device.take_sent();
  EXPECT_THAT(host.from_peer(between(kPeer, IpAddress::v4(10, 1, 0, 1))),
              ElementsAre(IsIpv4(AllOf(From(IpAddress::v4(10, 1, 0, 1)), To(kPeer)))));
}

}  // namespace
}  // namespace strata::stack::receive_ipv4_test
