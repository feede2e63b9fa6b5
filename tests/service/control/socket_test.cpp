// SPDX-License-Identifier: Apache-2.0
#include "service/control/socket.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include <cstdio>

#include "driver/runtime_directory.h"
#include "service/lab.h"

namespace strata::service::socket_test {
namespace {

void touch(const std::string& path) { std::fclose(std::fopen(path.c_str(), "w")); }

TEST(ControlPath, FindsTheOnlyStackAndAsksWhichOfSeveral) {
  const TemporaryFolder folder;
  EXPECT_EQ(find_control_path(folder.path + "/none").error().text, "no running stack was found");
  EXPECT_EQ(find_control_path("").error().hint, "start one with: strata up");
  touch(folder.path + "/notes.txt");
  EXPECT_FALSE(find_control_path(folder.path).has_value());
  touch(folder.path + "/a.sock");
  EXPECT_EQ(find_control_path(folder.path), folder.path + "/a.sock");
  const auto b = listen_on_unix_socket(folder.path + "/b.sock");
  const auto c = listen_on_unix_socket(folder.path + "/c.sock");
  ASSERT_TRUE(b.has_value() && c.has_value());
  const auto several = find_control_path(folder.path);
  ASSERT_FALSE(several.has_value());
  EXPECT_NE(several.error().text.find(folder.path + "/b.sock"), std::string::npos);
  EXPECT_NE(several.error().text.find(folder.path + "/c.sock"), std::string::npos);
  // What a stack that was killed left behind is no stack.
  EXPECT_EQ(several.error().text.find("a.sock"), std::string::npos);
  ::close(*b);
  EXPECT_EQ(find_control_path(folder.path), folder.path + "/c.sock");
  ::close(*c);
  EXPECT_EQ(find_control_path(folder.path).error().text, "no running stack was found");
}

TEST(ControlPath, IsNamedAfterTheStack) {
  const std::string directory = driver::runtime_directory();
  if (directory.empty()) {
    EXPECT_EQ(control_path_of("x"), "");
  } else {
    EXPECT_EQ(control_path_of("x"), directory + "/x.sock");
  }
}

TEST(UnixSocket, SaysWhenNobodyAnswers) {
  const TemporaryFolder folder;
  const auto client = connect_to_unix_socket(folder.path + "/x.sock");
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
}  // namespace strata::service::socket_test
