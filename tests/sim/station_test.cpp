// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sim/lab.h"
#include "strata/sim.h"

namespace strata::sim::station_test {
namespace {

TEST(Station, KeepsWhatItGetsUntilItIsTaken) {
  Cable cable({.delay = 2ms});
  cable.a.send(numbered_frame(4, 99));
  cable.world.run_until_idle(1s);
  const auto taken = cable.b.take_received();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].at, Time(2ms));
  EXPECT_EQ(taken[0].port, 0U);
  EXPECT_EQ(taken[0].bytes, numbered_frame(4, 99));
  EXPECT_TRUE(cable.b.received().empty());
}

TEST(Station, GivesFramesToAFunctionThatMayAnswer) {
  Cable cable({.delay = 1ms});
  cable.b.set_on_frame([&](PacketPtr frame, std::size_t port, Time now) {
    EXPECT_EQ(frame->notes().arrival, now);
    EXPECT_TRUE(frame->is_writable());
    cable.b.send(std::move(frame), port);
  });
  cable.a.send(numbered_frame(6));
  cable.world.run_until_idle(1s);
  EXPECT_EQ(numbers_in(cable.a.received()), std::vector<std::uint64_t>{6});
  EXPECT_EQ(cable.a.received()[0].at, Time(2ms));
  EXPECT_TRUE(cable.b.received().empty());
  cable.b.set_on_frame({});
  cable.a.send(numbered_frame(7));
  cable.world.run_until_idle(1s);
  EXPECT_EQ(cable.b.received().size(), 1U);
}

TEST(Station, RefusesAFrameThatNoBufferHolds) {
  Cable cable;
  EXPECT_FALSE(cable.a.send(std::vector<std::byte>(70'000)));
}

}  // namespace
}  // namespace strata::sim::station_test
