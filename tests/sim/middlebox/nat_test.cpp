// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sim/middlebox/behind.h"
#include "strata/udp_socket.h"

namespace strata::sim::middlebox_test::nat_test {
namespace {

const IpAddress kOutside = IpAddress::v4(10, 0, 0, 100);

TEST(Nat, TheServerSeesAnotherAddressAndPort) {
  Behind behind(make_nat({.outside = kOutside}));
  behind.start(200'000, 100'000);
  EXPECT_TRUE(behind.run(60s));
  expect_whole(behind, 200'000, 100'000);
  EXPECT_EQ(behind.caller(), (Endpoint{kOutside, 40'000}));
}

TEST(Nat, WithoutAnAddressOfItsOwnOnlyThePortChanges) {
  Behind behind(make_nat({.first_port = 123, .last_port = 123}));
  behind.start(10'000, 10'000);
  EXPECT_TRUE(behind.run(60s));
  expect_whole(behind, 10'000, 10'000);
  EXPECT_EQ(behind.caller(), (Endpoint{IpAddress::v4(10, 0, 0, 1), 123}));
}

TEST(Nat, IPv6PassesAsItIs) {
  Behind behind(make_nat({.outside = kOutside}));
  behind.start(10'000, 10'000, "fd00::2");
  EXPECT_TRUE(behind.run(60s));
  expect_whole(behind, 10'000, 10'000);
  EXPECT_EQ(behind.caller()->address, *IpAddress::parse("fd00::1"));
}

// Who sends gets another port, and the server does not know it.
TEST(Nat, ThatForgetsEndsAConnectionOfSomebodyWhoSends) {
  Behind behind(make_nat({.outside = kOutside, .forgets = {Time(100ms)}}), {.socket = asking()});
  behind.start(2'000'000, 0);
  EXPECT_TRUE(behind.run(3600s));
  EXPECT_EQ(behind.client().failure(), Error::kConnectionReset);
  ASSERT_TRUE(behind.server().has_value());
  EXPECT_TRUE(behind.server()->failure().has_value());
  behind.world().run_for(1200s);
  EXPECT_EQ(behind.world().leaked_packets(), 0U);
}

// Who only reads hears nothing any more; what ends it is that it asks.
TEST(Nat, ThatForgetsEndsAConnectionOfSomebodyWhoReads) {
  Behind behind(make_nat({.outside = kOutside, .forgets = {Time(100ms)}}), {.socket = asking()});
  behind.start(0, 5'000'000);
  EXPECT_TRUE(behind.run(3600s));
  EXPECT_EQ(behind.client().failure(), Error::kConnectionReset);
  EXPECT_TRUE(behind.server()->failure().has_value());
}

TEST(Nat, ThatForgetsAndResetsTellsTheServerAtOnce) {
  Behind behind(make_nat({.outside = kOutside, .forgets = {Time(100ms)}, .resets = true}));
  behind.start(0, 5'000'000);
  behind.world().run_for(3s);
  EXPECT_EQ(behind.server()->failure(), Error::kConnectionReset);
}

TEST(Nat, TwoInsideShareItsAddress) {
  World world(1);
  Host& a = world.add_host("a", {}, tcp_test::plain_interfaces());
  Host& b = world.add_host("b", {}, tcp_test::plain_interfaces());
  Host& server = world.add_host("server", {}, tcp_test::plain_interfaces());
  Switch& hub = world.add_switch("hub");
  Middlebox& nat = world.add_middlebox("nat", make_nat({.outside = kOutside}));
  world.connect(hub, nat);
  world.connect(nat, server);
  world.connect(a, hub);
  world.connect(b, hub);
  a.add_address("10.0.0.1/24");
  b.add_address("10.0.0.2/24");
  server.add_address("10.0.0.3/24");
  const Time now = world.now();
  auto echo = UdpSocket::open(server.stack(), AddressFamily::kIpv4);
  ASSERT_TRUE(echo.has_value());
  ASSERT_TRUE(echo->bind({IpAddress::any_v4(), 7}));
  std::vector<UdpSocket> askers;
  for (Host* host : {&a, &b}) {
    auto socket = UdpSocket::open(host->stack(), AddressFamily::kIpv4);
    ASSERT_TRUE(socket.has_value());
    ASSERT_TRUE(socket->bind({IpAddress::any_v4(), 5555}));
    const auto text = static_cast<std::byte>(askers.size());
    ASSERT_TRUE(socket->send_to(Bytes(&text, 1), {IpAddress::v4(10, 0, 0, 3), 7}, now));
    askers.push_back(std::move(*socket));
  }
  world.run_for(1s);
  std::vector<Endpoint> callers;
  std::byte text{};
  while (const auto asked = echo->receive(MutableBytes(&text, 1))) {
    EXPECT_EQ(asked->source.address, kOutside);
    callers.push_back(asked->source);
    ASSERT_TRUE(echo->send_to(Bytes(&text, 1), asked->source, world.now()));
  }
  ASSERT_EQ(callers.size(), 2U);
  EXPECT_NE(callers[0].port, callers[1].port);
  world.run_for(1s);
  for (std::size_t i = 0; i < askers.size(); ++i) {
    ASSERT_TRUE(askers[i].receive(MutableBytes(&text, 1)).has_value());
    EXPECT_EQ(std::to_integer<std::size_t>(text), i);
  }
}

}  // namespace
}  // namespace strata::sim::middlebox_test::nat_test
