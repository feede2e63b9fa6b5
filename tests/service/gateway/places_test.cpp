// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/places.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace strata::service::places_test {
namespace {

constexpr IpAddress kResolver = IpAddress::v4(192, 0, 2, 53);

TEST(HostPlaces, TheResolverStandsUnderAnAddressOfEachFamily) {
  const HostPlaces places{.resolver = kResolver};
  EXPECT_EQ(places.target_of({kGatewayDns4, 53}), (Endpoint{kResolver, 53}));
  EXPECT_EQ(places.target_of({kGatewayDns6, 53}), (Endpoint{kResolver, 53}));
  EXPECT_FALSE(HostPlaces{}.target_of({kGatewayDns6, 53}).has_value()) << "the host has none";
}

TEST(HostPlaces, TheGatewayIsTheHostItselfUnlessThatIsForbidden) {
  const HostPlaces open{};
  EXPECT_EQ(open.target_of({kGateway4, 80}), (Endpoint{IpAddress::loopback_v4(), 80}));
  EXPECT_EQ(open.target_of({kGateway6, 80}), (Endpoint{IpAddress::loopback_v6(), 80}));
  const HostPlaces closed{.resolver = {}, .reaches_loopback = false};
  EXPECT_FALSE(closed.target_of({kGateway4, 80}).has_value());
  EXPECT_FALSE(closed.target_of({IpAddress::loopback_v4(), 80}).has_value());
  EXPECT_FALSE(open.target_of({IpAddress::loopback_v6(), 80}).has_value());
}

TEST(HostPlaces, OfTheResolverOnlyNamesAreHadWhereLoopbackIsForbidden) {
  const HostPlaces closed{.resolver = IpAddress::v4(127, 0, 0, 53), .reaches_loopback = false};
  for (const IpAddress& address : {kGatewayDns4, kGatewayDns6}) {
    for (const std::uint16_t port : std::initializer_list<std::uint16_t>{53, 853}) {
      EXPECT_EQ(closed.target_of({address, port}), (Endpoint{*closed.resolver, port}));
    }
    for (const std::uint16_t port : std::initializer_list<std::uint16_t>{0, 22, 54, 80, 5353}) {
      EXPECT_FALSE(closed.target_of({address, port}).has_value()) << port;
    }
  }
  const HostPlaces open{.resolver = kResolver};
  EXPECT_EQ(open.target_of({kGatewayDns4, 80}), (Endpoint{kResolver, 80}));
}

TEST(HostPlaces, ClientsKeepTheirAddressWhereItMeansTheSameInside) {
  const Endpoint away{IpAddress::v4(192, 0, 2, 7), 4000};
  EXPECT_EQ(HostPlaces::name_of(away), away);
  EXPECT_EQ(HostPlaces::name_of({IpAddress::loopback_v4(), 4000}), (Endpoint{kGateway4, 4000}));
  const Endpoint neighbor{IpAddress::v6(0xfe80'0000'0000'0000, 7), 4000, 3};
  EXPECT_EQ(HostPlaces::name_of(neighbor), (Endpoint{kGateway6, 4000}));
  EXPECT_EQ(HostPlaces{}.inside_for(away.address), kInside4.address());
  EXPECT_EQ(HostPlaces{}.inside_for(neighbor.address), kInside6.address());
  const HostPlaces only_v6{.resolver = {}, .inside4 = std::nullopt};
  EXPECT_FALSE(only_v6.inside_for(away.address).has_value());
}

}  // namespace
}  // namespace strata::service::places_test
