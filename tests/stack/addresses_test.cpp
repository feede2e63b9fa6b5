// SPDX-License-Identifier: Apache-2.0
#include "stack/addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/bench.h"
#include "support/matchers.h"

namespace strata::stack::addresses_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

bool has_route(const Bench& bench, const Prefix& network) {
  bool has = false;
  bench.stack.for_each_route(
      [&](const RouteEntry& entry) { has = has || entry.destination == network; });
  return has;
}

// The route of a network stays while any address of it does.
TEST(Addresses, RoutesAndGroupsGoWithTheLastOfThem) {
  Host host;
  const Prefix network = prefix("10.7.0.0/24");
  for (const char* own : {"10.7.0.1/24", "10.7.0.2/24"}) {
    ASSERT_TRUE(host.stack.add_address(host.eth0, prefix(own), host.now));
  }
  EXPECT_TRUE(has_route(host, network));
  ASSERT_TRUE(host.stack.remove_address(host.eth0, address("10.7.0.1"), host.now));
  EXPECT_TRUE(has_route(host, network));
  EXPECT_FALSE(host.stack.is_local(address("10.7.0.1")));
  ASSERT_TRUE(host.stack.remove_address(host.eth0, address("10.7.0.2"), host.now));
  EXPECT_FALSE(has_route(host, network));
  EXPECT_EQ(host.stack.remove_address(host.eth0, address("10.7.0.2"), host.now).error(),
            Error::kNotFound);
  // Two addresses may share their solicited-node group.
  auto& groups = host.stack.core().interface(host.eth0)->groups.tell();
  const IpAddress group = address("fd01::77").solicited_node_group();
  for (const char* own : {"fd01::77/64", "fd02::77/64"}) {
    ASSERT_TRUE(host.stack.add_address(host.eth0, prefix(own), host.now));
  }
  ASSERT_TRUE(host.stack.remove_address(host.eth0, address("fd01::77"), host.now));
  EXPECT_TRUE(groups.is_member(group));
  ASSERT_TRUE(host.stack.remove_address(host.eth0, address("fd02::77"), host.now));
  EXPECT_FALSE(groups.is_member(group));
}

// RFC 5227 2.1.1 MUST: an IPv4 address is probed before it is used, and not used when somebody
// answers.
TEST(Addresses, AnIpv4AddressThatIsTakenIsNotUsed) {
  Bench bench;
  TestDevice device;
  const InterfaceId id = bench.add(device, InterfaceConfig{});
  ASSERT_TRUE(bench.stack.add_address(id, prefix("10.0.0.1/24"), bench.now));
  bench.run_for(1500ms);
  device.push(ethernet(MacAddress::broadcast(), kPeerMac, wire::kEtherTypeArp,
                       arp_packet({wire::ArpOperation::kReply, kPeerMac, address("10.0.0.1"),
                                   kOurMac, IpAddress::any_v4()})));
  bench.run_for(20s);
  EXPECT_FALSE(bench.stack.is_local(address("10.0.0.1")));
}

TEST(Addresses, WhatIsNoAddressOfAHostIsRefused) {
  Host host;
  for (const char* wrong : {"224.0.0.1/24", "ff02::1/64", "0.0.0.0/0", "::/0"}) {
    EXPECT_FALSE(host.stack.add_address(host.eth0, prefix(wrong), host.now)) << wrong;
  }
  EXPECT_FALSE(host.stack.add_address(host.eth0, prefix("10.0.0.1/24"), host.now));
}

Frame arp_request(const IpAddress& target, const IpAddress& asker) {
  return ethernet(
      MacAddress::broadcast(), kPeerMac, wire::kEtherTypeArp,
      arp_packet({wire::ArpOperation::kRequest, kPeerMac, asker, MacAddress{}, target}));
}

Frame solicitation(const IpAddress& target, const IpAddress& asker, const IpAddress& to) {
  return icmp_packet(asker, to, wire::Icmpv6Type::kNeighborSolicitation, 0,
                     Frame(4) + Frame(target.bytes()) + bytes({1, 1}) + Frame(kPeerMac.bytes()),
                     255);
}

// RFC 1027 2.1: a router answers ARP requests for a host beyond it.
TEST(Proxies, AnswerArpUntilTheyAreRemoved) {
  Host host;
  const IpAddress far = address("10.0.0.77");
  EXPECT_THAT(host.exchange(arp_request(far, host.peer4)), IsEmpty());
  ASSERT_TRUE(host.stack.add_proxy(host.eth0, far, host.now));
  EXPECT_THAT(host.exchange(arp_request(far, host.peer4)), ElementsAre(IsArpReply(far, kOurMac)));
  EXPECT_THAT(host.exchange(arp_request(far, IpAddress::any_v4())), IsEmpty())
      << "a probe is the owner's";
  EXPECT_FALSE(host.stack.is_local(far));
  ASSERT_TRUE(host.stack.remove_proxy(host.eth0, far, host.now));
  EXPECT_THAT(host.exchange(arp_request(far, host.peer4)), IsEmpty());
}

