// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/in/deliver.h"
#include "support/bench.h"
#include "support/matchers.h"

namespace strata::stack::deliver_groups_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::Contains;
using testing::IsEmpty;

const IpAddress kPeer = IpAddress::v4(10, 0, 0, 2);
const IpAddress kPeer6 = IpAddress::v6(0xfe80'0000'0000'0000, 2);
const IpAddress kGroup = IpAddress::v4(239, 1, 1, 1);
const IpAddress kGroup6 = IpAddress::v6(0xff0e'0000'0000'0000, 0x1234);
const IpAddress kAllHosts = IpAddress::all_hosts_v4();
const IpAddress kAllNodes = IpAddress::all_nodes_v6();

const Frame kRouterAlert = bytes({0x94, 4, 0, 0});

Frame igmp(const IpAddress& destination, Frame message, const Frame& options = kRouterAlert) {
  wire::Icmpv4Layout::Checksum::set(message.writable(), 0);
  wire::Icmpv4Layout::Checksum::set(message.writable(), fold(wire::partial_sum(message.all())));
  return ipv4_packet({.time_to_live = 1,
                      .protocol = wire::kIpProtocolIgmp,
                      .source = kPeer,
                      .destination = destination},
                     message, options);
}
Frame mld(const IpAddress& source, std::uint8_t type, const Frame& rest, std::uint8_t hops = 1) {
  const Frame alert = bytes({wire::kIpProtocolIcmpv6, 0, 5, 2, 0, 0, 1, 0});
  return ip_packet(source, kAllNodes, wire::kIpProtocolHopByHop,
                   alert + icmp_message(source, kAllNodes, type, 0, rest), hops);
}
Frame mld_query() { return big_endian32(1000U << 16U) + Frame(16) + bytes({2, 125, 0, 0}); }

class Member : public Host {
 public:
  Member() {
    auto& groups = stack.core().interface(eth0)->groups.tell();
    EXPECT_TRUE(groups.join(99, kGroup, now));
    EXPECT_TRUE(groups.join(99, kGroup6, now));
    joined = after(10s);
  }
  Frames joined;
};

auto is_igmp_report() {
  return IsIpv4(AllOf(To(IpAddress::v4(224, 0, 0, 22)), Hops(1), HasTrafficClass(0xc0)));
}
// Behind the hop-by-hop header with its router alert.
auto is_mld_report() {
  return IsIpv6(AllOf(From(IpAddress::v6(0xfe80'0000'0000'0000, 1)),
                      To(IpAddress::v6(0xff02'0000'0000'0000, 0x16)), Hops(1),
                      Carries(IsIcmp(wire::Icmpv6Type::kMulticastListenerReportV2, 0))));
}

// RFC 3376 5.1 MUST: a change of membership is reported at once.
// RFC 3810 6.1 MUST: the same for IPv6.
TEST(DeliverGroups, JoiningIsReported) {
  Member host;
  EXPECT_THAT(host.joined, Contains(is_igmp_report()));
  EXPECT_THAT(host.joined, Contains(is_mld_report()));
}

// RFC 3376 5.2 MUST: a query is answered within the time it allows.
TEST(DeliverGroups, QueriesAreAnswered) {
  Member host;
  host.from_peer_to_group(igmp(kAllHosts, bytes({0x11, 10, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0})));
  EXPECT_THAT(host.after(2s), Contains(is_igmp_report()));
  host.from_peer_to_group(mld(kPeer6, 130, mld_query()));
  EXPECT_THAT(host.after(2s), Contains(is_mld_report()));
  EXPECT_EQ(host.all_drops(), 0U);
}

// RFC 3376 9.1 SHOULD: queries without a router alert are ignored where they may be from elsewhere.
TEST(DeliverGroups, WithoutAlertAQueryIsHeardWhereNoRouterWouldHaveSentIt) {
  const Frame general = bytes({0x11, 10, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0});
  Member host;
  host.from_peer_to_group(igmp(kAllHosts, general, {}));
  EXPECT_THAT(host.after(2s), Contains(is_igmp_report()));
  host.from_peer(igmp(host.own4, general, {}));
  EXPECT_EQ(host.drops(DropReason::kIgmpMalformed), 1U);
  EXPECT_THAT(host.after(20s), IsEmpty());
  host.from_peer(igmp(host.own4, general));
  EXPECT_THAT(host.after(2s), Contains(is_igmp_report()));
}

struct Case {
  const char* name;
  Frame packet;
  DropReason reason;
};

class GroupDrops : public testing::TestWithParam<Case> {};

TEST_P(GroupDrops, CountTheirReason) {
  Member host;
  host.from_peer_to_group(GetParam().packet);
  EXPECT_EQ(host.drops(GetParam().reason), 1U);
  EXPECT_THAT(host.after(20s), IsEmpty());
}

Frame damaged(Frame packet) {
  packet.back() ^= std::byte{1};
  return packet;
}

// RFC 3810 6.2 MUST: a query from elsewhere than a link-local address is discarded, and so is one
// with another hop limit than 1 or without a router alert.
INSTANTIATE_TEST_SUITE_P(
    Reasons, GroupDrops,
    testing::Values(
        Case{"ShortIgmp", igmp(kAllHosts, bytes({0x11, 10, 0, 0})), DropReason::kIgmpMalformed},
        Case{"DamagedIgmp", damaged(igmp(kAllHosts, bytes({0x11, 10, 0, 0, 0, 0, 0, 0}))),
             DropReason::kIgmpMalformed},
        Case{"MldHops", mld(kPeer6, 130, mld_query(), 2), DropReason::kMldMalformed},
        Case{"MldWithoutAlert",
             icmp_packet(kPeer6, kAllNodes, std::uint8_t{130}, 0, mld_query(), 1),
             DropReason::kMldMalformed},
        Case{"MldFromAfar", mld(IpAddress::v6(0xfd00'0000'0000'0000, 2), 130, mld_query()),
             DropReason::kMldMalformed},
        Case{"MldFromNobody", mld(IpAddress{}, 130, mld_query()), DropReason::kMldMalformed},
        Case{"ShortMldQuery", mld(kPeer6, 130, Frame(4)), DropReason::kMldMalformed},
        Case{"ShortMldReport", mld(kPeer6, 131, Frame(4)), DropReason::kMldMalformed}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

}  // namespace
}  // namespace strata::stack::deliver_groups_test
