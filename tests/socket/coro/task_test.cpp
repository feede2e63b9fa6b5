// SPDX-License-Identifier: Apache-2.0
#include "strata/coro/task.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "socket/coro/lab.h"
#include "strata/check.h"
#include "strata/coro/wait.h"

namespace strata::coro::task_test {
namespace {

Task<int> seven() { co_return 7; }
Task<std::unique_ptr<int>> boxed(int value) { co_return std::make_unique<int>(value); }
Task<int> sum() {
  co_return co_await seven() + **std::make_unique<std::unique_ptr<int>>(co_await boxed(5));
}

TEST(Task, DoesNothingUntilItIsAwaited) {
  bool has_run = false;
  {
    const Task<> task = [](bool& out) -> Task<> {
      out = true;
      co_return;
    }(has_run);
  }
  EXPECT_FALSE(has_run);
}

TEST(Task, ResultsComeUpThroughTasks) {
  Task<int> task = sum();
  EXPECT_TRUE(task.start({}));
  EXPECT_EQ(task.take(), 12);
}

Task<int> thrower() {
  throw std::runtime_error("lost");
  co_return 0;
}

TEST(Task, AnExceptionGoesToWhoAwaits) {
  std::string text;
  Task<> task = [](std::string& out) -> Task<> {
    try {
      (void)co_await thrower();
    } catch (const std::runtime_error& error) {
      out = error.what();
    }
  }(text);
  EXPECT_TRUE(task.start({}));
  task.take();
  EXPECT_EQ(text, "lost");
}

Task<int> one() { co_return 1; }

// Deep in the call stack a million tasks that never wait would not end well.
TEST(Task, TasksThatEndAtOnceDoNotDeepenTheStack) {
  Task<int> task = []() -> Task<int> {
    int count = 0;
    for (int i = 0; i < 1'000'000; ++i) count += co_await one();
    co_return count;
  }();
  EXPECT_TRUE(task.start({}));
  EXPECT_EQ(task.take(), 1'000'000);
}

struct Witness {
  explicit Witness(std::string& to, char name) : log(to), letter(name) {}
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  ~Witness() { log += letter; }
  std::string& log;
  char letter;
};

Task<> inner(Executor& executor, std::string& log) {
  const Witness first(log, 'b');
  const Witness second(log, 'a');
  co_await sleep_for(executor, 1h);
  log += '!';
}

Task<> outer(Executor& executor, std::string& log) {
  const Witness witness(log, 'c');
  co_await inner(executor, log);
  log += '!';
}

TEST(Task, DestroyingItDestroysWhatItAwaitsInReverseOrder) {
  Lab lab;
  std::string log;
  {
    Task<> task = outer(lab.world.executor(), log);
    EXPECT_FALSE(task.start({}));
  }
  EXPECT_EQ(log, "abc");
  lab.world.run_for(2h);  // nothing of it is left in the clock
  EXPECT_EQ(log, "abc");
}

TEST(Task, IsToldWhenItIsDone) {
  Lab lab;
  bool is_done = false;
  Task<> task = [](Executor& executor) -> Task<> {
    co_await sleep_for(executor, 1s);
  }(lab.world.executor());
  EXPECT_FALSE(
      task.start({[](void* whom) noexcept { *static_cast<bool*>(whom) = true; }, &is_done}));
  EXPECT_FALSE(is_done);
  lab.world.run_for(1s);
  EXPECT_TRUE(is_done);
}

TEST(TaskDeathTest, WhatIsNotDoneHasNoResult) {
  EXPECT_DEATH(
      {
        set_check_handler([](const char* condition, const char* /*file*/, int /*line*/) {
          std::fprintf(stderr, "%s\n", condition);
        });
        Task<int> task = seven();
        (void)task.take();
      },
      "handle_.done");
}

TEST(Task, MovingItMovesTheOwner) {
  Task<int> a = seven();
  Task<int> b = std::move(a);
  a = std::move(b);
  EXPECT_TRUE(a.start({}));
  EXPECT_EQ(a.take(), 7);
}

}  // namespace
}  // namespace strata::coro::task_test
