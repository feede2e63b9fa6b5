// SPDX-License-Identifier: Apache-2.0
#include "sim/engine.h"

#include <gtest/gtest.h>

#include <string>

#include "sim/lab.h"

namespace strata::sim::engine_test {
namespace {

TEST(Engine, TimersRunAtTheirInstantInTheOrderOfStarting) {
  World world(1);
  Executor& executor = world.executor();
  std::string ran;
  executor.start_timer(Time(2s), [&] { ran += "c"; });
  executor.start_timer(Time(1s), [&] {
    ran += "a";
    EXPECT_EQ(executor.now(), Time(1s));
  });
  executor.start_timer(Time(1s), [&] { ran += "b"; });
  world.run_for(3s);
  EXPECT_EQ(ran, "abc");
  EXPECT_EQ(world.counters().timers, 3U);
}

TEST(Engine, ADeadlineInThePastIsDueAtOnce) {
  World world(1);
  world.run_for(5s);
  Time ran_at{};
  world.executor().start_timer(Time(1s), [&] { ran_at = world.now(); });
  world.run_for(1s);
  EXPECT_EQ(ran_at, Time(5s));
}

TEST(Engine, FramesComeBeforeTimersAndTimersBeforeTasks) {
  Cable cable({.delay = 1ms});
  std::string order;
  cable.b.set_on_frame([&](PacketPtr, std::size_t, Time) { order += "frame "; });
  cable.world.executor().start_timer(Time(1ms), [&] {
    order += "timer ";
    cable.world.executor().post([&] { order += "posted "; });
  });
  cable.a.send(numbered_frame(0));
  cable.world.run_for(1ms);
  EXPECT_EQ(order, "frame timer posted ");
}

TEST(Engine, TasksThatPostTasksDoNotKeepTimeFromMoving) {
  World world(1);
  int ran = 0;
  world.executor().post([&] {
    ++ran;
    world.executor().post([&] {
      ++ran;
      world.executor().start_timer(world.now(), [&] { ++ran; });
    });
  });
  EXPECT_TRUE(world.step());
  EXPECT_EQ(ran, 1);
  EXPECT_TRUE(world.step());
  EXPECT_EQ(ran, 2);
  EXPECT_TRUE(world.step());
  EXPECT_EQ(ran, 3);
  EXPECT_FALSE(world.step());
}

struct Repost {
  World& world;
  void operator()() { world.executor().post(Repost{world}); }
};

TEST(Engine, AWorldThatDoesNotGetAnyFurtherIsStalled) {
  World world(WorldConfig{.events_at_one_instant_max = 100});
  world.executor().post(Repost{world});
  EXPECT_EQ(world.run_until_idle(1s), RunEnd::kStalled);
  EXPECT_EQ(world.run_for(1s), RunEnd::kStalled);
  EXPECT_EQ(world.counters().tasks, 101U);
}

TEST(Engine, ACancelledTimerDoesNotMoveTheClock) {
  World world(1);
  const TimerId timer = world.executor().start_timer(Time(5s), [] { FAIL(); });
  EXPECT_TRUE(world.executor().cancel_timer(timer));
  EXPECT_FALSE(world.executor().cancel_timer(timer));
  EXPECT_EQ(world.run_until_idle(10s), RunEnd::kIdle);
  EXPECT_EQ(world.now(), Time{});
}

TEST(Engine, CountsWhatItDoes) {
  Cable cable({.bits_per_second = 8'000'000});
  for (std::uint64_t i = 0; i < 3; ++i) cable.a.send(numbered_frame(i, 1000));
  cable.world.run_until_idle(1s);
  const WorldCounters& counters = cable.world.counters();
  EXPECT_EQ(counters.frames_delivered, 3U);
  EXPECT_EQ(counters.events, 5U) << "three arrivals, and twice the wire became free for another";
}

}  // namespace
}  // namespace strata::sim::engine_test
