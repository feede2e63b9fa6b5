// SPDX-License-Identifier: Apache-2.0
#include "strata/loop.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/loop_lab.h"
#include "strata/check.h"
#include "strata/real_clock.h"

namespace strata::runtime::loop_test {
namespace {

using loop_lab::TestLoop;
using loop_lab::Worker;

constexpr Duration kPatience = std::chrono::seconds(10);

Time fake_time{};

TestLoop with_fake_time() {
  fake_time = Time(Duration(1000));
  return TestLoop(LoopPolicy::kSleep, [] { return fake_time; });
}

void advance(std::int64_t nanoseconds) { fake_time += Duration(nanoseconds); }

TEST(Loop, DoesNotSleepWhenSomethingIsDueSinceTheBeginningOfTime) {
  TestLoop loop;
  Worker worker;
  worker.deadline = Time::min();
  ASSERT_TRUE(loop->add(worker).has_value());
  static_cast<void>(loop->run_once(Duration::max()));  // would never return
  EXPECT_EQ(worker.turns, 2);
}

TEST(Loop, TasksRunInOrderAndWhatTheyPostInALaterTurn) {
  TestLoop loop = with_fake_time();
  std::vector<int> ran;
  loop->post([&] {
    ran.push_back(1);
    loop->post([&] { ran.push_back(3); });
  });
  loop->post([&] { ran.push_back(2); });
  EXPECT_TRUE(loop->run_once(Duration::zero()));
  EXPECT_EQ(ran, (std::vector{1, 2}));
  EXPECT_TRUE(loop->run_once(Duration::zero()));
  EXPECT_EQ(ran, (std::vector{1, 2, 3}));
  EXPECT_FALSE(loop->run_once(Duration::zero()));
}

TEST(Loop, WhatAPollablePostsRunsInALaterTurn) {
  TestLoop loop = with_fake_time();
  Worker worker;
  int seen_at = 0;
  worker.work = [&](Time) {
    if (worker.turns == 1) loop->post([&] { seen_at = worker.turns; });
    return worker.turns == 1;
  };
  ASSERT_TRUE(loop->add(worker).has_value());
  EXPECT_TRUE(loop->run_once(Duration::zero()));
  EXPECT_EQ(seen_at, 0);
  EXPECT_TRUE(loop->run_once(Duration::zero()));
  EXPECT_EQ(seen_at, 2);
  loop->remove(worker);
}

TEST(Loop, TimersRunOnceInTheFirstTurnAtOrAfterTheirDeadline) {
  TestLoop loop = with_fake_time();
  std::vector<int> ran;
  loop->start_timer(fake_time + Duration(20), [&] { ran.push_back(2); });
  loop->start_timer(fake_time + Duration(10), [&] { ran.push_back(1); });
  const TimerId cancelled = loop->start_timer(fake_time + Duration(15), [&] { ran.push_back(99); });
  EXPECT_FALSE(loop->run_once(Duration::zero()));
  advance(10);
  EXPECT_TRUE(loop->run_once(Duration::zero()));
  EXPECT_EQ(ran, (std::vector{1}));
  EXPECT_TRUE(loop->cancel_timer(cancelled));
  EXPECT_FALSE(loop->cancel_timer(cancelled));
  advance(100);
  EXPECT_TRUE(loop->run_once(Duration::zero()));
  EXPECT_FALSE(loop->run_once(Duration::zero()));
  EXPECT_EQ(ran, (std::vector{1, 2}));
}

TEST(Loop, ATimerStartedByATimerRunsInALaterTurnEvenWhenDue) {
  TestLoop loop = with_fake_time();
  int ran = 0;
  loop->start_timer(fake_time, [&] {
    ++ran;
    loop->start_timer(loop->now() - Duration(100), [&] { ++ran; });
  });
  EXPECT_TRUE(loop->run_once(Duration::zero()));
  EXPECT_EQ(ran, 1);
  EXPECT_TRUE(loop->run_once(Duration::zero()));
  EXPECT_EQ(ran, 2);
}

TEST(Loop, ADueTimerCanCancelTheOneBehindIt) {
  TestLoop loop = with_fake_time();
  int ran = 0;
  TimerId second;
  loop->start_timer(fake_time, [&] {
    ++ran;
    EXPECT_TRUE(loop->cancel_timer(second));
  });
  second = loop->start_timer(fake_time, [&] { ++ran; });
  loop->run_once(Duration::zero());
  EXPECT_EQ(ran, 1);
}

TEST(Loop, NowIsConstantWithinATurn) {
  TestLoop loop = with_fake_time();
  Worker worker;
  Time seen{};
  worker.work = [&](Time now) {
    seen = now;
    advance(5);
    return worker.turns == 1;
  };
  ASSERT_TRUE(loop->add(worker).has_value());
  loop->post([&] { EXPECT_EQ(loop->now(), seen); });
  loop->run_once(Duration::zero());
}

TEST(Loop, SleepsOnlyAfterATurnInWhichNothingWorked) {
  TestLoop loop = with_fake_time();
  Worker first, second;
  // The second leaves work for the first, as two stacks on a memory link do.
  int pending = 0;
  first.work = [&](Time) { return std::exchange(pending, 0) != 0; };
  second.work = [&](Time) {
    if (second.turns != 1) return false;
    pending = 1;
    return true;
  };
  ASSERT_TRUE(loop->add(first).has_value());
  ASSERT_TRUE(loop->add(second).has_value());
  EXPECT_TRUE(loop->run_once(kPatience));
  EXPECT_TRUE(loop->run_once(kPatience));
  EXPECT_EQ(pending, 0);
  EXPECT_EQ(loop->counters().sleeps, 0U);
}

TEST(Loop, DoesNotSleepWhenAPollableHasFoundWorkAfterAll) {
  TestLoop loop = with_fake_time();
  Worker worker;
  worker.may_sleep = false;
  ASSERT_TRUE(loop->add(worker).has_value());
  EXPECT_FALSE(loop->run_once(kPatience));
  EXPECT_EQ(worker.preparations, 1);
  EXPECT_EQ(worker.turns, 2);
  EXPECT_EQ(loop->counters().sleeps, 0U);
  worker.may_sleep = true;
  EXPECT_FALSE(loop->run_once(Duration::zero()));
  EXPECT_EQ(loop->counters().sleeps, 1U);
}

TEST(Loop, WakesForTheDeadlineOfAPollable) {
  TestLoop loop;
  Worker worker;
  worker.deadline = real_now() + std::chrono::milliseconds(20);
  worker.work = [&](Time now) {
    if (!worker.deadline || now < *worker.deadline) return false;
    worker.deadline.reset();
    return true;
  };
  ASSERT_TRUE(loop->add(worker).has_value());
  const Time start = real_now();
  EXPECT_TRUE(loop->run_once(kPatience));
  EXPECT_GE(real_now() - start, std::chrono::milliseconds(10));
  EXPECT_EQ(loop->counters().sleeps, 1U);
}

TEST(Loop, NoWakeUpFromAnotherThreadIsLost) {
  for (const LoopPolicy policy : {LoopPolicy::kSleep, LoopPolicy::kAdaptive, LoopPolicy::kSpin}) {
    TestLoop loop(policy);
    constexpr int kTasks = 5000;
    int ran = 0;
    std::thread poster([&] {
      for (int i = 0; i < kTasks; ++i) {
        loop->post_from_outside([&] {
          if (++ran == kTasks) loop->stop();
        });
        if (i % 64 == 0) std::this_thread::yield();
      }
    });
    EXPECT_EQ(loop->run(), 0);
    poster.join();
    EXPECT_EQ(ran, kTasks);
  }
}

TEST(Loop, AnotherThreadCanStopIt) {
  TestLoop loop;
  std::thread stopper([&] { loop->stop_from_outside(); });
  EXPECT_EQ(loop->run(), 0);
  stopper.join();
}

TEST(Loop, AStopBeforeRunCounts) {
  TestLoop loop;
  loop->stop();
  EXPECT_EQ(loop->run(), 0);
  loop->post([&] { loop->stop(); });
  EXPECT_EQ(loop->run(), 0);
}

TEST(Loop, ASpinningLoopNeverSleeps) {
  TestLoop loop(LoopPolicy::kSpin);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(loop->run_once(kPatience));
  EXPECT_EQ(loop->counters().sleeps, 0U);
  EXPECT_EQ(loop->counters().turns, 200U);
}

TEST(Loop, SpinsShortlyBeforeADeadlineAndSleepsLongBefore) {
  fake_time = Time(std::chrono::hours(1));
  LoopOptions options;
  options.policy = LoopPolicy::kAdaptive;
  options.spin_time = Duration::zero();
  options.spin_before_deadline = std::chrono::microseconds(80);
  options.clock = [] { return fake_time; };
  const auto loop = *Loop::create(options);
  Worker worker;
  ASSERT_TRUE(loop->add(worker).has_value());
  worker.deadline = fake_time + std::chrono::microseconds(80);
  EXPECT_FALSE(loop->run_once(kPatience));
  // Where others want the core it sleeps.
  if (loop->counters().sleeps != 0) GTEST_SKIP() << "this machine is busy";
  worker.deadline = fake_time + std::chrono::microseconds(81);
  EXPECT_FALSE(loop->run_once(kPatience));
  EXPECT_EQ(loop->counters().sleeps, 1U);
}

TEST(Loop, AnAdaptiveLoopSleepsOnceItHasSpunLongEnough) {
  fake_time = Time(Duration(1000));
  TestLoop loop(LoopPolicy::kAdaptive, [] { return fake_time; });
  loop->post([] {});
  EXPECT_TRUE(loop->run_once(Duration::zero()));
  advance(std::chrono::nanoseconds(std::chrono::microseconds(51)).count());
  EXPECT_FALSE(loop->run_once(Duration::zero()));
  EXPECT_EQ(loop->counters().sleeps, 1U);
}

TEST(Loop, WhatATaskThrowsEndsNoOther) {
  TestLoop loop;
  std::string log;
  const auto fail = [] { throw std::runtime_error("thrown by a task"); };
  loop->post([&] { log += 'a'; });
  loop->post(fail);
  loop->post([&] { log += 'b'; });
  loop->start_timer(loop->now(), fail);
  loop->start_timer(loop->now(), [&] { log += 't'; });
  EXPECT_THROW((void)loop->run_once(Duration::zero()), std::runtime_error);
  EXPECT_EQ(log, "");
  EXPECT_THROW((void)loop->run_once(Duration::zero()), std::runtime_error);
  EXPECT_EQ(log, "ta");
  loop->post([&] { log += 'c'; });
  for (int i = 0; i < 3; ++i) (void)loop->run_once(Duration::zero());
  EXPECT_EQ(log, "tabc");
}

TEST(Loop, APollableMayRemoveAndAddOthersInItsTurn) {
  TestLoop loop;
  Worker former, mover, next, added;
  mover.work = [&](Time) {
    if (mover.turns != 1) return false;
    loop->remove(former);
    loop->remove(next);
    EXPECT_TRUE(loop->add(added).has_value());
    return true;
  };
  for (Worker* each : {&former, &mover, &next}) ASSERT_TRUE(loop->add(*each).has_value());
  EXPECT_TRUE(loop->run_once(Duration::zero()));
  EXPECT_EQ(former.turns, 1);
  EXPECT_EQ(mover.turns, 1);
  EXPECT_EQ(next.turns, 0);
  EXPECT_EQ(added.turns, 1);
  (void)loop->run_once(Duration::zero());
  EXPECT_EQ(former.turns, 1);
  EXPECT_GT(mover.turns, 1);
}

TEST(Loop, WhatThrewInItsTurnMayGo) {
  TestLoop loop;
  Worker thrower;
  thrower.work = [](Time) -> bool { throw std::runtime_error("thrown by a pollable"); };
  ASSERT_TRUE(loop->add(thrower).has_value());
  EXPECT_THROW((void)loop->run_once(Duration::zero()), std::runtime_error);
  loop->remove(thrower);
  EXPECT_FALSE(loop->run_once(Duration::zero()));
}

// In a process of its own that ends: says first which condition did not hold.
void tell_checks() {
  set_check_handler([](const char* condition, const char* /*file*/, int /*line*/) {
    std::fprintf(stderr, "%s\n", condition);
  });
}

TEST(LoopDeathTest, NoTaskTurnsItsOwnLoop) {
  TestLoop loop;
  EXPECT_DEATH(
      {
        tell_checks();
        loop->post([&] { (void)loop->run_once(Duration::zero()); });
        (void)loop->run_once(Duration::zero());
      },
      "!is_turning_");
}

TEST(LoopDeathTest, NoTaskEndsItsLoop) {
  EXPECT_DEATH(
      {
        tell_checks();
        auto loop = *Loop::create();
        loop->post([&] { loop.reset(); });
        (void)loop->run_once(Duration::zero());
      },
      "!is_turning_");
}

TEST(LoopDeathTest, APollableDoesNotGoInItsOwnTurn) {
  TestLoop loop;
  Worker worker;
  worker.work = [&](Time) {
    loop->remove(worker);
    return false;
  };
  ASSERT_TRUE(loop->add(worker).has_value());
  EXPECT_DEATH(
      {
        tell_checks();
        (void)loop->run_once(Duration::zero());
      },
      "!is_in_its_turn");
}

}  // namespace
}  // namespace strata::runtime::loop_test
