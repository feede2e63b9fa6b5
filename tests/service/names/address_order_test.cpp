// SPDX-License-Identifier: Apache-2.0
// Addresses of a name in the order of RFC 6724, with the sources this stack has.
#include "service/names/address_order.h"

#include "service/lab.h"

namespace strata::service::address_order_test {
namespace {

// RFC 6724 6 SHOULD: destinations that cannot be reached come last.
TEST(AddressOrder, WhatCannotBeReachedComesLast) {
  Lab lab;
  std::array addresses{*IpAddress::parse("2001:db8::1"), IpAddress::v4(198, 51, 100, 1),
                       IpAddress::v4(10, 77, 0, 9)};
  order_addresses(lab.ours->stack(), addresses);
  EXPECT_EQ(addresses[0], IpAddress::v4(10, 77, 0, 9));
}

TEST(AddressOrder, LoopbackOfIpv6ComesFirst) {
  Lab lab;
  std::array addresses{IpAddress::loopback_v4(), IpAddress::loopback_v6()};
  order_addresses(lab.ours->stack(), addresses);
  EXPECT_EQ(addresses[0], IpAddress::loopback_v6());
}

TEST(AddressOrder, NothingIsLostOrAdded) {
  Lab lab;
  order_addresses(lab.ours->stack(), {});
  std::array one{IpAddress::v4(203, 0, 113, 1)};
  order_addresses(lab.ours->stack(), one);
  EXPECT_EQ(one[0], IpAddress::v4(203, 0, 113, 1));
}

}  // namespace
}  // namespace strata::service::address_order_test
