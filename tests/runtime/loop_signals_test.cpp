// SPDX-License-Identifier: Apache-2.0
// Signals that stop a loop, and those that run a task on it.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/loop_lab.h"

namespace strata::runtime::loop_signals_test {
namespace {

using loop_lab::TestLoop;
using loop_lab::Worker;

TEST(LoopSignals, ASignalStopsItInOrderAndASecondOneHasItsOldEffect) {
  const pid_t child = ::fork();
  if (child == 0) {
    TestLoop loop;
    if (!loop->stop_on_signals({SIGTERM, SIGINT})) ::_exit(10);
    loop->post([] { ::raise(SIGTERM); });
    if (loop->run() != SIGTERM) ::_exit(11);
    ::raise(SIGTERM);
    ::_exit(12);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
}

TEST(LoopSignals, AHangUpStopsItUnlessItIsIgnored) {
  for (const bool is_ignored : {false, true}) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::signal(SIGHUP, is_ignored ? SIG_IGN : SIG_DFL);
      TestLoop loop;
      if (!loop->stop_on_signals({SIGTERM, SIGHUP})) ::_exit(10);
      loop->post([] { ::raise(SIGHUP); });
      loop->post([&loop] { loop->post([] { ::raise(SIGTERM); }); });
      ::_exit(loop->run() == (is_ignored ? SIGTERM : SIGHUP) ? 0 : 11);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << is_ignored;
  }
}

TEST(LoopSignals, ASignalBetweenTheLastLookAndTheSleepEndsTheSleep) {
  TestLoop loop;
  ASSERT_TRUE(loop->stop_on_signals({SIGUSR1}).has_value());
  Worker worker;
  worker.work = [&](Time) {
    if (worker.turns == 1) ::raise(SIGUSR1);
    return false;
  };
  ASSERT_TRUE(loop->add(worker).has_value());
  EXPECT_EQ(loop->run(), SIGUSR1);
  EXPECT_EQ(loop->counters().sleeps, 1U);
}

TEST(LoopSignals, ASignalMayRunATaskAsOftenAsItComes) {
  TestLoop loop;
  int heard = 0;
  EXPECT_EQ(loop->run_on_signal(SIGUSR2, [] {}).error(), Error::kInvalidArgument);
  ASSERT_TRUE(loop->stop_on_signals({SIGUSR1, SIGUSR2}).has_value());
  ASSERT_TRUE(loop->run_on_signal(SIGUSR2, [&heard] { ++heard; }).has_value());
  for (int i = 1; i <= 3; ++i) {
    ::raise(SIGUSR2);
    ::raise(SIGUSR2);
    EXPECT_TRUE(loop->run_once(Duration::zero()));
    EXPECT_EQ(heard, i);
  }
  EXPECT_FALSE(loop->is_stopped());
  // Both at once: neither is lost.
  ::raise(SIGUSR1);
  ::raise(SIGUSR2);
  EXPECT_EQ(loop->run(), SIGUSR1);
  EXPECT_EQ(heard, 4);
}

TEST(LoopSignals, ASignalBetweenTheLastLookAndTheSleepRunsItsTask) {
  TestLoop loop;
  ASSERT_TRUE(loop->stop_on_signals({}).has_value());
  ASSERT_TRUE(loop->run_on_signal(SIGUSR2, [&loop] { loop->stop(); }).has_value());
  Worker worker;
  worker.work = [&](Time) {
    if (worker.turns == 1) ::raise(SIGUSR2);
    return false;
  };
  ASSERT_TRUE(loop->add(worker).has_value());
  EXPECT_EQ(loop->run(), 0);
}

TEST(LoopSignals, OnlyOneLoopOfAProcessCatchesSignals) {
  TestLoop second;
  {
    TestLoop first;
    ASSERT_TRUE(first->stop_on_signals({SIGUSR1}).has_value());
    EXPECT_EQ(second->stop_on_signals({SIGUSR1}).error(), Error::kAlreadyExists);
  }
  EXPECT_TRUE(second->stop_on_signals({SIGUSR1}).has_value());
}

}  // namespace
}  // namespace strata::runtime::loop_signals_test
