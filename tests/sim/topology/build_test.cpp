// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <chrono>

#include "strata/sim_topology.h"
#include "strata/udp_socket.h"

namespace strata::sim::build_test {
namespace {

using namespace std::chrono_literals;

// A datagram from one host to another, and how long it took.
std::optional<Duration> time_between(World& world, const BuiltTopology& made, const char* from,
                                     const char* to) {
  auto sender = UdpSocket::open(made.host(from).stack(), AddressFamily::kIpv4);
  auto receiver = UdpSocket::open(made.host(to).stack(), AddressFamily::kIpv4);
  const Endpoint goal{made.address_of(to), 7000};
  if (!receiver->bind(goal) || !sender->connect(goal)) return std::nullopt;
  const Time before = world.now();
  static_cast<void>(sender->send(std::array<std::byte, 10>{}, world.now()));
  std::array<std::byte, 100> buffer;
  const bool has_come =
      world.run_until_true([&] { return receiver->receive(buffer).has_value(); }, 1s);
  return has_come ? std::optional(world.now() - before) : std::nullopt;
}

TEST(BuildTopology, MakesAWorldInWhichEverybodyReachesEverybody) {
  World world(1);
  const auto made = build(world, make_topology({.kind = Shape::Kind::kDumbbell, .hosts = 3}),
                          {.trunk = {.delay = 20ms}});
  ASSERT_TRUE(made.has_value());
  // The first waits for ARP.
  EXPECT_GT(time_between(world, *made, "left1", "right3"), 20ms);
  EXPECT_EQ(time_between(world, *made, "left1", "right3"), 20ms);
  EXPECT_EQ(time_between(world, *made, "left1", "left2"), 0ms);
}

TEST(BuildTopology, ShapesOfDifferentNamesShareAWorldAndRoutersMayHaveHundredsOfLinks) {
  World world(1);
  ASSERT_TRUE(build(world, make_topology({.kind = Shape::Kind::kStar, .hosts = 4}, "a.")));
  const auto made =
      build(world, make_topology({.kind = Shape::Kind::kDumbbell, .hosts = 300}, "b."));
  ASSERT_TRUE(made.has_value());
  EXPECT_TRUE(time_between(world, *made, "b.left1", "b.right300").has_value());
}

TEST(BuildTopology, SaysWhatIsWrongBeforeItMakesAnything) {
  World world(1);
  Topology topology = make_topology({.kind = Shape::Kind::kLine, .routers = 1});
  topology.nodes[0].addresses = {*Prefix::parse("10.1.0.1/24")};
  const auto made = build(world, topology);
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(topology.nodes[made.error().node].name, "r1");
  EXPECT_TRUE(world.nodes().empty());
}

}  // namespace
}  // namespace strata::sim::build_test
