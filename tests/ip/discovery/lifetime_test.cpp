// SPDX-License-Identifier: Apache-2.0
#include "ip/discovery/lifetime.h"

#include <gtest/gtest.h>

namespace strata::ip::lifetime_test {
namespace {

// RFC 4861 4.6.2: a value of all one bits represents infinity.
TEST(Lifetime, AllOnesHaveNoEnd) {
  EXPECT_EQ(lifetime_of(0xffff'ffff), kWithoutEnd);
  EXPECT_EQ(after(Time{} + std::chrono::hours(5), kWithoutEnd), kNever);
  EXPECT_EQ(after(kNever, std::chrono::seconds(1)), kNever);
}

TEST(Lifetime, FiniteOnesEnd) {
  EXPECT_EQ(lifetime_of(0), Duration{});
  const Time now = Time{} + std::chrono::hours(5);
  EXPECT_EQ(after(now, lifetime_of(30)), now + std::chrono::seconds(30));
  EXPECT_LT(after(now, lifetime_of(0xffff'fffe)), kNever);
}

}  // namespace
}  // namespace strata::ip::lifetime_test
