// SPDX-License-Identifier: Apache-2.0
#include "stack/out/send_ip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/bench.h"

namespace strata::stack::depart_test {
namespace {

using namespace support;

using Kind = Departure::Kind;

struct Way {
  const char* name;
  const char* destination;
  Kind kind;
  const char* next_hop;
  const char* source;
  bool is_named;  // the query names the interface
};

class Depart : public testing::TestWithParam<Way> {};

TEST_P(Depart, FindsInterfaceNextHopAndSource) {
  const Way& way = GetParam();
  Host host;
  for (const auto& [network, gateway] :
       {std::pair{"0.0.0.0/0", "10.0.0.2"}, {"2001:db8::/32", "fe80::2"}}) {
    ASSERT_TRUE(host.stack.add_route(
        {.destination = prefix(network), .gateway = address(gateway), .interface = host.eth0}));
  }
  const auto departure =
      depart(host.stack.core(), {.destination = address(way.destination),
                                 .interface = way.is_named ? host.eth0 : kNoInterface});
  ASSERT_TRUE(departure) << to_text(departure.error());
  EXPECT_EQ(departure->kind, way.kind);
  EXPECT_EQ(departure->next_hop, address(way.next_hop));
  EXPECT_EQ(departure->source, address(way.source));
  const bool stays = way.kind == Kind::kLocal;
  EXPECT_EQ(departure->interface->id, stays ? kLoopbackId : host.eth0);
  EXPECT_EQ(departure->mtu, stays ? 65535U : 1500U);
}

INSTANTIATE_TEST_SUITE_P(
    Ways, Depart,
    testing::Values(
        Way{"OnLink", "10.0.0.9", Kind::kUnicast, "10.0.0.9", "10.0.0.1", false},
        Way{"OnLinkV6", "fd00::9", Kind::kUnicast, "fd00::9", "fd00::1", false},
        Way{"BehindAGateway", "192.0.2.1", Kind::kUnicast, "10.0.0.2", "10.0.0.1", false},
        Way{"BehindAGatewayV6", "2001:db8::9", Kind::kUnicast, "fe80::2", "fd00::1", false},
        Way{"LinkLocal", "fe80::2", Kind::kUnicast, "fe80::2", "fe80::1", true},
        Way{"Ourselves", "10.0.0.1", Kind::kLocal, "10.0.0.1", "10.0.0.1", false},
        Way{"OurselvesV6", "fd00::1", Kind::kLocal, "fd00::1", "fd00::1", false},
        Way{"Loopback", "127.0.0.1", Kind::kLocal, "127.0.0.1", "127.0.0.1", false},
        Way{"Group", "239.1.1.1", Kind::kMulticast, "239.1.1.1", "10.0.0.1", false},
        Way{"GroupOfTheLink", "ff02::5", Kind::kMulticast, "ff02::5", "fe80::1", true},
        Way{"Broadcast", "255.255.255.255", Kind::kBroadcast, "255.255.255.255", "10.0.0.1", false},
        Way{"BroadcastOfTheNetwork", "10.0.0.255", Kind::kBroadcast, "10.0.0.255", "10.0.0.1",
            false}),
    [](const auto& way) { return std::string(way.param.name); });

// RFC 1112 6.1: a group packet for which nothing was asked goes no further than the link; here
// its sender decides, and 0 stays 0.
TEST(DepartHops, AreTheSendersOrTheStacks) {
  Host host;
  Core& core = host.stack.core();
  EXPECT_EQ(depart(core, {.destination = host.peer4})->hop_limit, core.config.hop_limit);
  EXPECT_EQ(depart(core, {.destination = host.peer4, .hop_limit = 3})->hop_limit, 3);
  EXPECT_EQ(depart(core, {.destination = address("239.1.1.1")})->hop_limit, 0);
  core.interface(host.eth0)->hop_limit = 9;  // as a router advertised it
  EXPECT_EQ(depart(core, {.destination = host.peer6})->hop_limit, 9);
  EXPECT_EQ(depart(core, {.destination = host.peer4})->hop_limit, core.config.hop_limit);
}

TEST(DepartErrors, SayThatThereIsNoWay) {
  Host host;
  Core& core = host.stack.core();
  const auto error = [&](const DepartureQuery& query) { return depart(core, query).error(); };
  EXPECT_EQ(error({.destination = IpAddress::any_v4()}), Error::kInvalidArgument);
  EXPECT_EQ(error({.destination = address("192.0.2.1")}), Error::kNetworkUnreachable);
  EXPECT_EQ(error({.destination = host.peer4, .interface = 99}), Error::kNetworkUnreachable);
  EXPECT_EQ(error({.destination = address("239.1.1.1"), .interface = 99}),
            Error::kNetworkUnreachable);
  Bench empty;
  EXPECT_EQ(depart(empty.stack.core(), {.destination = address("ff02::5")}).error(),
            Error::kNetworkUnreachable);
}

// A packet for a neighbour would wait there for ever: that interface has none, and no device.
TEST(DepartErrors, NobodyElseIsBehindTheLoopbackInterface) {
  Host host;
  Core& core = host.stack.core();
  for (const char* const destination : {"fe80::9", "255.255.255.255"}) {
    const auto departure =
        depart(core, {.destination = address(destination), .interface = kLoopbackId});
    ASSERT_FALSE(departure) << destination;
    EXPECT_EQ(departure.error(), Error::kNetworkUnreachable);
  }
}

TEST(DepartErrors, ARouteOverTheLoopbackInterfaceLeadsNowhere) {
  Host host;
  ASSERT_TRUE(host.stack.add_route(
      {.destination = prefix("192.0.2.0/24"), .gateway = {}, .interface = kLoopbackId}));
  Core& core = host.stack.core();
  for (const InterfaceId named : {kNoInterface, kLoopbackId}) {
    const auto departure = depart(core, {.destination = address("192.0.2.1"), .interface = named});
    ASSERT_FALSE(departure);
    EXPECT_EQ(departure.error(), Error::kNetworkUnreachable);
  }
  // A socket bound to the interface reaches this host, by whatever address of it.
  EXPECT_EQ(depart(core, {.destination = host.own4, .interface = kLoopbackId})->kind, Kind::kLocal);
}

// What is remembered of a flow holds as long as all that it was decided by.
TEST(DepartMemo, FollowsTheRoutes) {
  Host host;
  Core& core = host.stack.core();
  const DepartureQuery query{.destination = address("192.0.2.1"), .source = host.own4};
  ASSERT_FALSE(depart(core, query));
  for (const char* gateway : {"10.0.0.2", "10.0.0.3"}) {
    const ip::Route route{
        .destination = prefix("192.0.2.0/24"), .gateway = address(gateway), .interface = host.eth0};
    ASSERT_TRUE(core.routes.replace(route));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(depart(core, query)->next_hop, address(gateway));
    ASSERT_TRUE(core.routes.remove(route));
    EXPECT_FALSE(depart(core, query));
  }
}

TEST(DepartMemo, FollowsAddressesAndLinks) {
  Host host;
  Core& core = host.stack.core();
  const DepartureQuery query{.destination = host.peer4, .source = host.own4};
  EXPECT_EQ(depart(core, query)->kind, Kind::kUnicast);
  ASSERT_TRUE(host.stack.add_address(host.eth0, {host.peer4, 32}, host.now));
  host.run_for(std::chrono::seconds(10));
  EXPECT_EQ(depart(core, query)->kind, Kind::kLocal);
  ASSERT_TRUE(host.stack.remove_address(host.eth0, host.peer4, host.now));
  EXPECT_EQ(depart(core, query)->kind, Kind::kUnicast);
  ASSERT_TRUE(host.stack.remove_interface(host.eth0, host.now));
  EXPECT_FALSE(depart(core, query));
}

TEST(DepartMemo, TellsQueriesApart) {
  Host host;
  Core& core = host.stack.core();
  DepartureQuery query{.destination = host.peer4, .source = host.own4, .hop_limit = 3};
  EXPECT_EQ(depart(core, query)->hop_limit, 3);
  query.hop_limit = 4;
  EXPECT_EQ(depart(core, query)->hop_limit, 4);
  query.traffic_class = 7;
  EXPECT_EQ(depart(core, query)->traffic_class, 7);
  query.interface = 99;
  EXPECT_FALSE(depart(core, query));
}

}  // namespace
}  // namespace strata::stack::depart_test
