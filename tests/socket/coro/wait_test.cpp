// SPDX-License-Identifier: Apache-2.0
#include "strata/coro/wait.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "socket/coro/lab.h"

namespace strata::coro::wait_test {
namespace {

TEST(Sleep, LastsAsLongAsItWasAsked) {
  Lab lab;
  const Time begin = lab.world.now();
  Time end{};
  lab.spawn([](Executor& executor, Time until, Time& at) -> Task<> {
    EXPECT_TRUE(co_await sleep_for(executor, 3s));
    EXPECT_TRUE(co_await sleep_until(executor, until));
    at = executor.now();
  }(lab.world.executor(), begin + 5s, end));
  lab.world.run_for(10s);
  EXPECT_EQ(end, begin + 5s);
}

TEST(Sleep, OfNoLengthLetsOthersRun) {
  Lab lab;
  std::string log;
  const auto steps = [](Executor& executor, std::string& out, char letter) -> Task<> {
    for (int i = 0; i < 3; ++i) {
      out += letter;
      co_await sleep_for(executor, 0s);
    }
  };
  lab.spawn(steps(lab.world.executor(), log, 'a'));
  lab.spawn(steps(lab.world.executor(), log, 'b'));
  lab.world.run_for(1s);
  EXPECT_EQ(log, "ababab");
}

TEST(Cancellation, EndsAllThatWaitAndRefusesWhatComes) {
  Lab lab;
  Cancellation cancellation;
  std::string log;
  const auto wait = [](Executor& executor, Cancellation& stop, std::string& out) -> Task<> {
    const auto first = co_await sleep_for(executor, 1h, &stop);
    out += first ? "slept " : "cancelled ";
    const auto second = co_await sleep_for(executor, 1h, &stop);
    out += second ? "slept " : "refused ";
  };
  for (int i = 0; i < 3; ++i) lab.spawn(wait(lab.world.executor(), cancellation, log));
  lab.world.run_for(1s);
  cancellation.cancel();
  EXPECT_EQ(log, "");  // nothing resumes inside the call
  lab.world.run_for(0s);
  EXPECT_EQ(log, "cancelled refused cancelled refused cancelled refused ");
  EXPECT_TRUE(lab.tasks.empty());
}

TEST(Cancellation, ForgetsTasksThatWereDestroyed) {
  Lab lab;
  Cancellation cancellation;
  for (int i = 0; i < 3; ++i) {
    lab.spawn([](Executor& executor, Cancellation& stop) -> Task<> {
      co_await sleep_for(executor, 1h, &stop);
    }(lab.world.executor(), cancellation));
  }
  lab.tasks.cancel();
  cancellation.cancel();
  lab.world.run_for(1s);
}

TEST(Cancellation, MayEndOnceItIsOn) {
  Lab lab;
  std::optional<Cancellation> cancellation(std::in_place);
  Error error = Error::kIo;
  lab.spawn([](Executor& executor, Cancellation& stop, Error& out) -> Task<> {
    const auto slept = co_await sleep_for(executor, 1h, &stop);
    if (!slept) out = slept.error();
  }(lab.world.executor(), *cancellation, error));
  cancellation->cancel();
  cancellation.emplace();  // another in its place
  lab.world.run_for(1s);
  EXPECT_EQ(error, Error::kCancelled);
  EXPECT_TRUE(lab.tasks.empty());
}

// A task that was told but has not run yet may be destroyed too.
TEST(Cancellation, ATaskMayEndBetweenTheSwitchAndItsTurn) {
  Lab lab;
  Cancellation cancellation;
  lab.spawn([](Executor& executor, Cancellation& stop) -> Task<> {
    co_await sleep_for(executor, 1h, &stop);
    ADD_FAILURE();
  }(lab.world.executor(), cancellation));
  cancellation.cancel();
  lab.tasks.cancel();
  lab.world.run_for(2h);
}

TEST(Event, IsRememberedUntilSomebodyWaits) {
  Lab lab;
  Event event(lab.world.executor());
  event.set();
  event.set();
  std::string log;
  lab.spawn([](Event& from, std::string& out) -> Task<> {
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(co_await from.wait());
      out += 'x';
    }
  }(event, log));
  EXPECT_EQ(log, "x");  // two signals before anybody looked are one
  event.set();
  EXPECT_EQ(log, "x");
  lab.world.run_for(0s);
  EXPECT_EQ(log, "xx");
}

TEST(Event, WaitingGivesUpAtItsDeadlineAndWhenCancelled) {
  Lab lab;
  Event event(lab.world.executor());
  Cancellation cancellation;
  std::string log;
  lab.spawn([](Event& from, Executor& executor, Cancellation& stop, std::string& out) -> Task<> {
    const auto first = co_await from.wait({.deadline = executor.now() + 1s});
    out += to_text(first.error());
    const auto late = co_await from.wait({.deadline = executor.now()});
    out += "; ";
    out += to_text(late.error());
    const auto second = co_await from.wait({.cancellation = &stop});
    out += "; ";
    out += to_text(second.error());
  }(event, lab.world.executor(), cancellation, log));
  lab.world.run_for(1s);
  EXPECT_EQ(log, "timed out; timed out");
  cancellation.cancel();
  lab.world.run_for(0s);
  EXPECT_EQ(log, "timed out; timed out; cancelled");
}

TEST(Event, WhoWaitsMayBeDestroyed) {
  Lab lab;
  Event event(lab.world.executor());
  lab.spawn([](Event& from) -> Task<> {
    (void)co_await from.wait();
    ADD_FAILURE();
  }(event));
  event.set();
  lab.tasks.cancel();
  lab.world.run_for(1s);
  lab.spawn([](Event& from) -> Task<> { EXPECT_TRUE(co_await from.wait()); }(event));
  EXPECT_TRUE(lab.tasks.empty());  // the signal was kept
}

}  // namespace
}  // namespace strata::coro::wait_test
