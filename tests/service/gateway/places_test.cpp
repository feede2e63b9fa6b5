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

TEST(HostPlaces, WhatLinuxTakesForItsLoopbackIsNowhere) {
  const HostPlaces open{};
  for (const IpAddress& address : {IpAddress::any_v4(), IpAddress::any_v6()}) {
    EXPECT_FALSE(open.target_of({address, 80}).has_value());
  }
}

TEST(HostPlaces, WhoSpeaksToAFlowIsKnownAsWhomTheInsideWouldReach) {
  const IpAddress stub = IpAddress::v4(127, 0, 0, 53);
  const HostPlaces open{.resolver = stub};
  const Endpoint away{IpAddress::v4(192, 0, 2, 7), 4000};
  EXPECT_EQ(open.caller(away, true, false), away);
  EXPECT_EQ(open.caller({IpAddress::loopback_v4(), 80}, true, true), (Endpoint{kGateway4, 80}));
  EXPECT_EQ(open.caller({IpAddress::loopback_v6(), 80}, false, false), (Endpoint{kGateway6, 80}));
  EXPECT_EQ(open.caller({stub, 53}, true, true), (Endpoint{kGatewayDns4, 53}));
  EXPECT_EQ(open.caller({stub, 53}, false, true), (Endpoint{kGatewayDns6, 53}));
  const HostPlaces elsewhere{.resolver = away.address};
  EXPECT_EQ(elsewhere.caller(away, true, false), away) << "called by its own name";
  EXPECT_EQ(elsewhere.caller(away, true, true), (Endpoint{kGatewayDns4, 4000}));
}

TEST(HostPlaces, NobodyPassesForAnother) {
  const HostPlaces open{.resolver = IpAddress::v4(127, 0, 0, 53)};
  const Endpoint neighbor{IpAddress::v6(0xfe80'0000'0000'0000, 7), 80, 3};
  const Endpoint on_our_net{kGateway4, 80};
  const Endpoint other_loopback{IpAddress::v4(127, 0, 0, 7), 80};
  for (const Endpoint& remote : {neighbor, on_our_net, other_loopback}) {
    EXPECT_FALSE(open.caller(remote, remote.address.is_v4(), false).has_value());
  }
  EXPECT_FALSE(open.caller({IpAddress::loopback_v4(), 80}, false, false).has_value())
      << "IPv4 to somebody of IPv6";
  const HostPlaces closed{.resolver = IpAddress::loopback_v4(), .reaches_loopback = false};
  EXPECT_EQ(closed.caller({IpAddress::loopback_v4(), 53}, true, true),
            (Endpoint{kGatewayDns4, 53}));
  for (const bool by_dns_name : {false, true}) {
    EXPECT_FALSE(closed.caller({IpAddress::loopback_v4(), 80}, true, by_dns_name).has_value());
  }
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