// RFC 4861 7.2.8 MUST: a proxy joins the solicited-node group of the address it answers for.
TEST(Proxies, AnswerSolicitationsOfGroupsAndOfNeighborsThatVerify) {
  Host host;
  const IpAddress far = address("fd00::77");
  const IpAddress group = far.solicited_node_group();
  const auto answers = [&](const IpAddress& to) {
    host.device.push(ip_frame(to.is_multicast() ? MacAddress::for_multicast(to) : kOurMac, kPeerMac,
                              solicitation(far, host.peer6, to)));
    return host.after(1s);
  };
  const auto is_answer = AllOf(
      ToMac(kPeerMac), IsIpv6(AllOf(From(host.own6), To(host.peer6), Hops(255),
                                    Carries(IsIcmp(wire::Icmpv6Type::kNeighborAdvertisement, 0)))));
  EXPECT_THAT(answers(group), IsEmpty());
  ASSERT_TRUE(host.stack.add_proxy(host.eth0, far, host.now));
  (void)host.after(10s);  // the group is reported
  EXPECT_THAT(answers(group), ElementsAre(is_answer));
  EXPECT_THAT(answers(far), ElementsAre(is_answer));
  EXPECT_THAT(host.from_peer(
                  icmp_packet(host.peer6, far, wire::Icmpv6Type::kEchoRequest, 0, Frame(8), 255)),
              IsEmpty())
      << "nothing else of the owner's is ours";
  ASSERT_TRUE(host.stack.remove_proxy(host.eth0, far, host.now));
  (void)host.after(10s);
  EXPECT_FALSE(host.stack.core().interface(host.eth0)->groups->is_member(group));
  EXPECT_THAT(answers(far), IsEmpty());
}

// Addresses of ours and proxied ones may share a group.
TEST(Proxies, KeepTheGroupThatAnotherAddressNeeds) {
  Host host;
  const auto& groups = *host.stack.core().interface(host.eth0)->groups;
  const IpAddress group = address("fd00::77").solicited_node_group();
  for (const char* far : {"fd01::77", "fd02::77"}) {
    ASSERT_TRUE(host.stack.add_proxy(host.eth0, address(far), host.now));
  }
  ASSERT_TRUE(host.stack.add_address(host.eth0, prefix("fd00::77/64"), host.now));
  ASSERT_TRUE(host.stack.remove_address(host.eth0, address("fd00::77"), host.now));
  ASSERT_TRUE(host.stack.remove_proxy(host.eth0, address("fd01::77"), host.now));
  EXPECT_TRUE(groups.is_member(group));
  ASSERT_TRUE(host.stack.remove_proxy(host.eth0, address("fd02::77"), host.now));
  EXPECT_FALSE(groups.is_member(group));
}

// For a moment an address may be ours and proxied: whichever goes, the other is still heard.
TEST(Proxies, KeepTheGroupOfAnAddressThatIsOursToo) {
  Host host;
  const auto& groups = *host.stack.core().interface(host.eth0)->groups;
  const IpAddress both = address("fd00::77");
  const IpAddress group = both.solicited_node_group();
  ASSERT_TRUE(host.stack.add_proxy(host.eth0, both, host.now));
  ASSERT_TRUE(host.stack.add_address(host.eth0, prefix("fd00::77/64"), host.now));
  ASSERT_TRUE(host.stack.remove_proxy(host.eth0, both, host.now));
  EXPECT_TRUE(groups.is_member(group));
  ASSERT_TRUE(host.stack.remove_address(host.eth0, both, host.now));
  EXPECT_FALSE(groups.is_member(group));
  ASSERT_TRUE(host.stack.add_proxy(host.eth0, both, host.now));
  ASSERT_TRUE(host.stack.add_address(host.eth0, prefix("fd00::77/64"), host.now));
  ASSERT_TRUE(host.stack.remove_address(host.eth0, both, host.now));
  EXPECT_TRUE(groups.is_member(group));
  ASSERT_TRUE(host.stack.remove_proxy(host.eth0, both, host.now));
  EXPECT_FALSE(groups.is_member(group));
}

TEST(Proxies, AreNoAddressesThatAreStillChecked) {
  Bench bench;
  TestDevice device;
  const InterfaceId id = bench.add(device, InterfaceConfig{});
  for (const char* own : {"10.0.0.1/24", "fd00::1/64"}) {
    ASSERT_TRUE(bench.stack.add_address(id, prefix(own), bench.now));
    const IpAddress tentative = prefix(own).address();
    ASSERT_FALSE(bench.stack.is_local(tentative));
    EXPECT_EQ(bench.stack.add_proxy(id, tentative, bench.now).error(), Error::kInvalidArgument);
  }
}

TEST(Proxies, AreRefusedWhereTheyMeanNothing) {
  Host host;
  TestDevice tun({.medium = Medium::kIp});
  const InterfaceId bare = host.add(tun);
  const auto error = [&](InterfaceId interface, const char* far) {
    return host.stack.add_proxy(interface, address(far), host.now).error();
  };
  EXPECT_EQ(error(99, "10.0.0.77"), Error::kNotFound);
  EXPECT_EQ(error(bare, "10.0.0.77"), Error::kNotSupported);
  EXPECT_EQ(error(host.eth0, "10.0.0.1"), Error::kInvalidArgument);
  EXPECT_EQ(error(host.eth0, "127.0.0.2"), Error::kInvalidArgument);
  EXPECT_EQ(error(host.eth0, "ff02::5"), Error::kInvalidArgument);
  ASSERT_TRUE(host.stack.add_proxy(host.eth0, address("fd00::77"), host.now));
  EXPECT_EQ(error(host.eth0, "fd00::77"), Error::kAlreadyExists);
  EXPECT_EQ(host.stack.remove_proxy(host.eth0, address("fd00::78"), host.now).error(),
            Error::kNotFound);
  EXPECT_EQ(host.stack.remove_proxy(99, address("fd00::77"), host.now).error(), Error::kNotFound);
}

}  // namespace
}  // namespace strata::stack::addresses_test
