// SPDX-License-Identifier: Apache-2.0
#include "strata/coro/when.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "socket/coro/lab.h"

namespace strata::coro::when_test {
namespace {

Task<int> after(Executor& executor, Duration duration, int value) {
  co_await sleep_for(executor, duration);
  co_return value;
}
Task<std::unique_ptr<int>> box_after(Executor& executor, Duration duration, int value) {
  co_await sleep_for(executor, duration);
  co_return std::make_unique<int>(value);
}
Task<> pause(Executor& executor, Duration duration) { co_await sleep_for(executor, duration); }
Task<int> at_once(int value) { co_return value; }
Task<int> throw_after(Executor& executor, Duration duration) {
  co_await sleep_for(executor, duration);
  throw std::runtime_error("broken");
}

TEST(WhenAll, AnswersInOrderOnceTheSlowestIsDone) {
  Lab lab;
  std::string log;
  const Time begin = lab.world.now();
  Time end{};
  lab.spawn([](Executor& executor, std::string& out, Time& at) -> Task<> {
    auto [a, nothing, b, c] = co_await when_all(after(executor, 3s, 1), pause(executor, 1s),
                                                box_after(executor, 2s, 2), at_once(3));
    out = std::to_string(a) + std::to_string(*b) + std::to_string(c);
    at = executor.now();
    static_assert(std::is_same_v<decltype(nothing), std::monostate>);
  }(lab.world.executor(), log, end));
  lab.world.run_for(10s);
  EXPECT_EQ(log, "123");
  EXPECT_EQ(end, begin + 3s);
}

TEST(WhenAll, OfTasksThatNeverWaitDoesNotWait) {
  int total = 0;
  TaskGroup group;
  group.spawn([](int& out) -> Task<> {
    const auto [a, b] = co_await when_all(at_once(1), at_once(2));
    out = a + b;
  }(total));
  EXPECT_EQ(total, 3);
}

TEST(WhenAll, ThrowsWhatOneThrewOnceAllAreDone) {
  Lab lab;
  Time caught{};
  const Time begin = lab.world.now();
  lab.spawn([](Executor& executor, Time& at) -> Task<> {
    try {
      (void)co_await when_all(throw_after(executor, 1s), after(executor, 2s, 1));
    } catch (const std::runtime_error&) {
      at = executor.now();
    }
  }(lab.world.executor(), caught));
  lab.world.run_for(10s);
  EXPECT_EQ(caught, begin + 2s);
}

TEST(WhenAny, TheFirstWinsAndTheOthersAreGone) {
  Lab lab;
  std::size_t index = 9;
  int value = 0;
  int losers = 0;
  lab.spawn([](Executor& executor, std::size_t& which, int& what, int& others) -> Task<> {
    const auto lose = [](Executor& clock, Duration duration, int& count) -> Task<> {
      co_await sleep_for(clock, duration);
      ++count;
    };
    auto winner = co_await when_any(lose(executor, 3s, others), box_after(executor, 1s, 2),
                                    lose(executor, 2s, others));
    which = winner.index();
    what = *std::get<1>(winner);
  }(lab.world.executor(), index, value, losers));
  lab.world.run_for(5s);
  EXPECT_EQ(index, 1);
  EXPECT_EQ(value, 2);
  EXPECT_EQ(losers, 0);
}

TEST(WhenAny, StopsStartingAtOneThatIsDoneAtOnce) {
  Lab lab;
  std::size_t index = 9;
  bool has_started = false;
  lab.spawn([](Executor& executor, std::size_t& which, bool& third) -> Task<> {
    const auto mark = [](bool& out) -> Task<> {
      out = true;
      co_return;
    };
    const auto winner = co_await when_any(after(executor, 1s, 1), at_once(2), mark(third));
    which = winner.index();
  }(lab.world.executor(), index, has_started));
  EXPECT_EQ(index, 1);
  EXPECT_FALSE(has_started);
}

TEST(WhenAny, OfOneMomentTheFirstStartedWins) {
  Lab lab;
  std::size_t index = 9;
  lab.spawn([](Executor& executor, std::size_t& which) -> Task<> {
    which = (co_await when_any(after(executor, 1s, 1), after(executor, 1s, 2))).index();
  }(lab.world.executor(), index));
  lab.world.run_for(2s);
  EXPECT_EQ(index, 0);
}

TEST(WhenAny, IsATimeoutForAnything) {
  Lab lab;
  std::size_t index = 9;
  lab.spawn([](Net net, std::size_t& which) -> Task<> {
    auto listener = TcpListener::listen(net, {kServer, 7});
    const auto accept = [](TcpListener& from) -> Task<bool> {
      co_return (co_await from.accept()).has_value();
    };
    which = (co_await when_any(accept(*listener), pause(net.executor, 1s))).index();
  }(lab.server(), index));
  lab.world.run_for(2s);
  EXPECT_EQ(index, 1);
  EXPECT_TRUE(lab.tasks.empty());
}

// ── Operations, and as many as are known at run time ────────────────────────────────────────────

TEST(WhenAny, TakesOperationsAsTheyAre) {
  Lab lab;
  lab.spawn(serve_echo(lab.server()));
  std::string log;
  lab.spawn([](Net net, std::string& out) -> Task<> {
    auto stream = co_await connect(net, Endpoint{kServer, 7});
    std::array<std::byte, 10> buffer{};
    const auto silent = co_await when_any(stream->read(buffer), sleep_for(net.executor, 1s));
    out += silent.index() == 1 ? "nothing came, " : "?";
    const auto [written, read] =
        co_await when_all(stream->write_all(bytes_of("abc")), stream->read(buffer));
    out += written && read ? text_of(Bytes(buffer).first(*read)) : "?";
    Event event(net.executor);
    event.set();
    const auto told = co_await when_any(event.wait(), stream->read(buffer));
    out += told.index() == 0 && std::get<0>(told) ? ", told" : "?";
  }(lab.client(), log));
  lab.world.run_for(10s);
  EXPECT_EQ(log, "nothing came, abc, told");
}

TEST(WhenAll, OfAVectorAnswersInOrder) {
  Lab lab;
  std::vector<int> got;
  lab.spawn([](Executor& executor, std::vector<int>& out) -> Task<> {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(after(executor, (100 - i) * 1ms, i));
    tasks.push_back(at_once(100));
    out = co_await when_all(std::move(tasks));
    EXPECT_TRUE((co_await when_all(std::vector<Task<int>>())).empty());
  }(lab.world.executor(), got));
  lab.world.run_for(10s);
  ASSERT_EQ(got.size(), 101U);
  for (int i = 0; i < 101; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], i);
}

TEST(WhenAny, OfAVectorTellsWhichAndEndsTheOthers) {
  Lab lab;
  std::size_t index = 99;
  int value = 0;
  int ended = 0;
  struct Witness {
    int& count;
    ~Witness() { ++count; }
  };
  lab.spawn([](Executor& executor, std::size_t& which, int& what, int& count) -> Task<> {
    constexpr auto kRace = [](Executor& on, Duration wait, int number, int& out) -> Task<int> {
      const Witness witness{out};
      co_await sleep_for(on, wait);
      co_return number;
    };
    std::vector<Task<int>> tasks;
    for (const int i : {5, 2, 9}) tasks.push_back(kRace(executor, i * 1s, i, count));
    const auto first = co_await when_any(std::move(tasks));
    which = first.index;
    what = first.outcome;
    EXPECT_EQ(count, 3);
  }(lab.world.executor(), index, value, ended));
  lab.world.run_for(20s);
  EXPECT_EQ(index, 1U);
  EXPECT_EQ(value, 2);
  EXPECT_EQ(ended, 3);
}

}  // namespace
}  // namespace strata::coro::when_test
