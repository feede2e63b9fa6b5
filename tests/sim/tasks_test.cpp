// SPDX-License-Identifier: Apache-2.0
#include "sim/tasks.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

namespace strata::sim::tasks_test {
namespace {

using namespace std::chrono_literals;

constexpr auto kIgnoreOwner = [](TaskOwner) {};

TEST(Tasks, RunInTheOrderOfPosting) {
  Tasks tasks;
  std::vector<int> ran;
  for (int i = 0; i < 5; ++i) tasks.post([&ran, i] { ran.push_back(i); }, 0);
  tasks.run_posted(kIgnoreOwner);
  EXPECT_EQ(ran, (std::vector{0, 1, 2, 3, 4}));
  EXPECT_FALSE(tasks.has_posted());
}

TEST(Tasks, LeaveWhatTheyPostForALaterTurn) {
  Tasks tasks;
  int ran = 0;
  tasks.post([&] { tasks.post([&] { ++ran; }, 0); }, 0);
  tasks.run_posted(kIgnoreOwner);
  EXPECT_EQ(ran, 0);
  EXPECT_TRUE(tasks.has_posted());
  tasks.run_posted(kIgnoreOwner);
  EXPECT_EQ(ran, 1);
}

TEST(Tasks, TellWhoseTheyWere) {
  Tasks tasks;
  std::vector<TaskOwner> owners;
  const auto note = [&](TaskOwner owner) { owners.push_back(owner); };
  tasks.start_timer(Time(1ms), 0, [] {}, 4);
  tasks.post([] {}, kWorldOwner);
  tasks.run_timers(Time(1ms), 1, note);
  tasks.run_posted(note);
  EXPECT_EQ(owners, (std::vector<TaskOwner>{4, kWorldOwner}));
}

TEST(Tasks, TimersRunByDeadlineAndThenByTheOrderOfStarting) {
  Tasks tasks;
  std::vector<int> ran;
  tasks.start_timer(Time(2ms), 0, [&] { ran.push_back(2); }, 0);
  tasks.start_timer(Time(1ms), 1, [&] { ran.push_back(10); }, 0);
  tasks.start_timer(Time(1ms), 2, [&] { ran.push_back(11); }, 0);
  tasks.start_timer(Time(3ms), 3, [&] { ran.push_back(3); }, 0);
  EXPECT_EQ(tasks.next_deadline(), Time(1ms));
  tasks.run_timers(Time(2ms), 4, kIgnoreOwner);
  EXPECT_EQ(ran, (std::vector{10, 11, 2}));
  EXPECT_EQ(tasks.next_deadline(), Time(3ms));
}

TEST(Tasks, ATimerStartedByATimerWaitsForALaterTurn) {
  Tasks tasks;
  int ran = 0;
  tasks.start_timer(Time(1ms), 0, [&] { tasks.start_timer(Time(1ms), 5, [&] { ++ran; }, 0); }, 0);
  tasks.run_timers(Time(1ms), 5, kIgnoreOwner);
  EXPECT_EQ(ran, 0);
  tasks.run_timers(Time(1ms), 6, kIgnoreOwner);
  EXPECT_EQ(ran, 1);
}

TEST(Tasks, ACancelledTimerNeverRunsAndItsIdStaysStale) {
  Tasks tasks;
  int ran = 0;
  const TimerId first = tasks.start_timer(Time(1ms), 0, [&] { ++ran; }, 0);
  EXPECT_TRUE(tasks.cancel_timer(first));
  EXPECT_FALSE(tasks.cancel_timer(first));
  const TimerId second = tasks.start_timer(Time(1ms), 1, [&] { ran += 10; }, 0);
  EXPECT_FALSE(tasks.cancel_timer(first));  // the same place, another generation
  tasks.run_timers(Time(1ms), 2, kIgnoreOwner);
  EXPECT_EQ(ran, 10);
  EXPECT_FALSE(tasks.cancel_timer(second));
  EXPECT_FALSE(tasks.cancel_timer(TimerId{}));
}

TEST(Tasks, ATimerCanCancelAnotherThatIsDueInTheSameTurn) {
  Tasks tasks;
  TimerId second;
  bool ran = false;
  tasks.start_timer(Time(1ms), 0, [&] { EXPECT_TRUE(tasks.cancel_timer(second)); }, 0);
  second = tasks.start_timer(Time(1ms), 1, [&] { ran = true; }, 0);
  tasks.run_timers(Time(1ms), 2, kIgnoreOwner);
  EXPECT_FALSE(ran);
}

TEST(Tasks, ClearDestroysWithoutRunning) {
  Tasks tasks;
  const auto alive = std::make_shared<int>(0);
  tasks.post([alive] { ++*alive; }, 0);
  tasks.start_timer(Time(1ms), 0, [alive] { ++*alive; }, 0);
  EXPECT_EQ(alive.use_count(), 3);
  tasks.clear();
  EXPECT_EQ(alive.use_count(), 1);
  EXPECT_EQ(*alive, 0);
  EXPECT_FALSE(tasks.next_deadline().has_value());
}

}  // namespace
}  // namespace strata::sim::tasks_test
