// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/in/receive_ip.h"
#include "support/bench.h"
#include "support/matchers.h"

namespace strata::stack::receive_ipv6_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

const IpAddress kOwn = IpAddress::v6(0xfd00'0000'0000'0000, 1);
const IpAddress kPeer = IpAddress::v6(0xfd00'0000'0000'0000, 2);
const IpAddress kMapped = IpAddress::v4(10, 0, 0, 2);

Frame between(const IpAddress& source, const IpAddress& destination) {
  return ipv6_packet(
      {.next_header = wire::kIpProtocolIcmpv6, .source = source, .destination = destination},
      icmp_message(source, destination, 128, 0, bytes({0, 1, 0, 1})));
}
Frame ping() { return between(kPeer, kOwn); }

// An echo request behind the extension headers, of which the first is `first`.
Frame behind(std::uint8_t first, const Frame& extensions) {
  return ipv6_packet({.next_header = first, .source = kPeer, .destination = kOwn},
                     extensions + icmp_message(kPeer, kOwn, 128, 0, bytes({0, 1, 0, 1})));
}

Frame with_byte(Frame packet, std::size_t at, unsigned value) {
  packet[at] = static_cast<std::byte>(value);
  return packet;
}

Frame many_options(std::size_t headers) {
  Frame chain;
  for (std::size_t i = 0; i < headers; ++i) {
    const unsigned next = i + 1 == headers ? 58 : 60;
    chain += bytes({next, 0, 1, 4, 0, 0, 0, 0}).all();
  }
  return chain;
}

struct Case {
  const char* name;
  Frame packet;
  DropReason reason;
};

class Ipv6Drops : public testing::TestWithParam<Case> {};

TEST_P(Ipv6Drops, CountTheirReasonAndSendNothing) {
  Host host;
  EXPECT_THAT(host.exchange(ethernet(kOurMac, kPeerMac, wire::kEtherTypeIpv6, GetParam().packet)),
              IsEmpty());
  EXPECT_EQ(host.drops(GetParam().reason), 1U);
  EXPECT_EQ(host.all_drops(), 1U);
}

// RFC 4291 2.5.2 MUST: the unspecified address is never a destination.
// RFC 4291 2.5.3 MUST: the loopback address is never seen outside of a node.
// RFC 4291 2.7 MUST: a group is never a source.
INSTANTIATE_TEST_SUITE_P(
    Reasons, Ipv6Drops,
    testing::Values(
        Case{"Short", pattern(39), DropReason::kIpv6TooShort},
        Case{"Version", with_byte(ping(), 0, 0x50), DropReason::kIpv6BadVersion},
        Case{"LongerThanFrame", with_byte(ping(), 5, 200), DropReason::kIpv6BadLength},
        Case{"FromGroup", between(IpAddress::all_nodes_v6(), kOwn), DropReason::kIpv6BadSource},
        Case{"FromLoopback", between(IpAddress::loopback_v6(), kOwn), DropReason::kIpv6BadSource},
        Case{"FromOurselves", between(kOwn, kOwn), DropReason::kMartianOnLink},
        Case{"ToNobody", between(kPeer, IpAddress{}), DropReason::kIpv6BadDestination},
        Case{"ToLoopback", between(kPeer, IpAddress::loopback_v6()),
             DropReason::kIpv6BadDestination},
        Case{"ToInterfaceScope", between(kPeer, IpAddress::v6(0xff01'0000'0000'0000, 1)),
             DropReason::kIpv6BadDestination},
        Case{"FromMapped", between(kMapped, kOwn), DropReason::kIpv6MappedAddress},
        Case{"ToMapped", between(kPeer, kMapped), DropReason::kIpv6MappedAddress},
        Case{"ToAnother", between(kPeer, IpAddress::v6(0xfd00'0000'0000'0000, 77)),
             DropReason::kNotLocalAndNotForwarding},
        Case{"ToUnknownGroup", between(kPeer, IpAddress::v6(0xff02'0000'0000'0000, 0x99)),
             DropReason::kMulticastNotJoined},
        Case{"TooManyExtensions", behind(60, many_options(40)),
             DropReason::kIpv6ExtensionChainTooLong},
        Case{"OptionThatSaysDrop", behind(60, bytes({58, 0, 0x5e, 4, 0, 0, 0, 0})),
             DropReason::kIpv6UnknownOption}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

struct Problem {
  const char* name;
  Frame packet;
  DropReason reason;
  unsigned code;
  std::uint32_t pointer;
};

class Ipv6Problems : public testing::TestWithParam<Problem> {};

TEST_P(Ipv6Problems, AreReportedWithTheByteThatIsWrong) {
  Host host;
  const Problem& problem = GetParam();
  EXPECT_THAT(
      host.from_peer(problem.packet),
      ElementsAre(IsIpv6(AllOf(From(kOwn), To(kPeer),
                               Carries(IsIcmp(wire::Icmpv6Type::kParameterProblem, problem.code)),
                               Carries(HasRest(big_endian32(problem.pointer)))))));
  EXPECT_EQ(host.drops(problem.reason), 1U);
}

// RFC 8200 4 MUST: an unrecognised next header is answered with a parameter problem, code 1.
// RFC 8200 4.2 MUST: an unknown option whose type begins with 10 is answered, code 2.
// RFC 8200 4.4 MUST: an unknown routing type with segments left is answered, code 0.
INSTANTIATE_TEST_SUITE_P(
    Kinds, Ipv6Problems,
    testing::Values(Problem{"UnknownOption", behind(60, bytes({58, 0, 0x9e, 4, 0, 0, 0, 0})),
                            DropReason::kIpv6UnknownOption, 2, 42},
                    Problem{"RoutingType", behind(43, bytes({58, 0, 99, 1, 0, 0, 0, 0})),
                            DropReason::kIpv6RoutingRefused, 0, 42},
                    Problem{"ExtensionBeyondPacket", behind(60, bytes({58, 200, 0, 0, 0, 0, 0, 0})),
                            DropReason::kIpv6BadExtension, 0, 41},
                    Problem{"NextHeader",
                            ipv6_packet({.next_header = 200, .source = kPeer, .destination = kOwn},
                                        pattern(20)),
                            DropReason::kIpv6UnknownNextHeader, 1, 6}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

TEST(ReceiveIpv6, ExtensionHeadersAreWalked) {
  Host host;
  // Padding options, and a routing header with no segments left.
  for (const Frame& packet :
       {behind(60, bytes({58, 0, 1, 4, 0, 0, 0, 0})), behind(0, bytes({58, 0, 1, 4, 0, 0, 0, 0})),
        behind(43, bytes({58, 0, 99, 0, 0, 0, 0, 0}))}) {
    EXPECT_THAT(host.from_peer(packet),
                ElementsAre(IsIpv6(Carries(IsIcmp(wire::Icmpv6Type::kEchoReply, 0)))));
  }
}

// RFC 8200 4.7 MUST: what follows "no next header" is ignored.
TEST(ReceiveIpv6, NothingFollowsNoNextHeader) {
  Host host;
  EXPECT_THAT(host.from_peer(ipv6_packet({.next_header = 59, .source = kPeer, .destination = kOwn},
                                         pattern(20))),
              IsEmpty());
  EXPECT_EQ(host.all_drops(), 0U);
}

TEST(ReceiveIpv6, UnicastInAGroupFrameIsNotTaken) {
  Host host;
  EXPECT_THAT(host.exchange(ip_frame(MacAddress::from_value(0x3333'0000'0001), kPeerMac, ping())),
              IsEmpty());
  EXPECT_EQ(host.drops(DropReason::kIpv6BadDestination), 1U);
}

// RFC 4862 5.4 MUST: packets to a tentative address are silently discarded.
TEST(ReceiveIpv6, ATentativeAddressTakesNothingYet) {
  Bench bench;
  TestDevice device;
  const InterfaceId id = bench.add(device, InterfaceConfig{});
  ASSERT_TRUE(bench.stack.add_address(id, prefix("fd00::1/64"), bench.now));
  bench.settle();
  device.push(ip_frame(kOurMac, kPeerMac, ping()));
  bench.settle();
  EXPECT_EQ(bench.drops(DropReason::kAddressTentative), 1U);
}

// RFC 4007 9 MUST: a link-local address is ours on its own link only.
TEST(ReceiveIpv6, LinkLocalAddressesBelongToOneLink) {
  Host host;
  TestDevice second({.mac = kOtherMac});
  host.add(second);
  host.run_for(10s);
  (void)second.take_sent();
  second.push(ip_frame(kOtherMac, kPeerMac, between(host.peer_link_local, host.own_link_local)));
  host.settle();
  EXPECT_THAT(second.take_sent(), IsEmpty());
  EXPECT_EQ(host.drops(DropReason::kNotLocalAndNotForwarding), 1U);
}

}  // namespace
}  // namespace strata::stack::receive_ipv6_test
