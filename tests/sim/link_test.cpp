// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sim/lab.h"
#include "strata/sim_link.h"

namespace strata::sim::link_test {
namespace {

TEST(Link, KnowsItsEndsAndItsName) {
  World world(1);
  Station& a = world.add_station("a");
  Station& b = world.add_station("b");
  const Link& first = world.connect(a, b);
  const Link& second = world.connect(a, b);
  const Link& third = world.connect(b, a);
  EXPECT_EQ(first.name(), "a-b");
  EXPECT_EQ(second.name(), "a-b#2");
  EXPECT_EQ(third.name(), "b-a");
  EXPECT_EQ(&third.node(Direction::kAToB), &b);
  EXPECT_EQ(&third.node(Direction::kBToA), &a);
  EXPECT_EQ(third.port(Direction::kBToA), 2U);
  EXPECT_EQ(&a.link(1), &second);
  EXPECT_EQ(world.find_link("a-b#2"), &second);
  EXPECT_EQ(world.find_link("nowhere"), nullptr);
}

TEST(Link, TellsWhatIsInFlight) {
  Cable cable({.bits_per_second = 8'000'000, .delay = 1s});
  for (std::uint64_t i = 0; i < 4; ++i) cable.a.send(numbered_frame(i, 1000));
  EXPECT_EQ(cable.link.frames_in_flight(Direction::kAToB), 4U);
  EXPECT_EQ(cable.link.queue(Direction::kAToB).packets(), 3U);
  EXPECT_EQ(cable.link.queue(Direction::kAToB).bytes(), 3000U);
  EXPECT_EQ(cable.link.frames_in_flight(Direction::kBToA), 0U);
  EXPECT_EQ(cable.world.frames_in_flight(), 4U);
  cable.world.run_until_idle(10s);
  EXPECT_EQ(cable.world.frames_in_flight(), 0U);
}

}  // namespace
}  // namespace strata::sim::link_test
