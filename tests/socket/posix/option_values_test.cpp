// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/option_values.h"

#include <gtest/gtest.h>

namespace strata::posix::option_values_test {
namespace {

TEST(OptionValues, TimeoutsGoBothWays) {
  const timeval given{2, 500'000};
  const auto read = read_timeout(&given, sizeof(given));
  ASSERT_TRUE(read && *read);
  EXPECT_EQ(**read, std::chrono::milliseconds(2500));
  EXPECT_EQ(to_timeval(*read).tv_usec, 500'000);
  const timeval none{0, 0};
  EXPECT_EQ(read_timeout(&none, sizeof(none)).value(), std::nullopt);
  const timeval past{-1, 0};
  EXPECT_EQ(read_timeout(&past, sizeof(past)).value(), Duration{});
  const timeval odd{0, 1'000'000};
  EXPECT_EQ(read_timeout(&odd, sizeof(odd)).error(), -EDOM);
}

TEST(OptionValues, AreCutToTheRoomThereIs) {
  const int value = 0x01020304;
  int told = 0;
  socklen_t size = 2;
  EXPECT_EQ(write_value(value, &told, &size), 0);
  EXPECT_EQ(size, 2U);
  EXPECT_EQ(told & 0xffff, value & 0xffff);
  size = static_cast<socklen_t>(-1);
  EXPECT_EQ(write_value(value, &told, &size), -EINVAL);
  EXPECT_EQ(read_value<int>(&value, 3).error(), -EINVAL);
}

}  // namespace
}  // namespace strata::posix::option_values_test
