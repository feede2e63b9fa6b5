// SPDX-License-Identifier: Apache-2.0
#include "driver/pipe/side.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>

#include "driver/pipe/own_pipe.h"

namespace strata::driver::pipe::side_test {
namespace {

TEST(Side, IsFirstThenSecondThenNone) {
  const OwnPipe pipe;
  std::optional<Side> first = std::move(*Side::claim(pipe.name()));
  const auto second = Side::claim(pipe.name());
  ASSERT_TRUE(second.has_value());
  EXPECT_TRUE(first->is_first());
  EXPECT_FALSE(second->is_first());
  const auto third = Side::claim(pipe.name());
  ASSERT_FALSE(third.has_value());
  EXPECT_NE(third.error().text.find("both of its ends are in use"), std::string::npos);
  first.reset();
  const auto again = Side::claim(pipe.name());
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(again->is_first());
}

TEST(Side, RefusesNamesThatCannotBe) {
  EXPECT_FALSE(Side::claim("").has_value());
  EXPECT_NE(Side::claim("/nonexistent/pipe").error().text.find("No such file"), std::string::npos);
  EXPECT_NE(Side::claim("/tmp/" + std::string(200, 'x')).error().text.find("too long"),
            std::string::npos);
}

TEST(Side, ConnectsToTheOtherThatListens) {
  const OwnPipe pipe;
  const auto first = Side::claim(pipe.name());
  const auto second = Side::claim(pipe.name());
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->connect(), -1);
  const int listener = first->listen();
  ASSERT_GE(listener, 0);
  const int connection = second->connect();
  EXPECT_GE(connection, 0);
  const int accepted = ::accept(listener, nullptr, nullptr);
  EXPECT_GE(accepted, 0);
  for (const int one : {listener, connection, accepted}) ::close(one);
  // A listener that a dead process left behind is replaced.
  EXPECT_EQ(second->connect(), -1);
  const int renewed = first->listen();
  EXPECT_GE(renewed, 0);
  ::close(renewed);
}

}  // namespace
}  // namespace strata::driver::pipe::side_test
