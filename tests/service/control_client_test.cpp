// SPDX-License-Identifier: Apache-2.0
#include "service/control_client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "service/lab.h"
#include "service/unix_socket.h"

namespace strata::service {
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
  EXPECT_EQ((*client)->ask(ControlCommand::kStatus).value(), "one");
  EXPECT_EQ((*client)->next_line().value(), "two");
  ::close(accepted);
  EXPECT_EQ((*client)->next_line().value(), std::nullopt);
  ::close(*listener);
}

TEST(UnixSocket, SaysWhenNobodyAnswers) {
  const TemporaryFolder folder;
  const auto client = ControlClient::connect(folder.path + "/x.sock");
  ASSERT_FALSE(client.has_value());
  EXPECT_TRUE(client.error().text.ends_with("no stack answers there"));
  EXPECT_FALSE(connect_to_unix_socket(std::string(200, 'x')).has_value());
}

TEST(UnixSocket, TakesThePlaceOfASocketThatWasLeftBehind) {
  const TemporaryFolder folder;
  const std::string path = folder.path + "/run/x.sock";
  const auto first = listen_on_unix_socket(path);
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(listen_on_unix_socket(path).has_value());
  ::close(*first);
  const auto second = listen_on_unix_socket(path);
  ASSERT_TRUE(second.has_value());
  ::close(*second);
}

}  // namespace
}  // namespace strata::service
