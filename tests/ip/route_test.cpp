// SPDX-License-Identifier: Apache-2.0
#include "ip/route.h"

#include <gtest/gtest.h>

namespace strata::ip::route_test {
namespace {

constexpr IpAddress kGateway = IpAddress::v4(192, 0, 2, 1);
constexpr IpAddress kTarget = IpAddress::v4(198, 51, 100, 7);

TEST(Route, OnLinkDestinationsAreTheirOwnNextHop) {
  const Route on_link{.destination = Prefix(kTarget, 24), .interface = 1};
  EXPECT_TRUE(on_link.is_on_link());
  EXPECT_EQ(on_link.next_hop(kTarget), kTarget);
  const Route through{.destination = Prefix(kTarget, 24), .gateway = kGateway, .interface = 1};
  EXPECT_FALSE(through.is_on_link());
  EXPECT_EQ(through.next_hop(kTarget), kGateway);
}

TEST(Route, PathIsDestinationGatewayInterfaceAndOrigin) {
  const Route route{.destination = Prefix(kTarget, 24), .gateway = kGateway, .interface = 1};
  Route other = route;
  other.metric = 9;
  other.mtu = 1400;
  EXPECT_TRUE(route.is_same_path(other));
  other.interface = 2;
  EXPECT_FALSE(route.is_same_path(other));
  other = route;
  other.origin = RouteOrigin::kRedirect;
  EXPECT_FALSE(route.is_same_path(other));
}

}  // namespace
}  // namespace strata::ip::route_test
