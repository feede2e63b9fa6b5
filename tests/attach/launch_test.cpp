// SPDX-License-Identifier: Apache-2.0
#include "attach/launch.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>

#include "attach/notifications.h"

namespace strata::attach::launch_test {
namespace {

// Nobody stands in for the files that a program without a shim opens: they are the kernel's.
int exit_status(pid_t process, Notifications& notifications) {
  int status = 0;
  while (::waitpid(process, &status, WNOHANG) == 0) {
    pollfd asked{notifications.descriptor(), POLLIN, 0};
    if (::poll(&asked, 1, 10) != 1 || (asked.revents & POLLIN) == 0) continue;
    const auto call = notifications.receive();
    if (!call) continue;
    EXPECT_EQ(call->number, __NR_openat) << "no other of its calls is held up";
    EXPECT_TRUE(notifications.pass_on(*call));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(Launch, StandsUntilItIsReleased) {
  auto launch = Launch::prepare({"sh", "-c", "exit 7"});
  ASSERT_TRUE(launch.has_value());
  EXPECT_EQ(::waitpid(launch->process(), nullptr, WNOHANG), 0);
  Notifications notifications(launch->take_listener());
  EXPECT_TRUE(launch->release());
  EXPECT_EQ(exit_status(launch->process(), notifications), 7);
}

TEST(Launch, TheProgramHasTheLimitItIsGivenAndIgnoresWhatWasIgnored) {
  ::signal(SIGUSR1, SIG_IGN);
  ::signal(SIGUSR2, [](int) {});
  const rlimit few{100, 200};
  auto launch = Launch::prepare({"sh", "-c",
                                 "test $(ulimit -Sn) = 100 && test $(ulimit -Hn) = 200 && "
                                 "kill -USR1 $$ && kill -USR2 $$"},
                                {}, few);
  ::signal(SIGUSR1, SIG_DFL);
  ::signal(SIGUSR2, SIG_DFL);
  ASSERT_TRUE(launch.has_value());
  Notifications notifications(launch->take_listener());
  EXPECT_TRUE(launch->release());
  EXPECT_EQ(exit_status(launch->process(), notifications), -SIGUSR2);
}

TEST(Launch, SaysWhatCannotBeStarted) {
  auto missing = Launch::prepare({"/no/such/program"});
  ASSERT_TRUE(missing.has_value());
  const auto why = missing->release();
  ASSERT_FALSE(why);
  EXPECT_TRUE(why.error().is_not_found);
  auto folder = Launch::prepare({"/tmp"});
  ASSERT_TRUE(folder);
  const auto other = folder->release();
  ASSERT_FALSE(other);
  EXPECT_FALSE(other.error().is_not_found);
}

TEST(Launch, CallsOfItsProgramComeInAndAnswersReachIt) {
  auto launch = Launch::prepare({"sh", "-c", "exec 3<>/dev/null; true"});
  ASSERT_TRUE(launch.has_value());
  Notifications notifications(launch->take_listener());
  EXPECT_TRUE(launch->release());
  EXPECT_EQ(exit_status(launch->process(), notifications), 0);
  pollfd asked{notifications.descriptor(), POLLIN, 0};
  EXPECT_EQ(::poll(&asked, 1, 1000), 1) << "the last program is gone";
  EXPECT_EQ(asked.revents & POLLIN, 0);
  const Call gone{.id = 1, .thread = launch->process(), .number = __NR_bind, .arguments = {}};
  EXPECT_FALSE(notifications.is_waiting(gone));
  EXPECT_FALSE(notifications.answer(gone, 0));
  EXPECT_FALSE(notifications.pass_on(gone));
  EXPECT_LT(notifications.install(gone, 0, {}), 0);
}

}  // namespace
}  // namespace strata::attach::launch_test
