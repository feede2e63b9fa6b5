// SPDX-License-Identifier: Apache-2.0
#include "stack/in/deliver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/bench.h"
#include "support/matchers.h"
#include "support/udp_port.h"

namespace strata::stack::deliver_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

const IpAddress kOwn = IpAddress::v4(10, 0, 0, 1);
const IpAddress kPeer = IpAddress::v4(10, 0, 0, 2);
const IpAddress kOwn6 = IpAddress::v6(0xfd00'0000'0000'0000, 1);
const IpAddress kPeer6 = IpAddress::v6(0xfd00'0000'0000'0000, 2);

// Bytes [begin, end) of what follows the IP header.
Frame fragment(const IpAddress& source, const Frame& upper, std::size_t begin, std::size_t end,
               bool more, unsigned identification = 1) {
  const Frame part(upper.all().subspan(begin, end - begin));
  if (source.is_v4()) {
    return ipv4_packet({.identification = static_cast<std::uint16_t>(identification),
                        .more_fragments = more,
                        .fragment_offset = static_cast<std::uint16_t>(begin),
                        .protocol = wire::kIpProtocolUdp,
                        .source = source,
                        .destination = kOwn},
                       part);
  }
  Frame header(wire::Ipv6FragmentLayout::kSize);
  write(wire::Ipv6FragmentHeader{.next_header = wire::kIpProtocolUdp,
                                 .fragment_offset = static_cast<std::uint16_t>(begin),
                                 .more_fragments = more,
                                 .identification = identification},
        header.writable().first<wire::Ipv6FragmentLayout::kSize>());
  return ipv6_packet(
      {.next_header = wire::kIpProtocolFragment, .source = source, .destination = kOwn6},
      header + part);
}

class Fragments : public testing::TestWithParam<bool> {
 protected:
  Frame cut(std::size_t begin, std::size_t end, bool more, unsigned identification = 1) {
    return fragment(GetParam() ? kPeer : kPeer6, upper, begin, end, more, identification);
  }

  Host host;
  UdpPort port{host, {IpAddress::any_v6(), 7}};
  const Frame payload = pattern(3000);
  Frame upper =
      udp_datagram({GetParam() ? kPeer : kPeer6, 9}, {GetParam() ? kOwn : kOwn6, 7}, payload);
};

// RFC 1122 3.3.2 MUST: fragments are put together, in whatever order they come.
// RFC 8200 4.5 MUST: the same for IPv6.
TEST_P(Fragments, ArePutTogetherInAnyOrder) {
  host.from_peer(cut(2400, 3008, false));
  host.from_peer(cut(0, 1200, true));
  host.from_peer(cut(0, 1200, true));
  EXPECT_EQ(port.waiting(), 0U);
  host.from_peer(cut(1200, 2400, true));
  EXPECT_EQ(port.receive(), payload);
  EXPECT_EQ(host.all_drops(), 0U);
  EXPECT_EQ(host.stack.counters().reassembled, 1U);
}

// RFC 5722 4 MUST: a datagram whose fragments overlap is discarded.
TEST_P(Fragments, ThatOverlapAreDropped) {
  host.from_peer(cut(0, 1200, true));
  host.from_peer(cut(800, 2000, true));
  EXPECT_EQ(host.drops(DropReason::kFragmentOverlap), 2U);
  host.from_peer(cut(2000, 3008, false));
  EXPECT_EQ(port.waiting(), 0U);
}

TEST_P(Fragments, OfOddSizeAreMalformed) {
  const Frames answers = host.from_peer(cut(0, 1203, true));
  EXPECT_EQ(host.drops(DropReason::kFragmentMalformed), 1U);
  // RFC 8200 4.5: IPv6 tells the sender.
  if (GetParam()) {
    EXPECT_THAT(answers, IsEmpty());
  } else {
    EXPECT_THAT(answers,
                ElementsAre(IsIpv6(AllOf(Carries(IsIcmp(wire::Icmpv6Type::kParameterProblem, 0)),
                                         Carries(HasRest(big_endian32(4)))))));
  }
}

// RFC 1122 3.3.2 MUST: what is not complete after a while is discarded, and the sender told if the
// first fragment came.
TEST_P(Fragments, ThatStayAloneTimeOut) {
  host.from_peer(cut(0, 1200, true));
  const Frames sent = host.after(121s);
  EXPECT_EQ(host.drops(DropReason::kFragmentTimeout), 1U);
  if (GetParam()) {
    EXPECT_THAT(sent, ElementsAre(IsIpv4(Carries(IsIcmp(wire::Icmpv4Type::kTimeExceeded, 1)))));
  } else {
    EXPECT_THAT(sent, ElementsAre(IsIpv6(Carries(IsIcmp(wire::Icmpv6Type::kTimeExceeded, 1)))));
  }
  host.from_peer(cut(1200, 2400, true));
  EXPECT_THAT(host.after(121s), IsEmpty());
  EXPECT_EQ(host.pool.descriptors_in_use(), 0U);
}

TEST_P(Fragments, TooManyOfOneDatagramAreDropped) {
  for (std::size_t at = 0; at < 129 * 8; at += 8) host.from_peer(cut(at, at + 8, true));
  EXPECT_EQ(host.drops(DropReason::kFragmentTooMany), 129U);
}

INSTANTIATE_TEST_SUITE_P(Families, Fragments, testing::Bool(), [](const auto& parameter) {
  return std::string(parameter.param ? "Ipv4" : "Ipv6");
});

TEST(Deliver, FragmentsAreHeldWithinTheirBudget) {
  BenchOptions options;
  options.stack.reassembly_datagrams_max = 4;
  Host host(options);
  const Frame upper = pattern(100);
  for (unsigned i = 0; i < 40; ++i) {
    host.from_peer(fragment(kPeer, upper, 0, 48, true, i));
  }
  EXPECT_GE(host.drops(DropReason::kFragmentBudget), 36U);
  EXPECT_LE(host.pool.descriptors_in_use(), 4U);
}

// First fragments without end, from one source and then from ever new ones, beside pings of a peer
// that come in two fragments each.
TEST(Deliver, AFloodOfFragmentsLeavesAnHonestPingAlone) {
  BenchOptions options;
  options.stack.reassembly_datagrams_max = 64;
  Host host(options);
  const Frame upper = pattern(800);
  unsigned flooded = 0;
  const auto flood = [&](bool from_many) {
    for (int i = 0; i < 200; ++i, ++flooded) {
      const std::uint8_t last = from_many ? static_cast<std::uint8_t>(10 + flooded % 200) : 66;
      host.from_peer(fragment(IpAddress::v4(10, 0, 0, last), upper, 0, 400, true, flooded));
    }
  };
  const Frame ping = icmp_message(
      kPeer, kOwn, static_cast<std::uint8_t>(wire::Icmpv4Type::kEchoRequest), 0, pattern(804));
  for (unsigned i = 0; i < 40; ++i) {
    SCOPED_TRACE(i);
    const auto half = [&](std::size_t begin, std::size_t end, bool more) {
      return host.from_peer(ipv4_packet({.identification = static_cast<std::uint16_t>(i),
                                         .more_fragments = more,
                                         .fragment_offset = static_cast<std::uint16_t>(begin),
                                         .protocol = wire::kIpProtocolIcmpv4,
                                         .source = kPeer,
                                         .destination = kOwn},
                                        Frame(ping.all().subspan(begin, end - begin))));
    };
    flood(i >= 20);
    EXPECT_THAT(half(0, 400, true), IsEmpty());
    if (i < 20) flood(false);
    EXPECT_THAT(half(400, ping.size(), false),
                ElementsAre(IsIpv4(Carries(IsIcmp(wire::Icmpv4Type::kEchoReply, 0)))));
  }
  EXPECT_GT(host.drops(DropReason::kFragmentBudget), 7000U);
}

// RFC 1122 3.2.2.1 SHOULD: a protocol nobody speaks is answered with protocol unreachable.
TEST(Deliver, AProtocolNobodySpeaksIsReported) {
  Host host;
  EXPECT_THAT(host.from_peer(ip_packet(kPeer, kOwn, 200, pattern(20))),
              ElementsAre(IsIpv4(Carries(IsIcmp(wire::Icmpv4Type::kDestinationUnreachable, 2)))));
  EXPECT_EQ(host.drops(DropReason::kUnknownProtocol), 1U);
}

}  // namespace
}  // namespace strata::stack::deliver_test
