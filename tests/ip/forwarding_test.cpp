// SPDX-License-Identifier: Apache-2.0
#include "ip/forwarding.h"

#include <gtest/gtest.h>

namespace strata::ip::forwarding_test {
namespace {

[[nodiscard]] IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

struct ForwardingTest : ::testing::Test {
  Route route{.destination = *Prefix::parse("198.51.100.0/24"),
              .gateway = ip("203.0.113.1"),
              .interface = 2};
  ForwardQuery query{.source = ip("192.0.2.5"),
                     .destination = ip("198.51.100.7"),
                     .hop_limit = 64,
                     .arrived = 1,
                     .size = 1000,
                     .route = &route,
                     .mtu = 1500};

  void to_v6() {
    query.source = ip("2001:db8:1::5");
    query.destination = ip("2001:db8:2::7");
    route.gateway = ip("fe80::1");
  }
};

TEST_F(ForwardingTest, OrdinaryPacketIsForwarded) {
  const ForwardDecision decision = decide_forwarding(query);
  EXPECT_TRUE(decision.may_forward());
  EXPECT_FALSE(decision.needs_fragmentation);
  EXPECT_EQ(decision.redirect_to, std::nullopt);
}

// RFC 1812 5.3.7 SHOULD: martian sources and destinations are not forwarded.
// RFC 3927 7 MUST: link-local IPv4 is not forwarded.
// RFC 4291 2.5.6 MUST: packets with link-local addresses do not leave their link.
TEST_F(ForwardingTest, AddressesThatNeverCrossARouter) {
  const struct {
    const char *source, *destination;
    DropReason drop;
    ForwardError error;
  } cases[] = {
      {"0.0.0.0", "198.51.100.7", DropReason::kIpv4BadSource, ForwardError::kNone},
      {"0.1.2.3", "198.51.100.7", DropReason::kIpv4BadSource, ForwardError::kNone},
      {"127.0.0.1", "198.51.100.7", DropReason::kIpv4BadSource, ForwardError::kNone},
      {"224.0.0.1", "198.51.100.7", DropReason::kIpv4BadSource, ForwardError::kNone},
      {"255.255.255.255", "198.51.100.7", DropReason::kIpv4BadSource, ForwardError::kNone},
      {"240.0.0.1", "198.51.100.7", DropReason::kIpv4BadSource, ForwardError::kNone},
      {"192.0.2.5", "0.0.0.1", DropReason::kIpv4BadDestination, ForwardError::kNone},
      {"192.0.2.5", "127.0.0.1", DropReason::kIpv4BadDestination, ForwardError::kNone},
      {"192.0.2.5", "255.255.255.255", DropReason::kIpv4BadDestination, ForwardError::kNone},
      {"192.0.2.5", "240.0.0.1", DropReason::kIpv4BadDestination, ForwardError::kNone},
      {"192.0.2.5", "239.1.1.1", DropReason::kMulticastNotJoined, ForwardError::kNone},
      {"192.0.2.5", "169.254.1.1", DropReason::kLinkLocalForwarded, ForwardError::kNone},
      {"169.254.1.1", "198.51.100.7", DropReason::kLinkLocalForwarded, ForwardError::kNone},
      {"::", "2001:db8:2::7", DropReason::kIpv6BadSource, ForwardError::kNone},
      {"::1", "2001:db8:2::7", DropReason::kIpv6BadSource, ForwardError::kNone},
      {"ff02::1", "2001:db8:2::7", DropReason::kIpv6BadSource, ForwardError::kNone},
      {"2001:db8:1::5", "::1", DropReason::kIpv6BadDestination, ForwardError::kNone},
      {"2001:db8:1::5", "ff01::1", DropReason::kIpv6BadDestination, ForwardError::kNone},
      {"2001:db8:1::5", "ff0e::1", DropReason::kMulticastNotJoined, ForwardError::kNone},
      {"2001:db8:1::5", "fe80::1", DropReason::kLinkLocalForwarded, ForwardError::kNone},
      {"fe80::5", "2001:db8:2::7", DropReason::kLinkLocalForwarded, ForwardError::kBeyondScope},
  };
  for (const auto& test : cases) {
    query.source = ip(test.source);
    query.destination = ip(test.destination);
    const ForwardDecision decision = decide_forwarding(query);
    EXPECT_EQ(decision.drop, test.drop) << test.source << " " << test.destination;
    EXPECT_EQ(decision.error, test.error) << test.source << " " << test.destination;
  }
}

// RFC 1812 5.3.1 MUST: a packet whose TTL is used up is discarded with Time Exceeded.
// RFC 8200 3 MUST: with a hop limit of zero, or decremented to it, the packet is discarded.
TEST_F(ForwardingTest, LastHopEndsHere) {
  for (const std::uint8_t hop_limit : {std::uint8_t{0}, std::uint8_t{1}}) {
    query.hop_limit = hop_limit;
    EXPECT_EQ(decide_forwarding(query).drop, DropReason::kTtlExpired);
    EXPECT_EQ(decide_forwarding(query).error, ForwardError::kTimeExceeded);
  }
  query.hop_limit = 2;
  EXPECT_TRUE(decide_forwarding(query).may_forward());
}

TEST_F(ForwardingTest, WithoutARouteTheSourceIsTold) {
  query.route = nullptr;
  EXPECT_EQ(decide_forwarding(query).drop, DropReason::kNoRoute);
  EXPECT_EQ(decide_forwarding(query).error, ForwardError::kNoRoute);
}

// RFC 1812 5.3.4 MUST: what came in a link-layer broadcast is not forwarded.
TEST_F(ForwardingTest, LinkBroadcastIsNotForwarded) {
  query.is_link_multicast = true;
  EXPECT_EQ(decide_forwarding(query).drop, DropReason::kNotLocalAndNotForwarding);
}

// RFC 2644 2 MUST: directed broadcasts are not forwarded by default.
TEST_F(ForwardingTest, DirectedBroadcastNeedsPermission) {
  query.is_directed_broadcast = true;
  EXPECT_EQ(decide_forwarding(query).drop, DropReason::kNotLocalAndNotForwarding);
  query.allows_directed_broadcast = true;
  EXPECT_TRUE(decide_forwarding(query).may_forward());
}

// RFC 1191 4 MUST: with DF set, Fragmentation Needed tells the MTU of the next hop.
// RFC 8200 5 MUST: routers do not fragment IPv6.
TEST_F(ForwardingTest, TooBigIsFragmentedOrReported) {
  query.size = 1501;
  EXPECT_EQ(decide_forwarding(query).drop, DropReason::kPacketTooBig);
  EXPECT_EQ(decide_forwarding(query).mtu, 1500U);
  query.may_fragment = true;
  EXPECT_TRUE(decide_forwarding(query).may_forward());
  EXPECT_TRUE(decide_forwarding(query).needs_fragmentation);
  query.size = 1500;
  EXPECT_FALSE(decide_forwarding(query).needs_fragmentation);
}

// RFC 1812 5.2.7.2 MUST: a redirect only goes to a neighbour for a packet that leaves the way it
// came.
TEST_F(ForwardingTest, RedirectNamesTheBetterFirstHop) {
  route.interface = query.arrived;
  EXPECT_EQ(decide_forwarding(query).redirect_to, std::nullopt);
  query.is_source_on_arrival_link = true;
  EXPECT_EQ(decide_forwarding(query).redirect_to, ip("203.0.113.1"));
  route.gateway = query.source;
  EXPECT_EQ(decide_forwarding(query).redirect_to, std::nullopt);
}

// RFC 4861 8.2 MUST: the target is the link-local address of a router, or the destination.
TEST_F(ForwardingTest, RedirectTargetOfIpv6IsLinkLocalOrTheDestination) {
  to_v6();
  route.interface = query.arrived;
  query.is_source_on_arrival_link = true;
  EXPECT_EQ(decide_forwarding(query).redirect_to, ip("fe80::1"));
  route.gateway = ip("2001:db8:9::1");
  EXPECT_EQ(decide_forwarding(query).redirect_to, std::nullopt);
  route.gateway = IpAddress{};
  EXPECT_EQ(decide_forwarding(query).redirect_to, query.destination);
}

}  // namespace
}  // namespace strata::ip::forwarding_test
