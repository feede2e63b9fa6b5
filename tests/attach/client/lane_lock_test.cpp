// SPDX-License-Identifier: Apache-2.0
#include "attach/client/lane_lock.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace strata::attach::client::lane_lock_test {
namespace {

TEST(LaneLock, IsForOneThreadAtATime) {
  LaneLock lock;
  int count = 0;
  constexpr int kThreads = 4;
  constexpr int kTimes = 10'000;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < kTimes; ++k) {
          EXPECT_TRUE(lock.lock());
          ++count;
          lock.unlock();
        }
      });
    }
  }
  EXPECT_EQ(count, kThreads * kTimes);
}

TEST(LaneLock, TurnsItsOwnThreadAway) {
  LaneLock lock;
  ASSERT_TRUE(lock.lock());
  EXPECT_FALSE(lock.lock());
  lock.unlock();
  EXPECT_TRUE(lock.lock());
}

}  // namespace
}  // namespace strata::attach::client::lane_lock_test
