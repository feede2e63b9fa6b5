// SPDX-License-Identifier: Apache-2.0
#include "runtime/cores/steering.h"

#include <gtest/gtest.h>

#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/rng.h"
#include "strata/wire/ipv6_extension.h"
#include "support/frames.h"
#include "support/tcp_frames.h"

namespace strata::runtime::steering_test {
namespace {

using support::arp_packet;
using support::Frame;
using support::icmp_packet;
using support::ip_frame;
using support::ip_packet;
using wire::Icmpv4Type;
using wire::Icmpv6Type;

constexpr std::uint16_t kCores = 4;
constexpr std::uint16_t kFront = Steering::kFront;
constexpr std::uint16_t kEveryone = Steering::kEveryone;
constexpr MacAddress kOurs = MacAddress::from_value(0x0200'0000'0001);
constexpr MacAddress kTheirs = MacAddress::from_value(0x0200'0000'0002);

struct Pair {
  IpAddress us;
  IpAddress them;
};
const Pair kPairs[] = {
    {IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2)},
    {*IpAddress::parse("fd00::1"), *IpAddress::parse("fd00::2")},
};

class SteeringTest : public testing::Test {
 protected:
  std::uint16_t core_of(const Frame& frame) const {
    const PacketPtr packet = packet_of(frame);
    return steering_.core_of(*packet);
  }
  std::uint16_t core_of_ip(const Frame& packet, const MacAddress& to = kOurs) const {
    return core_of(ip_frame(to, kTheirs, packet));
  }
  bool withholds(const Frame& frame) const {
    return steering_.speaks_for_the_host(*packet_of(frame));
  }
  PacketPtr packet_of(const Frame& frame) const {
    PacketPtr packet = pool_.allocate_for(frame.size());
    copy_bytes(frame.all(), packet->append(frame.size()));
    return packet;
  }

