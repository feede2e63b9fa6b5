// SPDX-License-Identifier: Apache-2.0
// A server and a program under its filter: the program is this test program once more, and does
// what attached_streams_test.cpp and attached_programs_test.cpp say.
#include "attach/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attach/launch.h"
#include "socket/posix/loopback.h"

namespace strata::attach::server_test {
namespace {

constexpr const char* kOurselves = "/proc/self/exe";

// Drives the stack: the loop drives the server.
class Driver final : public Pollable {
 public:
  explicit Driver(Stack& stack) : stack_(stack) {}
  bool turn(Time now) override {
    const bool has_more = stack_.poll(now);
    stack_.flush(now);
    return has_more;
  }
  [[nodiscard]] std::optional<Time> next_deadline() const override {
    return stack_.next_deadline();
  }

 private:
  Stack& stack_;
};

struct House : posix::Loopback {
  House() { EXPECT_TRUE(loop->add(driver)); }
  ~House() { loop->remove(driver); }
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  // The exit status of this program's test `name`.
  int run(const std::string& name) {
    auto launch = Launch::prepare({kOurselves, "--gtest_filter=AttachedProgram.DISABLED_" + name,
                                   "--gtest_also_run_disabled_tests"});
    if (!launch) ADD_FAILURE() << launch.error().text;
    if (!launch) return -1;
    server = Server::create(*stack, *loop, launch->take_listener());
    server->on_untraceable([this](pid_t /*thread*/) { ++untraceable; });
    server->on_refused(
        [this](pid_t /*thread*/, std::string_view kind) { refused.emplace_back(kind); });
    EXPECT_TRUE(launch->release());
    const Time latest = loop->now() + std::chrono::seconds(20);
    int status = 0;
    while (::waitpid(launch->process(), &status, WNOHANG) == 0) {
      if (loop->now() > latest) ::kill(launch->process(), SIGKILL);
      static_cast<void>(loop->run_once(std::chrono::milliseconds(5)));
    }
    for (int i = 0; i < 20; ++i) static_cast<void>(loop->run_once(Duration::zero()));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

  std::unique_ptr<Loop> loop = *Loop::create({.policy = LoopPolicy::kSleep});
  Driver driver{*stack};
  std::unique_ptr<Server> server;
  int untraceable = 0;
  std::vector<std::string> refused;
};

class Programs : public testing::TestWithParam<const char*> {};

TEST_P(Programs, AreServedAndLeaveNothingBehind) {
  House house;
  EXPECT_EQ(house.run(GetParam()), 0) << "the line of what was not as wanted, plus one";
  ASSERT_NE(house.server, nullptr);
  EXPECT_GT(house.server->counters().calls, 3U);
  EXPECT_FALSE(house.server->has_open_sockets());
}

// As users without privileges are.
class WithoutTracing {
 public:
  WithoutTracing() {
    EXPECT_EQ(::syscall(__NR_capget, &header_, former_), 0);
    __user_cap_data_struct fewer[] = {former_[0], former_[1]};
    fewer[0].effective &= ~(1U << unsigned{CAP_SYS_PTRACE});
    EXPECT_EQ(::syscall(__NR_capset, &header_, fewer), 0);
  }
  ~WithoutTracing() { EXPECT_EQ(::syscall(__NR_capset, &header_, former_), 0); }
  WithoutTracing(const WithoutTracing&) = delete;
  WithoutTracing& operator=(const WithoutTracing&) = delete;

 private:
  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct former_[2]{};
};

TEST(Server, LeavesSocketsOfTheKernelsToWhoMayNotBeTraced) {
  const WithoutTracing fewer;
  House house;
  EXPECT_EQ(house.run("NotTraceable"), 0);
  EXPECT_EQ(house.untraceable, 1);
}

TEST(Server, SaysOnceWhatItCannotGive) {
  House house;
  EXPECT_EQ(house.run("BadArguments"), 0);
  EXPECT_THAT(
      house.refused,
      testing::ElementsAre("a packet socket", "a netlink socket of another family than route's"));
}

// The kernel walks the calls that wait when it is asked after one: asking after all of them in each
// turn would be cubic in their number.
TEST(Server, ServesThousandsThatWaitWithoutAskingAfterAllOfThem) {
  House house;
  EXPECT_EQ(house.run("ManyThreadsWait"), 0);
  const ServerCounters& counters = house.server->counters();
  EXPECT_GT(counters.calls, 600U);
  EXPECT_LT(counters.asked_after, 30 * counters.calls);
}

INSTANTIATE_TEST_SUITE_P(Server, Programs,
                         testing::Values("Streams", "BytesBesideThePair", "BytesForNobody",
                                         "MessagesWithoutAPeer", "ConnectAgain",
                                         "ConnectAgainAfterAFailure", "Datagrams",
                                         "ManyLargeDatagrams", "WatchedBeforeTheExchange",
                                         "ClosedWhileOthersWait", "Interrupted", "Restarted",
                                         "BadArguments", "Interfaces", "ProcNet", "ErrorsAndMarks"),
                         [](const auto& parameter) { return std::string(parameter.param); });

}  // namespace
}  // namespace strata::attach::server_test
