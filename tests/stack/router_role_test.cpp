// SPDX-License-Identifier: Apache-2.0
#include "stack/router_role.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "strata/wire/nd.h"
#include "support/bench.h"
#include "support/matchers.h"

namespace strata::stack::router_role_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

const IpAddress kAllRouters = IpAddress::all_routers_v6();
const IpAddress kSiteRouters = IpAddress::v6(0xff05'0000'0000'0000, 2);

BenchOptions routing() {
  BenchOptions options;
  options.stack.forward_ipv6 = true;
  return options;
}

// Of fd00::/64, which both hosts of the bench have addresses in.
const IpAddress kAnycast = IpAddress::v6(0xfd00'0000'0000'0000, 0);

Frame ping(const IpAddress& source, const IpAddress& destination) {
  return echo_request(source, destination, 1, 1, text("hello"));
}
Frame solicitation(const IpAddress& source, const IpAddress& target) {
  return icmp_packet(source, target.solicited_node_group(), wire::Icmpv6Type::kNeighborSolicitation,
                     0, Frame(4) + Frame(target.bytes()) + bytes({1, 1}) + Frame(kPeerMac.bytes()),
                     255);
}

// RFC 4291 2.8 MUST: a router belongs to the groups of all routers; a host does not.
TEST(RouterRole, AllRoutersAreListenedTo) {
  Host host;
  Host router(routing());
  for (const IpAddress& group : {kAllRouters, kSiteRouters}) {
    EXPECT_THAT(host.from_peer_to_group(ping(host.peer6, group)), IsEmpty());
    EXPECT_THAT(router.from_peer_to_group(ping(router.peer6, group)),
                ElementsAre(IsIpv6(AllOf(From(router.own6), To(router.peer6)))));
  }
  EXPECT_EQ(host.drops(DropReason::kMulticastNotJoined), 2U);
}

// RFC 4861 6.2.6 SHOULD: a router notes the link-layer address of who asks for routers.
TEST(RouterRole, WhoAsksForRoutersIsKnown) {
  Host router(routing());
  const IpAddress asker = address("fe80::77");
  router.from_peer_to_group(icmp_packet(asker, kAllRouters, wire::Icmpv6Type::kRouterSolicitation,
                                        0, Frame(4) + bytes({1, 1}) + Frame(kOtherMac.bytes()),
                                        255));
  bool is_known = false;
  router.stack.for_each_neighbor(router.now, [&](const NeighborEntry& entry) {
    is_known = is_known || (entry.address == asker && entry.mac == kOtherMac && !entry.is_router);
  });
  EXPECT_TRUE(is_known);
}

// RFC 4291 2.6.1 MUST: a router answers to the anycast address of each of its prefixes.
// RFC 4443 2.2 MUST: the answer comes from a unicast address.
TEST(RouterRole, ThePrefixItselfIsAnAddressOfItsRouters) {
  Host router(routing());
  EXPECT_THAT(router.from_peer(ping(router.peer6, kAnycast)),
              ElementsAre(IsIpv6(AllOf(From(router.own6), To(router.peer6),
                                       Carries(IsIcmp(wire::Icmpv6Type::kEchoReply, 0))))));
  EXPECT_THAT(
      router.from_peer(udp_packet({router.peer6, 9}, {kAnycast, 7}, {})),
      ElementsAre(IsIpv6(AllOf(From(router.own6),
                               Carries(IsIcmp(wire::Icmpv6Type::kDestinationUnreachable, 4))))));
  router.from_peer(ip_packet(router.peer6, kAnycast, wire::kIpProtocolTcp, Frame(20)));
  EXPECT_EQ(router.drops(DropReason::kTcpToGroup), 1U);
}

TEST(RouterRole, AnycastAddressesTakeNoPlaceOfProxiedOnes) {
  Host router(routing());
  const auto proxy = [&](std::uint64_t host) {
    return router.stack.add_proxy(router.eth0, IpAddress::v6(0xfd01'0000'0000'0000, host),
                                  router.now);
  };
  for (std::uint64_t host = 1; host <= 16; ++host) EXPECT_TRUE(proxy(host)) << host;
  EXPECT_EQ(proxy(17).error(), Error::kOutOfMemory);
  EXPECT_EQ(proxy(16).error(), Error::kAlreadyExists);
  ASSERT_TRUE(router.stack.add_address(router.eth0, prefix("fd02::1/64"), router.now));
  const auto answered = router.stack.core().interface(router.eth0)->neighbors->proxies();
  EXPECT_NE(std::ranges::find(answered, address("fd02::")), answered.end());
}

// RFC 4861 7.2.7 SHOULD: who asks for an anycast address is answered after a random moment.
// RFC 4861 7.2.7 MUST: and without the Override flag.
TEST(RouterRole, NeighboursAreToldOfTheAnycastAddress) {
  Host router(routing());
  (void)router.from_peer_to_group(solicitation(router.peer6, kAnycast));
  const Frames out = router.after(1s);
  ASSERT_THAT(
      out, ElementsAre(IsIpv6(AllOf(
               To(router.peer6), Carries(IsIcmp(wire::Icmpv6Type::kNeighborAdvertisement, 0))))));
  const Frame message = decode(out[0].all()).upper;
  const auto view = wire::NeighborAdvertisementView::parse(message.all());
  ASSERT_TRUE(view);
  EXPECT_EQ(view->target(), kAnycast);
  EXPECT_TRUE(view->router());
  EXPECT_TRUE(view->solicited());
  EXPECT_FALSE(view->override_cached());
}

TEST(RouterRole, ComesAndGoesWithForwardingAndWithAddresses) {
  Host host;
  const auto answers = [&](const IpAddress& to) {
    const Frame packet = ping(host.peer6, to);
    const Frames out = to.is_multicast() ? host.from_peer_to_group(packet) : host.from_peer(packet);
    return std::ranges::count_if(out, [](const Frame& frame) {
      return testing::Matches(IsIpv6(Carries(IsIcmp(wire::Icmpv6Type::kEchoReply, 0))))(frame);
    });
  };
  EXPECT_EQ(answers(kAnycast), 0);
  host.stack.set_forwarding(false, true);
  (void)host.after(5s);
  EXPECT_EQ(answers(kAnycast), 1);
  EXPECT_EQ(answers(kAllRouters), 1);
  // One address of a prefix is as good as another.
  ASSERT_TRUE(host.stack.add_address(host.eth0, prefix("fd00::5/64"), host.now));
  ASSERT_TRUE(host.stack.remove_address(host.eth0, host.own6, host.now));
  (void)host.after(5s);
  EXPECT_EQ(answers(kAnycast), 1);
  ASSERT_TRUE(host.stack.remove_address(host.eth0, address("fd00::5"), host.now));
  ASSERT_TRUE(host.stack.add_address(host.eth0, prefix("fd01::1/127"), host.now));
  ASSERT_TRUE(host.stack.add_route(
      {.destination = prefix("fd00::/64"), .gateway = IpAddress{}, .interface = host.eth0}));
  (void)host.after(5s);
  EXPECT_EQ(answers(kAnycast), 0);
  EXPECT_EQ(answers(address("fd01::")), 0) << "RFC 6164 5: the other end of a link between two";
  host.stack.set_forwarding(false, false);
  (void)host.after(5s);
  EXPECT_EQ(answers(kAllRouters), 0);
}

TEST(RouterRole, GoesWithTheInterface) {
  Host router(routing());
  const Core& core = router.stack.core();
  ASSERT_NE(core.local.find(kAnycast), nullptr);
  ASSERT_TRUE(router.stack.remove_interface(router.eth0, router.now));
  EXPECT_EQ(core.local.find(kAnycast), nullptr);
}

}  // namespace
}  // namespace strata::stack::router_role_test
