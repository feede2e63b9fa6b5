// SPDX-License-Identifier: Apache-2.0
// Loop: descriptors, of pollables and of others.
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "runtime/loop_lab.h"
#include "strata/loop.h"

namespace strata::runtime::loop_descriptors_test {
namespace {

using loop_lab::TestLoop;
using loop_lab::Worker;

constexpr Duration kPatience = std::chrono::seconds(10);

struct Pipe {
  Pipe() { EXPECT_EQ(::pipe(ends.data()), 0); }
  ~Pipe() {
    ::close(ends[0]);
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void write() { EXPECT_EQ(::write(ends[1], "x", 1), 1); }
  void read() {
    char byte = 0;
    EXPECT_EQ(::read(ends[0], &byte, 1), 1);
  }
  void close_writer() {
    if (ends[1] >= 0) ::close(ends[1]);
    ends[1] = -1;
  }
  std::array<int, 2> ends{};
};

TEST(LoopDescriptors, WakesForADescriptorOfAPollable) {
  TestLoop loop;
  Pipe pipe;
  Worker worker;
  worker.watched = {pipe.ends[0], -1};
  // What arrives between the last look and the sleep must end the sleep at once.
  worker.work = [&](Time) {
    if (worker.turns == 1) {
      pipe.write();
      return false;
    }
    pipe.read();
    return true;
  };
  ASSERT_TRUE(loop->add(worker).has_value());
  EXPECT_TRUE(loop->run_once(Duration::max()));
  EXPECT_EQ(loop->counters().sleeps, 1U);
}

TEST(LoopDescriptors, RefusesTheSamePollableOrDescriptorTwice) {
  TestLoop loop;
  Pipe pipe;
  Worker first, second;
  first.watched = {pipe.ends[0]};
  second.watched = {pipe.ends[0]};
  ASSERT_TRUE(loop->add(first).has_value());
  EXPECT_EQ(loop->add(first).error(), Error::kAlreadyExists);
  EXPECT_EQ(loop->add(second).error(), Error::kAlreadyExists);
  loop->remove(first);
  EXPECT_TRUE(loop->add(second).has_value());
  second.watched.clear();
  EXPECT_TRUE(loop->update(second).has_value());
  EXPECT_EQ(loop->update(first).error(), Error::kNotFound);
  EXPECT_TRUE(loop->watch(pipe.ends[0], EPOLLIN, [](std::uint32_t) {}).has_value());
}

TEST(LoopDescriptors, StopsWatchingABrokenDescriptorThatNobodyHeeds) {
  TestLoop loop;
  Pipe pipe;
  Worker worker;
  worker.watched = {pipe.ends[0]};
  ASSERT_TRUE(loop->add(worker).has_value());
  pipe.close_writer();
  EXPECT_FALSE(loop->run_once(kPatience));
  EXPECT_EQ(worker.lost, (std::vector{pipe.ends[0]}));
  EXPECT_FALSE(loop->run_once(std::chrono::milliseconds(1)));
  EXPECT_EQ(worker.lost.size(), 1U);
}

TEST(LoopDescriptors, WatchedDescriptorsReportUntilUnwatched) {
  TestLoop loop;
  Pipe pipe;
  int calls = 0;
  ASSERT_TRUE(loop->watch(pipe.ends[0], EPOLLIN,
                          [&](std::uint32_t events) {
                            EXPECT_NE(events & EPOLLIN, 0U);
                            ++calls;
                            if (calls == 2) {
                              EXPECT_TRUE(loop->unwatch(pipe.ends[0]));
                            }
                          })
                  .has_value());
  pipe.write();
  EXPECT_TRUE(loop->run_once(kPatience));
  EXPECT_TRUE(loop->run_once(kPatience));
  EXPECT_FALSE(loop->run_once(Duration::zero()));
  EXPECT_EQ(calls, 2);
  EXPECT_FALSE(loop->unwatch(pipe.ends[0]));
}

TEST(LoopDescriptors, AWatchThatEndedCannotHearAReportOnItsWay) {
  TestLoop loop;
  Pipe first, second;
  int calls = 0;
  // Whichever runs first takes the other away.
  const auto once = [&](int other) {
    return [&calls, &loop, other](std::uint32_t) {
      ++calls;
      loop->unwatch(other);
    };
  };
  ASSERT_TRUE(loop->watch(first.ends[0], EPOLLIN, once(second.ends[0])).has_value());
  ASSERT_TRUE(loop->watch(second.ends[0], EPOLLIN, once(first.ends[0])).has_value());
  first.write();
  second.write();
  EXPECT_TRUE(loop->run_once(kPatience));
  EXPECT_EQ(calls, 1);
}

TEST(LoopDescriptors, ADescriptorClosedWithoutAWordLosesItsWatchToTheNextOfThatNumber) {
  TestLoop loop;
  int former = 0, latter = 0;
  int number = -1;
  {
    const Pipe closed;
    number = closed.ends[0];
    ASSERT_TRUE(loop->watch(number, EPOLLIN, [&](std::uint32_t) { ++former; }).has_value());
  }
  Pipe next;
  ASSERT_EQ(next.ends[0], number);
  ASSERT_TRUE(loop->watch(number, EPOLLIN, [&](std::uint32_t) { ++latter; }).has_value());
  next.write();
  EXPECT_TRUE(loop->run_once(kPatience));
  EXPECT_EQ(former, 0);
  EXPECT_EQ(latter, 1);
  EXPECT_TRUE(loop->unwatch(number));
  EXPECT_FALSE(loop->unwatch(number));
}

TEST(LoopDescriptors, APlainFileCannotBeWatched) {
  TestLoop loop;
  std::FILE* file = std::tmpfile();
  EXPECT_EQ(loop->watch(::fileno(file), EPOLLIN, [](std::uint32_t) {}).error(),
            Error::kNotSupported);
  std::fclose(file);
}

TEST(LoopDescriptors, ABusyLoopStillSeesItsDescriptors) {
  for (const LoopPolicy policy : {LoopPolicy::kSpin, LoopPolicy::kAdaptive, LoopPolicy::kSleep}) {
    TestLoop loop(policy);
    Pipe pipe;
    Worker worker;
    worker.work = [](Time) { return true; };
    ASSERT_TRUE(loop->add(worker).has_value());
    bool called = false;
    ASSERT_TRUE(
        loop->watch(pipe.ends[0], EPOLLIN, [&](std::uint32_t) { called = true; }).has_value());
    pipe.write();
    for (int i = 0; i < 100 && !called; ++i) loop->run_once(kPatience);
    EXPECT_TRUE(called);
  }
}

}  // namespace
}  // namespace strata::runtime::loop_descriptors_test
