// SPDX-License-Identifier: Apache-2.0
#include "service/control/client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>
#include <utility>

#include "service/control/socket.h"
#include "service/lab.h"

namespace strata::service::client_test {
namespace {

// A client, and the other end of its connection.
class ControlClientTest : public testing::Test {
 public:
  ~ControlClientTest() override {
    if (other_end >= 0) ::close(other_end);
  }

 protected:
  ControlClientTest() {
    const std::string path = folder_.path + "/x.sock";
    const auto listener = listen_on_unix_socket(path);
    auto made = ControlClient::connect(path);
    if (!listener || !made) return;
    client = std::move(*made);
    other_end = ::accept(*listener, nullptr, nullptr);
    ::close(*listener);
  }
  void SetUp() override { ASSERT_GE(other_end, 0); }

  std::unique_ptr<ControlClient> client;
  static inline int other_end = -1;  // a signal's handler writes to it

 private:
  TemporaryFolder folder_;
};

TEST_F(ControlClientTest, ReadsLineByLineUntilTheOtherSideCloses) {
  const std::string text = "one\ntwo\nunfinished";
  ASSERT_EQ(::send(other_end, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(client->ask({.command = ControlCommand::kStatus}).value(), "one");
  EXPECT_EQ(client->next_line().value(), "two");
  ::close(std::exchange(other_end, -1));
  EXPECT_EQ(client->next_line().value(), std::nullopt);
}

TEST_F(ControlClientTest, EndsReadingBeforeTheOtherSideCloses) {
  ASSERT_EQ(::send(other_end, "one\n", 4, 0), 4);
  client->end_reading();
  EXPECT_EQ(client->next_line().value(), "one") << "it was there";
  EXPECT_EQ(client->next_line().value(), std::nullopt);
}

// Linux tells whoever waits of the signal, though a line came at the same time.
TEST_F(ControlClientTest, LosesNothingThatComesWithASignal) {
  struct sigaction action{};
  struct sigaction before{};
  action.sa_handler = [](int) { static_cast<void>(::send(other_end, "late\n", 5, MSG_NOSIGNAL)); };
  ASSERT_EQ(::sigaction(SIGALRM, &action, &before), 0);
  const itimerval soon{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = 20'000}};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &soon, nullptr), 0);
  EXPECT_EQ(client->next_line().value(), "late");
  ::sigaction(SIGALRM, &before, nullptr);
}

}  // namespace
}  // namespace strata::service::client_test
