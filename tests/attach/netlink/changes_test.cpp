// SPDX-License-Identifier: Apache-2.0
#include "attach/netlink/changes.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "socket/posix/loopback.h"
#include "support/test_device.h"

namespace strata::attach::changes_test {
namespace {

// First, for the stack must not outlive it.
struct Wire {
  support::TestDevice device;
};

// A stack with one link, and one who hears of it.
struct Heard : Wire, posix::Loopback {
  explicit Heard(std::initializer_list<int> groups) {
    const auto made =
        stack->add_interface(device, {.name = "wire0", .mac = {}, .detect_duplicates = false}, now);
    wire = made.value_or(kNoInterface);
    settle();
    Changes::Groups all = 0;
    for (const int group : groups) all |= Changes::bit_of(group);
    changes.hear(*stack, all, now);
  }
  // The types of the messages that a look brings.
  std::vector<int> look() {
    MessageWriter writer(0, 0);
    changes.look(*stack, now, writer);
    std::vector<int> types;
    for (const std::vector<std::byte>& datagram : writer.take()) {
      Bytes left(datagram);
      while (const auto one = next_request(left)) {
        types.push_back(one->header.nlmsg_type);
        EXPECT_EQ(one->header.nlmsg_pid, 0U) << "nobody has asked";
        EXPECT_EQ(one->header.nlmsg_flags & NLM_F_MULTI, 0) << "no part of a dump";
      }
    }
    return types;
  }
  using Types = std::vector<int>;

  InterfaceId wire = kNoInterface;
  Changes changes;
};

const Prefix kAddress4 = *Prefix::parse("10.1.2.3/24");
const Prefix kAddress6 = *Prefix::parse("fd01::3/64");

TEST(Changes, WhatIsThereAlreadyIsNoNews) {
  Heard heard({RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_NEIGH});
  EXPECT_EQ(heard.look(), Heard::Types());
  EXPECT_EQ(heard.look(), Heard::Types());
}

TEST(Changes, AddressesComeAndGoWithTheirRoutes) {
  Heard heard({RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE});
  ASSERT_TRUE(heard.stack->add_address(heard.wire, kAddress4, heard.now));
  const auto come = heard.look();
  ASSERT_GE(come.size(), 2U);
  EXPECT_EQ(come.front(), RTM_NEWADDR);
  EXPECT_EQ(come.back(), RTM_NEWROUTE);
  EXPECT_EQ(heard.look(), Heard::Types());
  ASSERT_TRUE(heard.stack->remove_address(heard.wire, kAddress4.address(), heard.now));
  const auto gone = heard.look();
  ASSERT_EQ(gone.size(), come.size());
  EXPECT_EQ(gone.front(), RTM_DELROUTE);
  EXPECT_EQ(gone.back(), RTM_DELADDR);
}

TEST(Changes, WhoHearsOfOneFamilyHearsNothingOfTheOther) {
  Heard heard({RTNLGRP_IPV6_IFADDR});
  ASSERT_TRUE(heard.stack->add_address(heard.wire, kAddress4, heard.now));
  EXPECT_EQ(heard.look(), Heard::Types());
  ASSERT_TRUE(heard.stack->add_address(heard.wire, kAddress6, heard.now));
  EXPECT_EQ(heard.look(), Heard::Types{RTM_NEWADDR});
}

TEST(Changes, ALinkThatIsAnotherIsToldAndItsCountersAreNot) {
  Heard heard({RTNLGRP_LINK});
  heard.device.push(support::Frame(60));
  heard.settle();
  EXPECT_EQ(heard.look(), Heard::Types());
  ASSERT_TRUE(heard.stack->set_mtu(heard.wire, 1400, heard.now));
  EXPECT_EQ(heard.look(), Heard::Types{RTM_NEWLINK});
  ASSERT_TRUE(heard.stack->remove_interface(heard.wire, heard.now));
  EXPECT_EQ(heard.look(), Heard::Types{RTM_DELLINK});
}

TEST(Changes, NeighboursAreToldWhenTheirStateIsAnother) {
  Heard heard({RTNLGRP_NEIGH});
  const IpAddress there = IpAddress::v4(10, 1, 2, 1);
  ASSERT_TRUE(heard.stack->add_neighbor(heard.wire, there, *MacAddress::parse("02:00:00:00:00:09"),
                                        heard.now));
  EXPECT_EQ(heard.look(), Heard::Types{RTM_NEWNEIGH});
  ASSERT_TRUE(heard.stack->add_neighbor(heard.wire, there, *MacAddress::parse("02:00:00:00:00:0a"),
                                        heard.now));
  EXPECT_EQ(heard.look(), Heard::Types{RTM_NEWNEIGH});
  ASSERT_TRUE(heard.stack->remove_neighbor(heard.wire, there));
  EXPECT_EQ(heard.look(), Heard::Types{RTM_DELNEIGH});
}

TEST(Changes, OfGroupsThatAreLeftNothingIsTold) {
  Heard heard({RTNLGRP_LINK});
  heard.changes.hear(*heard.stack, 0, heard.now);
  ASSERT_TRUE(heard.stack->set_mtu(heard.wire, 1400, heard.now));
  EXPECT_EQ(heard.look(), Heard::Types());
}

}  // namespace
}  // namespace strata::attach::changes_test
