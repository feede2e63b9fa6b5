// SPDX-License-Identifier: Apache-2.0
// BufferAccount: its two bounds, and the share of each holder.
#include "tcp/buffer_account.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace strata::tcp::buffer_account_test {
namespace {

TEST(BufferAccount, RefusesWhatWouldPassTheLimitAndTakesNothingThen) {
  BufferAccount account(60, 100);
  EXPECT_TRUE(account.try_take(90));
  EXPECT_FALSE(account.try_take(11));
  EXPECT_EQ(account.used(), 90U);
  EXPECT_TRUE(account.try_take(10));
  EXPECT_EQ(account.room(), 0U);
  EXPECT_FALSE(account.try_take(SIZE_MAX));
  account.give_back(100);
  EXPECT_EQ(account.used(), 0U);
}

TEST(BufferAccount, IsUnderPressureOnlyAboveTheFirstBound) {
  BufferAccount account(60, 100);
  ASSERT_TRUE(account.try_take(60));
  EXPECT_FALSE(account.under_pressure());
  ASSERT_TRUE(account.try_take(1));
  EXPECT_TRUE(account.under_pressure());
}

TEST(BufferAccount, AsksOnlyThoseAboveTheirShareToShed) {
  BufferAccount account(60, 100);
  for (int i = 0; i < 4; ++i) account.enter();
  EXPECT_EQ(account.fair_share(), 25U);
  EXPECT_FALSE(account.must_shed(100)) << "without pressure everybody keeps what he has";
  ASSERT_TRUE(account.try_take(61));
  EXPECT_TRUE(account.must_shed(26));
  EXPECT_FALSE(account.must_shed(25));
  for (int i = 0; i < 3; ++i) account.leave();
  EXPECT_FALSE(account.must_shed(100));
}

TEST(BufferAccount, GivesAllToALoneHolder) {
  const BufferAccount account(200, 100);  // pressure above the limit means at the limit
  EXPECT_EQ(account.fair_share(), 100U);
  EXPECT_EQ(account.room(), 100U);
  EXPECT_FALSE(account.under_pressure());
}

}  // namespace
}  // namespace strata::tcp::buffer_account_test
