// SPDX-License-Identifier: Apache-2.0
#include "service/control/client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <csignal>

#include "service/control/socket.h"
#include "service/lab.h"

namespace strata::service::client_test {
namespace {

TEST(ControlClient, ReadsLineByLineUntilTheOtherSideCloses) {
  const TemporaryFolder folder;
  const std::string path = folder.path + "/x.sock";
  const auto listener = listen_on_unix_socket(path);
  ASSERT_TRUE(listener.has_value()) << listener.error().text;
  auto client = ControlClient::connect(path);
  ASSERT_TRUE(client.has_value());
  const int accepted = ::accept(*listener, nullptr, nullptr);
  ASSERT_GE(accepted, 0);
  const std::string text = "one\ntwo\nunfinished";
  ASSERT_EQ(::send(accepted, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  EXPECT_EQ((*client)->ask({.command = ControlCommand::kStatus}).value(), "one");
  EXPECT_EQ((*client)->next_line().value(), "two");
  ::close(accepted);
  EXPECT_EQ((*client)->next_line().value(), std::nullopt);
  ::close(*listener);
}

TEST(ControlClient, EndsReadingBeforeTheOtherSideCloses) {
  const TemporaryFolder folder;
  const std::string path = folder.path + "/x.sock";
  const auto listener = listen_on_unix_socket(path);
  ASSERT_TRUE(listener.has_value()) << listener.error().text;
  auto client = ControlClient::connect(path);
  ASSERT_TRUE(client.has_value());
  const int accepted = ::accept(*listener, nullptr, nullptr);
  ASSERT_GE(accepted, 0);
  ASSERT_EQ(::send(accepted, "one\n", 4, 0), 4);
  (*client)->end_reading();
  EXPECT_EQ((*client)->next_line().value(), "one") << "it was there";
  EXPECT_EQ((*client)->next_line().value(), std::nullopt);
  ::close(accepted);
  ::close(*listener);
}

// Linux tells whoever waits of the signal, though a line came at the same time.
TEST(ControlClient, LosesNothingThatComesWithASignal) {
  const TemporaryFolder folder;
  const std::string path = folder.path + "/x.sock";
  const auto listener = listen_on_unix_socket(path);
  ASSERT_TRUE(listener.has_value()) << listener.error().text;
  auto client = ControlClient::connect(path);
  ASSERT_TRUE(client.has_value());
  static int accepted = -1;
  accepted = ::accept(*listener, nullptr, nullptr);
  ASSERT_GE(accepted, 0);
  struct sigaction action{};
  struct sigaction before{};
  action.sa_handler = [](int) { static_cast<void>(::send(accepted, "late\n", 5, MSG_NOSIGNAL)); };
  ASSERT_EQ(::sigaction(SIGALRM, &action, &before), 0);
  const itimerval soon{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = 20'000}};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &soon, nullptr), 0);
  EXPECT_EQ((*client)->next_line().value(), "late");
  ::sigaction(SIGALRM, &before, nullptr);
  ::close(accepted);
  ::close(*listener);
}

}  // namespace
}  // namespace strata::service::client_test
