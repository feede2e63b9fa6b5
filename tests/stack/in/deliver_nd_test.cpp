// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "stack/in/deliver.h"
#include "stack/out/send_ip.h"
#include "strata/wire/nd.h"
#include "support/bench.h"
#include "support/matchers.h"
#include "support/udp_port.h"

namespace strata::stack::deliver_nd_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

const IpAddress kOwn6 = IpAddress::v6(0xfd00'0000'0000'0000, 1);
const IpAddress kPeer6 = IpAddress::v6(0xfd00'0000'0000'0000, 2);
const IpAddress kRouter = IpAddress::v6(0xfe80'0000'0000'0000, 2);
const IpAddress kAllNodes = IpAddress::all_nodes_v6();
constexpr auto kSolicitation = wire::Icmpv6Type::kNeighborSolicitation;
constexpr auto kAdvertisement = wire::Icmpv6Type::kNeighborAdvertisement;
constexpr auto kRouterAdvertisement = wire::Icmpv6Type::kRouterAdvertisement;

Frame address_bytes(const IpAddress& address) { return Frame(address.bytes()); }
Frame mac_option(unsigned type, const MacAddress& mac) {
  return bytes({type, 1}) + Frame(mac.bytes());
}
Frame solicitation(const IpAddress& source, const IpAddress& target, const Frame& options = {},
                   std::uint8_t hops = 255) {
  return icmp_packet(source, target.solicited_node_group(), kSolicitation, 0,
                     Frame(4) + address_bytes(target) + options, hops);
}
Frame advertisement(const IpAddress& target, const IpAddress& to, unsigned flags) {
  return icmp_packet(target, to, kAdvertisement, 0,
                     bytes({flags, 0, 0, 0}) + address_bytes(target) + mac_option(2, kPeerMac),
                     255);
}
Frame prefix_option(const char* network, std::uint32_t valid, std::uint32_t preferred) {
  return bytes({3, 4, 64, 0xc0}) + big_endian32(valid) + big_endian32(preferred) + Frame(4) +
         address_bytes(address(network));
}
Frame router_advertisement(const Frame& options, unsigned lifetime = 1800,
                           const IpAddress& source = kRouter, unsigned flags = 0) {
  return icmp_packet(source, kAllNodes, kRouterAdvertisement, 0,
                     bytes({33, flags}) + big_endian16(lifetime) + Frame(8) + options, 255);
}

// RFC 4861 7.2.4 MUST: a solicitation for our address is answered to who asked.
TEST(DeliverNd, SolicitationsAreAnswered) {
  Host host;
  EXPECT_THAT(
      host.from_peer_to_group(solicitation(kPeer6, kOwn6, mac_option(1, kPeerMac))),
      ElementsAre(AllOf(ToMac(kPeerMac), IsIpv6(AllOf(From(kOwn6), To(kPeer6), Hops(255),
                                                      Carries(IsIcmp(kAdvertisement, 0)))))));
  // RFC 4861 7.2.4 MUST: one from the unspecified address is answered to all nodes.
  EXPECT_THAT(host.from_peer_to_group(solicitation(IpAddress{}, kOwn6)),
              ElementsAre(IsIpv6(AllOf(To(kAllNodes), Carries(IsIcmp(kAdvertisement, 0))))));
}

struct Case {
  const char* name;
  Frame packet;
  DropReason reason;
};

class NdDrops : public testing::TestWithParam<Case> {};

TEST_P(NdDrops, CountTheirReason) {
  Host host;
  EXPECT_THAT(host.from_peer_to_group(GetParam().packet), IsEmpty());
  EXPECT_EQ(host.drops(GetParam().reason), 1U);
}

// RFC 4861 7.1.1 MUST: invalid solicitations are silently discarded.
// RFC 4861 7.1.2 MUST: invalid advertisements are silently discarded.
// RFC 4861 6.1.2 MUST: router advertisements come from link-local addresses.
INSTANTIATE_TEST_SUITE_P(
    Reasons, NdDrops,
    testing::Values(
        Case{"HopLimit", solicitation(kPeer6, kOwn6, {}, 254), DropReason::kNdHopLimitNot255},
        Case{"OptionOfNoLength", solicitation(kPeer6, kOwn6, Frame(8)), DropReason::kNdMalformed},
        Case{"Short",
             icmp_packet(kPeer6, kOwn6.solicited_node_group(), kSolicitation, 0, Frame(10), 255),
             DropReason::kNdMalformed},
        Case{"Code",
             icmp_packet(kPeer6, kOwn6.solicited_node_group(), kSolicitation, 1,
                         Frame(4) + address_bytes(kOwn6), 255),
             DropReason::kNdMalformed},
        Case{"FromNobodyWithAddress", solicitation(IpAddress{}, kOwn6, mac_option(1, kPeerMac)),
             DropReason::kNdMalformed},
        Case{"SolicitedToAll", advertisement(kPeer6, kAllNodes, 0x60), DropReason::kNdMalformed},
        Case{"RouterFromAfar", router_advertisement({}, 1800, kPeer6), DropReason::kNdMalformed},
        Case{"RedirectFromAfar",
             icmp_packet(kPeer6, kAllNodes, wire::Icmpv6Type::kRedirect, 0,
                         Frame(4) + address_bytes(kRouter) + address_bytes(kPeer6), 255),
             DropReason::kNdMalformed},
        Case{"RouterSolicitationFromNobody",
             icmp_packet(IpAddress{}, kAllNodes, wire::Icmpv6Type::kRouterSolicitation, 0,
                         Frame(4) + mac_option(1, kPeerMac), 255),
             DropReason::kNdMalformed},
        Case{"TargetOfAnother",
             icmp_packet(kPeer6, kAllNodes, kSolicitation, 0,
                         Frame(4) + address_bytes(IpAddress::v6(0xfd00'0000'0000'0000, 99)), 255),
             DropReason::kNdNotForUs}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

// RFC 6980 5 MUST: neighbour discovery that came in fragments is silently discarded.
TEST(DeliverNd, FragmentsAreNotTaken) {
  Host host;
  Frame message = icmp_message(kPeer6, kOwn6, 135, 0, Frame(4) + address_bytes(kOwn6));
  Frame header(8);
  write(wire::Ipv6FragmentHeader{.next_header = wire::kIpProtocolIcmpv6},
        header.writable().first<8>());
  host.from_peer(ipv6_packet({.next_header = wire::kIpProtocolFragment,
                              .hop_limit = 255,
                              .source = kPeer6,
                              .destination = kOwn6},
                             header + message));
  EXPECT_EQ(host.drops(DropReason::kNdMalformed), 1U);
}

std::map<IpAddress, AddressState> states(const Bench& bench, InterfaceId interface) {
  std::map<IpAddress, AddressState> result;
  bench.stack.for_each_address([&](const AddressEntry& entry) {
    if (entry.interface == interface) result[entry.prefix.address()] = entry.state;
  });
  return result;
}

// RFC 4862 5.4 MUST: a unicast address is proved to be unique before it is used.
TEST(DeliverNd, AnAddressIsUsableOnceNobodyObjects) {
  Bench bench;
  TestDevice device;
  const InterfaceId id = bench.add(device, InterfaceConfig{});
  ASSERT_TRUE(bench.stack.add_address(id, Prefix(kOwn6, 64), bench.now));
  bench.settle();
  EXPECT_EQ(states(bench, id)[kOwn6], AddressState::kTentative);
  EXPECT_FALSE(bench.stack.is_local(kOwn6));
  bench.run_for(5s);
  EXPECT_THAT(device.take_sent(),
              Contains(IsIpv6(AllOf(From(IpAddress{}), To(kOwn6.solicited_node_group()),
                                    Carries(IsIcmp(kSolicitation, 0))))));
  EXPECT_EQ(states(bench, id)[kOwn6], AddressState::kPreferred);
  EXPECT_TRUE(bench.stack.is_local(kOwn6));
}

// RFC 4862 5.4.4 MUST: an address that somebody advertises is not ours.
TEST(DeliverNd, AnAddressThatIsTakenIsGivenUp) {
  Bench bench;
  TestDevice device;
  const InterfaceId id = bench.add(device, InterfaceConfig{});
  ASSERT_TRUE(bench.stack.add_address(id, Prefix(kOwn6, 64), bench.now));
  bench.run_for(10ms);
  device.push(ip_frame(MacAddress::for_multicast(kAllNodes), kPeerMac,
                       advertisement(kOwn6, kAllNodes, 0x20)));
  bench.run_for(5s);
  EXPECT_EQ(states(bench, id)[kOwn6], AddressState::kDuplicate);
  EXPECT_FALSE(bench.stack.is_local(kOwn6));
}

class Autoconfigured : public Bench {
 public:
  Autoconfigured() {
    InterfaceConfig config;
    config.temporary_addresses = true;
    id = add(device, config);
    run_for(5s);
    first = device.take_sent();
  }
  void hear(const Frame& packet) {
    device.push(ip_frame(MacAddress::for_multicast(kAllNodes), kPeerMac, packet));
    run_for(5s);
  }
  std::size_t count_in(const char* network) {
    std::size_t count = 0;
    for (const auto& [address, state] : states(*this, id)) {
      count += prefix(network).contains(address) && state == AddressState::kPreferred ? 1U : 0U;
    }
    return count;
  }
  [[nodiscard]] IpAddress link_local() {
    return stack.core().interface(id)->addresses->link_local_v6()->address;
  }
  bool has_default_route() {
    bool has = false;
    stack.for_each_route([&](const RouteEntry& entry) {
      has = has || (entry.destination.length() == 0 && entry.gateway == kRouter);
    });
    return has;
  }

  TestDevice device;
  InterfaceId id = kNoInterface;
  Frames first;
};

// RFC 4861 6.3.7 SHOULD: a host asks for routers when its interface comes up.
// RFC 4862 5.5.3 MUST: addresses are formed of the prefixes that routers advertise.
TEST(DeliverNd, RoutersConfigureAHost) {
  Autoconfigured host;
  EXPECT_THAT(host.first,
              Contains(IsIpv6(AllOf(To(IpAddress::all_routers_v6()), Hops(255),
                                    Carries(IsIcmp(wire::Icmpv6Type::kRouterSolicitation, 0))))));
  host.hear(router_advertisement(prefix_option("2001:db8::", 3600, 1800) + mac_option(1, kPeerMac) +
                                 bytes({5, 1, 0, 0}) + big_endian32(1400)));
  EXPECT_EQ(host.count_in("2001:db8::/64"), 2U);  // stable and temporary
  EXPECT_TRUE(host.has_default_route());
  host.stack.for_each_interface([&](const InterfaceEntry& entry) {
    EXPECT_EQ(entry.ipv6_mtu, entry.id == host.id ? 1400U : 65535U);
  });
  // What leaves uses the router, its hop limit and a source in the prefix.
  (void)host.device.take_sent();
  UdpPort port(host, {});
  ASSERT_TRUE(port.send({address("2001:db8:9::1"), 9}, text("x")));
  host.settle();
  const Frames sent = host.device.take_sent();
  ASSERT_THAT(sent, ElementsAre(AllOf(ToMac(kPeerMac), IsIpv6(Hops(33)))));
  EXPECT_TRUE(prefix("2001:db8::/64").contains(decode(sent[0].all()).source));
  // RFC 4861 6.3.4 MUST: a lifetime of zero takes the default router away.
  host.hear(router_advertisement({}, 0));
  EXPECT_FALSE(host.has_default_route());
  // RFC 4862 5.5.4 MUST: an address ends with its valid lifetime.
  host.run_for(2h);
  EXPECT_EQ(host.count_in("2001:db8::/64"), 0U);
}

// RFC 4861 6.3.6 SHOULD: a router that does not answer comes after those that may.
TEST(DeliverNd, ASilentRouterIsLeftUntilItAnswersAgain) {
  Autoconfigured host;
  constexpr unsigned kPreferred = 0x08;  // RFC 4191 2.2
  const IpAddress far = address("2001:db8:9::1");
  const IpAddress other = address("fe80::3");
  ASSERT_TRUE(host.stack.add_neighbor(host.id, other, kOtherMac, host.now));  // never silent
  host.hear(router_advertisement(prefix_option("2001:db8::", 3600, 1800) + mac_option(1, kPeerMac),
                                 1800, kRouter, kPreferred));
  host.hear(router_advertisement(mac_option(1, kOtherMac), 1800, other));
  UdpPort port(host, {});
  const auto first_hop = [&] {
    (void)host.device.take_sent();
    EXPECT_TRUE(port.send({far, 9}, text("x")));
    host.settle();
    for (const Frame& frame : host.device.take_sent()) {
      const Decoded is = decode(frame.all());
      if (is.destination == far) return is.link.destination;
    }
    return MacAddress{};
  };
  EXPECT_EQ(first_hop(), kPeerMac);
  host.run_for(9s);  // it is asked, and does not answer
  EXPECT_EQ(first_hop(), kOtherMac);
  host.device.push(ip_frame(kOurMac, kPeerMac, advertisement(kRouter, host.link_local(), 0xe0)));
  host.settle();
  EXPECT_EQ(first_hop(), kPeerMac);
  // It restarts, and says so before anybody asks.
  host.run_for(60s);
  ASSERT_EQ(first_hop(), kPeerMac);
  host.run_for(9s);
  ASSERT_EQ(first_hop(), kOtherMac);
  host.run_for(60s);
  host.hear(router_advertisement(mac_option(1, kPeerMac), 1800, kRouter, kPreferred));
  EXPECT_EQ(first_hop(), kPeerMac);
}

// RFC 8106 5.3.1: what routers of one link say of servers takes nothing from what others said.
TEST(DeliverNd, EveryLinkHasDnsServersOfItsOwn) {
  Autoconfigured host;
  TestDevice other;
  const InterfaceId other_id = host.add(other, {});
  host.run_for(5s);
  const auto servers_of = [](const char* server) {
    return router_advertisement(bytes({25, 3, 0, 0}) + big_endian32(3600) +
                                address_bytes(address(server)));
  };
  const auto known = [&] {
    std::vector<IpAddress> servers;
    host.stack.for_each_dns_server([&](const IpAddress& each) { servers.push_back(each); });
    return servers;
  };
  host.hear(servers_of("fd00::53"));
  other.push(ip_frame(MacAddress::for_multicast(kAllNodes), kPeerMac, servers_of("fd01::53")));
  host.run_for(5s);
  EXPECT_THAT(known(), ElementsAre(address("fd00::53"), address("fd01::53")));
  ASSERT_TRUE(host.stack.remove_interface(other_id, host.now));
  EXPECT_THAT(known(), ElementsAre(address("fd00::53")));
}

// RFC 4861 4.6.4: a router tells IPv6 how long its packets may be, and nobody else.
TEST(DeliverNd, AnAdvertisedMtuIsOfIpv6Alone) {
  Autoconfigured host;
  ASSERT_TRUE(host.stack.add_address(host.id, prefix("10.0.0.1/24"), host.now));
  const auto mtu_to = [&](const char* destination) {
    const auto departure =
        depart(host.stack.core(), {.destination = address(destination), .interface = host.id});
    return departure ? departure->mtu : 0;
  };
  const auto hear_mtu = [&](std::uint32_t mtu) {
    host.hear(router_advertisement(prefix_option("2001:db8::", 3600, 1800) + bytes({5, 1, 0, 0}) +
                                   big_endian32(mtu)));
  };
  hear_mtu(1280);
  EXPECT_EQ(mtu_to("10.0.0.2"), 1500U);
  for (const char* far : {"2001:db8::2", "2001:db8:9::1", "fe80::2", "ff02::1"}) {
    EXPECT_EQ(mtu_to(far), 1280U) << far;
  }
  host.stack.for_each_interface([&](const InterfaceEntry& entry) {
    EXPECT_EQ(entry.mtu, entry.id == host.id ? 1500U : 65535U);
  });
  // A setting of ours bounds both; a router may advertise more than before, but no more than that.
  ASSERT_TRUE(host.stack.set_mtu(host.id, 1400, host.now));
  EXPECT_EQ(mtu_to("fe80::2"), 1280U);
  hear_mtu(1500);
  EXPECT_EQ(mtu_to("10.0.0.2"), 1400U);
  EXPECT_EQ(mtu_to("fe80::2"), 1400U);
  hear_mtu(1300);
  // Behind a link that went away there may be other routers.
  for (const bool up : {false, true}) {
    ASSERT_TRUE(host.stack.set_interface_up(host.id, up, host.now));
    host.run_for(5s);
  }
  EXPECT_EQ(mtu_to("fe80::2"), 1400U);
}

// RFC 8200 5 MUST: IPv6 never has less than 1280 bytes, whatever a lease of IPv4 asks for.
TEST(DeliverNd, ASmallMtuOfIpv4LeavesIpv6ItsLeast) {
  Host host;
  ASSERT_TRUE(host.stack.set_mtu(host.eth0, 576, host.now));
  EXPECT_EQ(depart(host.stack.core(), {.destination = host.peer4})->mtu, 576U);
  EXPECT_EQ(depart(host.stack.core(), {.destination = host.peer6})->mtu, 1280U);
}

TEST(DeliverNd, WhoDoesNotWantAdvertisementsIgnoresThem) {
  Host host;
  host.from_peer_to_group(router_advertisement(prefix_option("2001:db8::", 3600, 1800)));
  host.run_for(10s);
  for (const auto& [own, state] : states(host, host.eth0)) {
    EXPECT_FALSE(prefix("2001:db8::/64").contains(own));
  }
  EXPECT_THAT(host.device.take_sent(),
              Not(Contains(IsIpv6(Carries(IsIcmp(wire::Icmpv6Type::kRouterSolicitation, 0))))));
}

class Redirected : public Host {
 public:
  explicit Redirected(const BenchOptions& options = {}) : Host(options) {
    EXPECT_TRUE(
        stack.add_route({.destination = prefix("::/0"), .gateway = kRouter, .interface = eth0}));
  }
  Frames redirect(const IpAddress& source) {
    return from_peer(icmp_packet(
        source, kOwn6, wire::Icmpv6Type::kRedirect, 0,
        Frame(4) + address_bytes(better) + address_bytes(far) + mac_option(2, kOtherMac), 255));
  }
  Frames send_afar() {
    UdpPort port(*this, {});
    EXPECT_TRUE(port.send({far, 9}, text("x")));
    settle();
    return device.take_sent();
  }
  const IpAddress far = address("2001:db8::9");
  const IpAddress better = address("fe80::3");
};

// RFC 4861 8.3 SHOULD: a valid redirect from the first hop changes the next hop.
TEST(DeliverNd, ARedirectMovesItsDestination) {
  Redirected host;
  host.redirect(address("fe80::44"));
  EXPECT_EQ(host.drops(DropReason::kRedirectRefused), 1U);
  host.redirect(kRouter);
  EXPECT_THAT(host.send_afar(), ElementsAre(ToMac(kOtherMac)));
  host.stack.set_forwarding(false, true);
  host.redirect(kRouter);
  EXPECT_EQ(host.drops(DropReason::kRedirectRefused), 2U);
}

TEST(DeliverNd, RedirectsAreRefusedWhereNoneAreWanted) {
  BenchOptions options;
  options.stack.accept_redirects = false;
  Redirected host(options);
  ASSERT_TRUE(host.stack.add_neighbor(host.eth0, kRouter, kPeerMac, host.now));
  host.redirect(kRouter);
  EXPECT_EQ(host.drops(DropReason::kRedirectRefused), 1U);
  EXPECT_THAT(host.send_afar(), ElementsAre(ToMac(kPeerMac)));
}

// RFC 4861 7.2.5 SHOULD: an advertisement nobody asked for is discarded.
TEST(DeliverNd, UnknownNeighboursAreNotLearnedFromAdvertisements) {
  Host host;
  const IpAddress stranger = IpAddress::v6(0xfd00'0000'0000'0000, 99);
  host.from_peer(advertisement(stranger, kOwn6, 0x60));
  EXPECT_EQ(host.drops(DropReason::kNdNotForUs), 1U);
}

}  // namespace
}  // namespace strata::stack::deliver_nd_test