  HeapMemory memory_;
  mutable PacketPool pool_{memory_, {}};
  PortClaims claims_{kCores};
  Steering steering_{kCores, Medium::kEthernet, claims_};
  FlowShare share_{.cores = kCores};
};

TEST_F(SteeringTest, BothDirectionsOfFlowsComeHome) {
  for (const Pair& pair : kPairs) {
    for (std::uint16_t port = 40000; port < 40100; ++port) {
      const Endpoint us{pair.us, 80};
      const Endpoint them{pair.them, port};
      const std::uint16_t home = share_.home_of(us, them);
      EXPECT_EQ(core_of_ip(support::tcp_packet(them, us, {})), home);
      EXPECT_EQ(core_of_ip(support::udp_packet(them, us, support::text("x"))), home);
      EXPECT_EQ(core_of_ip(support::udp_packet(us, them, support::text("x"))), home);
    }
  }
}

TEST_F(SteeringTest, VlanTagsAreLookedBehind) {
  const Endpoint us{kPairs[0].us, 80};
  const Endpoint them{kPairs[0].them, 40001};
  Frame frame = ip_frame(kOurs, kTheirs, support::tcp_packet(them, us, {}));
  const Frame tag = support::bytes({0x81, 0x00, 0x00, 0x0a});
  frame.insert(frame.begin() + 12, tag.begin(), tag.end());
  EXPECT_EQ(core_of(frame), share_.home_of(us, them));
}

TEST_F(SteeringTest, APortOfOneCoreGetsAllItsDatagrams) {
  claims_.of(3).on_hold(5353);
  for (std::uint16_t port = 40000; port < 40020; ++port) {
    const Endpoint us{kPairs[0].us, 5353};
    const Endpoint them{kPairs[0].them, port};
    EXPECT_EQ(core_of_ip(support::udp_packet(them, us, {})), 3);
    EXPECT_EQ(core_of_ip(support::tcp_packet(them, us, {})), share_.home_of(us, them));
  }
}

TEST_F(SteeringTest, AllFragmentsOfADatagramMeet) {
  const Pair& pair = kPairs[0];
  const std::uint16_t home = share_.home_of(pair.us, pair.them);
  for (const bool is_first : {true, false}) {
    const Frame fragment =
        support::ipv4_packet({.more_fragments = is_first,
                              .fragment_offset = static_cast<std::uint16_t>(is_first ? 0 : 1480),
                              .protocol = wire::kIpProtocolUdp,
                              .source = pair.them,
                              .destination = pair.us},
                             support::pattern(64));
    EXPECT_EQ(core_of_ip(fragment), home);
  }
  const Pair& v6 = kPairs[1];
  for (const bool is_first : {true, false}) {
    Frame extension(wire::Ipv6FragmentLayout::kSize);
    write(
        wire::Ipv6FragmentHeader{.next_header = wire::kIpProtocolUdp,
                                 .fragment_offset = static_cast<std::uint16_t>(is_first ? 0 : 1448),
                                 .more_fragments = is_first,
                                 .identification = 7},
        extension.writable().first<wire::Ipv6FragmentLayout::kSize>());
    EXPECT_EQ(core_of_ip(ip_packet(v6.them, v6.us, wire::kIpProtocolFragment,
                                   extension + support::pattern(64))),
              share_.home_of(v6.us, v6.them));
  }
}

TEST_F(SteeringTest, ErrorsGoWhereTheQuotedFlowLives) {
  for (std::uint16_t port = 40000; port < 40050; ++port) {
    for (const Pair& pair : kPairs) {
      const Endpoint us{pair.us, port};
      const Endpoint them{pair.them, 80};
      const std::uint16_t home = share_.home_of(us, them);
      const IpAddress router =
          pair.us.is_v4() ? IpAddress::v4(10, 0, 0, 254) : *IpAddress::parse("fd00::fe");
      const std::uint8_t type = pair.us.is_v4() ? 3 : 1;
      const std::uint8_t code = pair.us.is_v4() ? 3 : 4;  // port unreachable
      const Frame sent = support::udp_packet(us, them, support::pattern(20));
      const Frame rest = support::big_endian32(0) + sent;
      EXPECT_EQ(core_of_ip(icmp_packet(router, pair.us, type, code, rest)), home);
      const Frame segment = support::tcp_packet(us, them, {});
      EXPECT_EQ(
          core_of_ip(icmp_packet(router, pair.us, type, code, support::big_endian32(0) + segment)),
          home);
      claims_.of(2).on_hold(port);
      EXPECT_EQ(core_of_ip(icmp_packet(router, pair.us, type, code, rest)), 2)
          << "whose socket has the port hears of its errors";
      claims_.of(2).on_let_go(port);
    }
  }
}

TEST_F(SteeringTest, WhatEveryCoreKeepsIsToldToAll) {
  const Pair& v4 = kPairs[0];
  const Pair& v6 = kPairs[1];
  const Frame sent4 = support::udp_packet({v4.us, 9}, {v4.them, 9}, support::pattern(20));
  const Frame sent6 = support::udp_packet({v6.us, 9}, {v6.them, 9}, support::pattern(20));
  EXPECT_EQ(core_of_ip(icmp_packet(v4.them, v4.us, Icmpv4Type::kDestinationUnreachable, 4,
                                   support::big_endian32(1400) + sent4)),
            kEveryone);
  EXPECT_EQ(core_of_ip(icmp_packet(v4.them, v4.us, Icmpv4Type::kRedirect, 1,
                                   support::big_endian32(1) + sent4)),
            kEveryone);
  EXPECT_EQ(core_of_ip(icmp_packet(v6.them, v6.us, Icmpv6Type::kPacketTooBig, 0,
                                   support::big_endian32(1400) + sent6)),
            kEveryone);
  EXPECT_EQ(core_of_ip(icmp_packet(v6.them, v6.us, Icmpv6Type::kNeighborAdvertisement, 0,
                                   support::pattern(20))),
            kEveryone);
  const auto arp = [&](wire::ArpOperation operation, const IpAddress& sender,
                       const IpAddress& target) {
    return core_of(support::ethernet(kOurs, kTheirs, wire::kEtherTypeArp,
                                     arp_packet({.operation = operation,
                                                 .sender_mac = kTheirs,
                                                 .sender_ip = sender,
                                                 .target_mac = {},
                                                 .target_ip = target})));
  };
  EXPECT_EQ(arp(wire::ArpOperation::kReply, v4.them, v4.us), kEveryone);
  EXPECT_EQ(arp(wire::ArpOperation::kRequest, v4.them, v4.them), kEveryone) << "announcement";
  EXPECT_EQ(arp(wire::ArpOperation::kRequest, v4.them, v4.us), kFront) << "answered once";
}

TEST_F(SteeringTest, WhatIsAskedOfTheHostIsTheFrontCores) {
  const Pair& v4 = kPairs[0];
  const Pair& v6 = kPairs[1];
  EXPECT_EQ(core_of_ip(support::echo_request(v4.them, v4.us, 5, 1, {})), kFront);
  EXPECT_EQ(core_of_ip(support::echo_request(v6.them, v6.us, 5, 1, {})), kFront);
  EXPECT_EQ(core_of_ip(icmp_packet(v6.them, v6.us, Icmpv6Type::kNeighborSolicitation, 0,
                                   support::pattern(20))),
            kFront);
  EXPECT_EQ(core_of_ip(icmp_packet(v6.them, v6.us, Icmpv6Type::kRouterAdvertisement, 0,
                                   support::pattern(20))),
            kFront);
  const Endpoint group{IpAddress::v4(239, 1, 1, 1), 5000};
  EXPECT_EQ(core_of_ip(support::udp_packet({v4.them, 9}, group, {}),
                       MacAddress::for_multicast(group.address)),
            kFront);
  EXPECT_EQ(core_of_ip(support::udp_packet({v4.them, 67}, {v4.us, 68}, {})), kFront) << "DHCP";
}

TEST_F(SteeringTest, EchoRepliesGoByTheirIdentifier) {
  for (std::uint16_t id = 100; id < 110; ++id) {
    for (const Pair& pair : kPairs) {
      EXPECT_EQ(core_of_ip(support::echo_reply(pair.them, pair.us, id, 1, {})), id % kCores);
    }
  }
}

TEST_F(SteeringTest, WhatMakesNoSenseIsTheFrontCores) {
  Rng rng(3);
  const Frame whole = ip_frame(
      kOurs, kTheirs, support::tcp_packet({kPairs[1].them, 40000}, {kPairs[1].us, 80}, {}));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Frame frame(whole.all().first(size));
    EXPECT_LT(core_of(frame), kCores) << size;
    static_cast<void>(withholds(frame));
  }
  for (int i = 0; i < 20'000; ++i) {
    Frame frame = whole;
    for (int change = 0; change < 4; ++change) {
      frame[rng.next() % frame.size()] = static_cast<std::byte>(rng.next());
    }
    const std::uint16_t core = core_of(frame);
    EXPECT_TRUE(core < kCores || core == kEveryone);
    static_cast<void>(withholds(frame));
  }
}

