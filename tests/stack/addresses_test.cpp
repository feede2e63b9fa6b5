// SPDX-License-Identifier: Apache-2.0
#include "stack/addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/bench.h"
#include "support/matchers.h"

namespace strata::stack::addresses_test {
namespace {

using namespace support;
using testing::IsEmpty;
using testing::SizeIs;

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
  auto& groups = host.stack.core().interface(host.eth0)->groups;
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

}  // namespace
}  // namespace strata::stack::addresses_test
