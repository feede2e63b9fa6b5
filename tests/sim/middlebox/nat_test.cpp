// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "sim/middlebox/behind.h"
#include "strata/check.h"
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
  EXPECT_EQ(behind.client().failure(), Error::kClosed) << "the server has ended its direction";
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
  EXPECT_EQ(behind.server()->failure(), Error::kClosed) << "the client has ended its direction";
}

// a 10.0.0.1 and b 10.0.0.2 behind one box, and a server 10.0.0.3 on UDP port 7.
struct TwoInside {
  explicit TwoInside(const NatConfig& config) : nat(world.add_middlebox("nat", make_nat(config))) {
    world.connect(hub, nat);
    world.connect(nat, server);
    world.connect(a, hub);
    world.connect(b, hub);
    a.add_address("10.0.0.1/24");
    b.add_address("10.0.0.2/24");
    server.add_address("10.0.0.3/24");
    echo = open(server, 7);
  }
  UdpSocket open(Host& host, std::uint16_t port) {
    auto socket = UdpSocket::open(host.stack(), AddressFamily::kIpv4);
    STRATA_CHECK(socket.has_value());
    STRATA_CHECK(socket->bind({IpAddress::any_v4(), port}).has_value());
    return *std::move(socket);
  }
  void ask(UdpSocket& socket, std::byte text) {
    ASSERT_TRUE(socket.send_to(Bytes(&text, 1), {IpAddress::v4(10, 0, 0, 3), 7}, world.now()));
  }

  World world{1};
  Host& a = world.add_host("a", {}, tcp_test::plain_interfaces());
  Host& b = world.add_host("b", {}, tcp_test::plain_interfaces());
  Host& server = world.add_host("server", {}, tcp_test::plain_interfaces());
  Switch& hub = world.add_switch("hub");
  Middlebox& nat;
  std::optional<UdpSocket> echo;
};

TEST(Nat, TwoInsideShareItsAddress) {
  TwoInside net({.outside = kOutside});
  std::vector<UdpSocket> askers;
  for (Host* host : {&net.a, &net.b}) {
    askers.push_back(net.open(*host, 5555));
    net.ask(askers.back(), static_cast<std::byte>(askers.size() - 1));
  }
  net.world.run_for(1s);
  std::vector<Endpoint> callers;
  std::byte text{};
  while (const auto asked = net.echo->receive(MutableBytes(&text, 1))) {
    EXPECT_EQ(asked->source.address, kOutside);
    callers.push_back(asked->source);
    ASSERT_TRUE(net.echo->send_to(Bytes(&text, 1), asked->source, net.world.now()));
  }
  ASSERT_EQ(callers.size(), 2U);
  EXPECT_NE(callers[0].port, callers[1].port);
  net.world.run_for(1s);
  for (std::size_t i = 0; i < askers.size(); ++i) {
    ASSERT_TRUE(askers[i].receive(MutableBytes(&text, 1)).has_value());
    EXPECT_EQ(std::to_integer<std::size_t>(text), i);
  }
}

// RFC 5508 4.2 MUST: an error goes to whom the datagram came from that it is about.
TEST(Nat, AnErrorFromOutsideReachesWhomItIsAbout) {
  TwoInside net({.outside = kOutside});
  UdpSocket first = net.open(net.a, 5555), second = net.open(net.b, 5555);
  net.ask(second, std::byte{1});
  ASSERT_TRUE(first.connect({IpAddress::v4(10, 0, 0, 3), 9}).has_value());
  const std::byte text{2};
  ASSERT_TRUE(first.send(Bytes(&text, 1), net.world.now()).has_value());
  net.world.run_for(1s);
  EXPECT_EQ(first.take_error(), Error::kPortUnreachable);
  EXPECT_NE(second.take_error(), Error::kPortUnreachable);
}

// RFC 5508 4.3 MUST: and one from inside names what the outside has sent.
TEST(Nat, AnErrorFromInsideReachesWhomItIsAbout) {
  TwoInside net({.outside = kOutside});
  {
    UdpSocket gone = net.open(net.a, 5555);
    net.ask(gone, std::byte{1});
    net.world.run_for(1s);
  }
  std::byte text{};
  const auto asked = net.echo->receive(MutableBytes(&text, 1));
  ASSERT_TRUE(asked.has_value());
  ASSERT_TRUE(net.echo->connect(asked->source).has_value());
  ASSERT_TRUE(net.echo->send(Bytes(&text, 1), net.world.now()).has_value());
  net.world.run_for(1s);
  EXPECT_EQ(net.echo->take_error(), Error::kPortUnreachable);
}

TEST(Nat, WhoWaitsForAPortDoesNotKeepItTaken) {
  TwoInside net({.outside = kOutside, .first_port = 123, .last_port = 123, .idle = 2s});
  UdpSocket first = net.open(net.a, 5555), second = net.open(net.b, 5555);
  net.ask(first, std::byte{1});
  for (int i = 0; i < 6; ++i) {
    net.world.run_for(500ms);
    net.ask(second, std::byte{2});
  }
  net.world.run_for(100ms);
  std::byte text{};
  ASSERT_TRUE(net.echo->receive(MutableBytes(&text, 1)).has_value());
  EXPECT_EQ(text, std::byte{1});
  ASSERT_TRUE(net.echo->receive(MutableBytes(&text, 1)).has_value()) << "the first is silent";
  EXPECT_EQ(text, std::byte{2});
}

}  // namespace
}  // namespace strata::sim::middlebox_test::nat_test
