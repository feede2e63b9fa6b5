// SPDX-License-Identifier: Apache-2.0
#include "strata/udp_socket.h"

#include <gtest/gtest.h>

#include "stack/core.h"
#include "support/bench.h"

namespace strata::udp_groups_test {
namespace {

using namespace support;

class UdpGroups : public testing::Test {
 protected:
  UdpSocket open(AddressFamily family = AddressFamily::kIpv6) {
    auto socket = UdpSocket::open(host.stack, family);
    EXPECT_TRUE(socket);
    return std::move(*socket);
  }
  [[nodiscard]] bool is_member(InterfaceId interface) {
    return host.stack.core().interface(interface)->groups->is_member(group);
  }

  Host host;
  TestDevice device1{{.mac = kOtherMac}};
  InterfaceId eth1 = host.add(device1);
  const IpAddress group = address("239.1.1.1");
};

TEST_F(UdpGroups, WithoutAnInterfaceTheRoutesChoose) {
  UdpSocket socket = open();
  ASSERT_TRUE(socket.join_group(group, kNoInterface, host.now));
  EXPECT_TRUE(is_member(host.eth0));
  EXPECT_FALSE(is_member(eth1));
  ASSERT_TRUE(socket.leave_group(group, kNoInterface, host.now));
  EXPECT_FALSE(is_member(host.eth0));
  ASSERT_TRUE(host.stack.add_address(eth1, prefix("10.1.0.1/24"), host.now));
  ASSERT_TRUE(host.stack.add_route(
      {.destination = prefix("239.0.0.0/8"), .gateway = address("10.1.0.2"), .interface = eth1}));
  ASSERT_TRUE(socket.join_group(group, kNoInterface, host.now));
  EXPECT_TRUE(is_member(eth1));
}

// Programs join as soon as the stack runs, which is before its addresses are checked.
TEST_F(UdpGroups, AnAddressThatIsStillCheckedWillDo) {
  Bench bench;
  TestDevice device;
  const InterfaceId id = bench.add(device, InterfaceConfig{});
  auto socket = UdpSocket::open(bench.stack, AddressFamily::kIpv6);
  ASSERT_TRUE(socket);
  EXPECT_EQ(socket->join_group(group, kNoInterface, bench.now).error(), Error::kNoDevice);
  ASSERT_TRUE(bench.stack.add_address(id, prefix("10.0.0.1/24"), bench.now));
  for (const IpAddress& wanted : {group, address("ff15::7")}) {
    EXPECT_TRUE(socket->join_group(wanted, kNoInterface, bench.now));
    EXPECT_TRUE(bench.stack.core().interface(id)->groups->is_member(wanted));
  }
}

TEST_F(UdpGroups, AMembershipLastsAsLongAsOneSocketHasIt) {
  UdpSocket first = open();
  UdpSocket second = open();
  ASSERT_TRUE(first.join_group(group, host.eth0, host.now));
  ASSERT_TRUE(second.join_group(group, host.eth0, host.now));
  first.close();
  EXPECT_TRUE(is_member(host.eth0));
  ASSERT_TRUE(second.leave_group(group, host.eth0, host.now));
  EXPECT_FALSE(is_member(host.eth0));
}

TEST_F(UdpGroups, SayWhyTheyCannotBeJoined) {
  UdpSocket four = open(AddressFamily::kIpv4);
  UdpSocket six = open();
  EXPECT_EQ(six.join_group(host.peer4, host.eth0, host.now).error(), Error::kInvalidArgument);
  EXPECT_EQ(four.join_group(address("ff02::5"), host.eth0, host.now).error(),
            Error::kInvalidArgument);
  EXPECT_EQ(six.join_group(group, 99, host.now).error(), Error::kNoDevice);
  EXPECT_FALSE(six.leave_group(group, host.eth0, host.now));
  EXPECT_FALSE(six.unblock_source(group, host.peer4, host.eth0, host.now));
  four.close();
  EXPECT_EQ(four.join_group(group, host.eth0, host.now).error(), Error::kInvalidHandle);
}

// RFC 3678 4.1.3: a source is blocked in what was joined for all, joined in what was not.
TEST_F(UdpGroups, TheTwoWaysToFilterAreNotMixed) {
  UdpSocket all = open();
  ASSERT_TRUE(all.join_group(group, host.eth0, host.now));
  EXPECT_TRUE(all.block_source(group, host.peer4, host.eth0, host.now));
  EXPECT_FALSE(all.join_source_group(group, host.peer4, host.eth0, host.now));
  UdpSocket one = open();
  ASSERT_TRUE(one.join_source_group(group, host.peer4, host.eth0, host.now));
  EXPECT_FALSE(one.block_source(group, host.peer4, host.eth0, host.now));
  EXPECT_TRUE(one.leave_source_group(group, host.peer4, host.eth0, host.now));
}

}  // namespace
}  // namespace strata::udp_groups_test