TEST_F(SteeringTest, OtherCoresDoNotSpeakForTheHost) {
  const Pair& v4 = kPairs[0];
  const IpAddress nodes = IpAddress::all_nodes_v6();
  const auto arp = [&](const IpAddress& sender, const IpAddress& target) {
    return withholds(support::ethernet(MacAddress::broadcast(), kOurs, wire::kEtherTypeArp,
                                       arp_packet({.operation = wire::ArpOperation::kRequest,
                                                   .sender_mac = kOurs,
                                                   .sender_ip = sender,
                                                   .target_mac = {},
                                                   .target_ip = target})));
  };
  EXPECT_TRUE(arp(IpAddress::any_v4(), v4.us)) << "probe";
  EXPECT_TRUE(arp(v4.us, v4.us)) << "announcement";
  EXPECT_FALSE(arp(v4.us, v4.them)) << "each core asks for its neighbours";
  const auto nd = [&](Icmpv6Type type, const IpAddress& source) {
    return withholds(ip_frame(MacAddress::for_multicast(nodes), kOurs,
                              icmp_packet(source, nodes, type, 0, support::pattern(20), 255)));
  };
  const IpAddress us = kPairs[1].us;
  EXPECT_TRUE(nd(Icmpv6Type::kRouterSolicitation, us));
  EXPECT_TRUE(nd(Icmpv6Type::kNeighborAdvertisement, us));
  EXPECT_TRUE(nd(Icmpv6Type::kMulticastListenerReportV2, us));
  EXPECT_TRUE(nd(Icmpv6Type::kNeighborSolicitation, IpAddress::any_v6())) << "RFC 4862 5.4.2";
  EXPECT_FALSE(nd(Icmpv6Type::kNeighborSolicitation, us));
  EXPECT_TRUE(withholds(ip_frame(
      MacAddress::for_multicast(IpAddress::all_hosts_v4()), kOurs,
      ip_packet(v4.us, IpAddress::all_hosts_v4(), wire::kIpProtocolIgmp, support::pattern(8)))));
  EXPECT_FALSE(
      withholds(ip_frame(kTheirs, kOurs, support::tcp_packet({v4.us, 80}, {v4.them, 9}, {}))));
}

TEST_F(SteeringTest, PacketsWithoutLinkHeaderAreReadAsTheyAre) {
  const Steering bare(kCores, Medium::kIp, claims_);
  const Endpoint us{kPairs[1].us, 80};
  const Endpoint them{kPairs[1].them, 40001};
  const PacketPtr packet = packet_of(support::tcp_packet(them, us, {}));
  EXPECT_EQ(bare.core_of(*packet), share_.home_of(us, them));
  EXPECT_EQ(bare.core_of(*packet_of(Frame{})), kFront);
}

}  // namespace
}  // namespace strata::runtime::steering_test
