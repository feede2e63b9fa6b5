// SPDX-License-Identifier: Apache-2.0
#include "strata/coro/task_group.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>

#include "socket/coro/lab.h"
#include "strata/check.h"

namespace strata::coro::task_group_test {
namespace {

struct Witness {
  explicit Witness(std::string& to, char name) : log(to), letter(name) {}
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  ~Witness() { log += letter; }
  std::string& log;
  char letter;
};

Task<> rest(Executor& executor, Duration duration, std::string& log, char letter) {
  const Witness witness(log, letter);
  co_await sleep_for(executor, duration);
}

TEST(TaskGroup, FreesEachTaskAsSoonAsItIsDone) {
  Lab lab;
  std::string log;
  TaskGroup group;
  group.spawn(rest(lab.world.executor(), 2s, log, 'b'));
  group.spawn(rest(lab.world.executor(), 1s, log, 'a'));
  group.spawn(rest(lab.world.executor(), 3s, log, 'c'));
  EXPECT_EQ(group.size(), 3);
  lab.world.run_for(1s);
  EXPECT_EQ(log, "a");
  lab.world.run_for(1s);
  EXPECT_EQ(log, "ab");
  lab.world.run_for(1s);
  EXPECT_EQ(log, "abc");
  EXPECT_TRUE(group.empty());
}

TEST(TaskGroup, KeepsNothingOfATaskThatNeverWaits) {
  TaskGroup group;
  int runs = 0;
  for (int i = 0; i < 3; ++i) {
    group.spawn([](int& out) -> Task<> {
      ++out;
      co_return;
    }(runs));
  }
  EXPECT_EQ(runs, 3);
  EXPECT_TRUE(group.empty());
}

TEST(TaskGroup, DestroyingItCancelsTheYoungestFirst) {
  Lab lab;
  std::string log;
  {
    TaskGroup group;
    for (const char letter : {'a', 'b', 'c'}) {
      group.spawn(rest(lab.world.executor(), 1s, log, letter));
    }
  }
  EXPECT_EQ(log, "cba");
  lab.world.run_for(2s);
  EXPECT_EQ(log, "cba");
}

TEST(TaskGroup, CanBeUsedAgainAfterCancelling) {
  Lab lab;
  std::string log;
  TaskGroup group;
  group.spawn(rest(lab.world.executor(), 1s, log, 'a'));
  group.cancel();
  EXPECT_TRUE(group.empty());
  group.spawn(rest(lab.world.executor(), 1s, log, 'b'));
  lab.world.run_for(1s);
  EXPECT_EQ(log, "ab");
}

TEST(TaskGroup, JoiningWaitsForTheLast) {
  Lab lab;
  std::string log;
  lab.spawn([](Executor& executor, std::string& out) -> Task<> {
    TaskGroup group;
    co_await group.join(executor);  // of an empty group: at once
    group.spawn(rest(executor, 2s, out, 'b'));
    group.spawn(rest(executor, 1s, out, 'a'));
    co_await group.join(executor);
    out += '.';
  }(lab.world.executor(), log));
  lab.world.run_for(1500ms);
  EXPECT_EQ(log, "a");
  lab.world.run_for(1s);
  EXPECT_EQ(log, "ab.");
  EXPECT_TRUE(lab.tasks.empty());
}

TEST(TaskGroup, CancellingWakesWhoJoins) {
  Lab lab;
  std::string log;
  TaskGroup group;
  group.spawn(rest(lab.world.executor(), 1h, log, 'a'));
  lab.spawn([](TaskGroup& joined, Executor& executor, std::string& out) -> Task<> {
    co_await joined.join(executor);
    out += '.';
  }(group, lab.world.executor(), log));
  lab.world.run_for(1s);
  EXPECT_EQ(log, "");
  group.cancel();
  EXPECT_EQ(log, "a");  // nothing resumes inside the call
  lab.world.run_for(0s);
  EXPECT_EQ(log, "a.");
  EXPECT_TRUE(lab.tasks.empty());
}

TEST(TaskGroup, WhoJoinsMayOwnTheTaskThatCancels) {
  Lab lab;
  std::string log;
  lab.spawn([](Executor& executor, std::string& out) -> Task<> {
    TaskGroup workers;
    TaskGroup helpers;
    workers.spawn(rest(executor, 1h, out, 'a'));
    helpers.spawn([](TaskGroup& others, Executor& clock, std::string& text) -> Task<> {
      co_await sleep_for(clock, 1s);
      others.cancel();
      text += 'b';
      co_await sleep_for(clock, 1h);
    }(workers, executor, out));
    co_await workers.join(executor);
    out += '.';
  }(lab.world.executor(), log));
  lab.world.run_for(2s);
  EXPECT_EQ(log, "ab.");
  EXPECT_TRUE(lab.tasks.empty());
}

// The group may be gone before those who joined it run again.
TEST(TaskGroup, WhoJoinsMayOutliveIt) {
  Lab lab;
  std::string log;
  {
    TaskGroup group;
    group.spawn(rest(lab.world.executor(), 1h, log, 'a'));
    lab.spawn([](TaskGroup& joined, Executor& executor, std::string& out) -> Task<> {
      co_await joined.join(executor);
      out += '.';
    }(group, lab.world.executor(), log));
    group.cancel();
  }
  lab.world.run_for(0s);
  EXPECT_EQ(log, "a.");
}

TEST(TaskGroup, ATaskMaySpawnIntoItsOwnGroup) {
  Lab lab;
  std::string log;
  TaskGroup group;
  group.spawn([](TaskGroup& own, Executor& executor, std::string& out) -> Task<> {
    own.spawn(rest(executor, 2s, out, 'b'));
    co_await sleep_for(executor, 1s);
    own.spawn(rest(executor, 0s, out, 'a'));
  }(group, lab.world.executor(), log));
  lab.world.run_for(3s);
  EXPECT_EQ(log, "ab");
  EXPECT_TRUE(group.empty());
}

TEST(TaskGroupDeathTest, WhatIsNoTaskAnyMoreIsNotSpawned) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        set_check_handler([](const char* condition, const char* /*file*/, int /*line*/) {
          std::fprintf(stderr, "%s\n", condition);
        });
        TaskGroup group;
        Task<> task = []() -> Task<> { co_return; }();
        task.cancel();
        group.spawn(std::move(task));
      },
      "handle && !handle.done");
}

TEST(TaskGroupDeathTest, AnExceptionThatLeavesASpawnedTaskEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        TaskGroup group;
        group.spawn([]() -> Task<> {
          throw std::runtime_error("nobody catches this");
          co_return;
        }());
      },
      "terminate called");
}

}  // namespace
}  // namespace strata::coro::task_group_test
