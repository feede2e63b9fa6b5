// SPDX-License-Identifier: Apache-2.0
#include "strata/real_clock.h"

#include <gtest/gtest.h>
#include <time.h>

#include <array>

namespace strata::runtime::real_clock_test {
namespace {

TEST(RealClock, NeverGoesBack) {
  Time before = real_now();
  for (int i = 0; i < 1000; ++i) {
    const Time now = real_now();
    ASSERT_GE(now, before);
    before = now;
  }
}

TEST(RealClock, TheOffsetLeadsToTheWallClock) {
  timespec wall{};
  ::clock_gettime(CLOCK_REALTIME, &wall);
  const Duration ours = real_now().time_since_epoch() + wall_clock_offset();
  const Duration difference = ours - std::chrono::seconds(wall.tv_sec) - Duration(wall.tv_nsec);
  EXPECT_LT(std::chrono::abs(difference), std::chrono::seconds(2));
}

TEST(RandomBytes, FillsEveryByteAndDoesNotRepeat) {
  std::array<std::byte, 300> first{}, second{};
  random_bytes(first);
  random_bytes(second);
  EXPECT_NE(first, second);
  std::array<bool, 300> was_set{};
  for (int round = 0; round < 20; ++round) {
    random_bytes(first);
    for (std::size_t i = 0; i < first.size(); ++i) was_set[i] |= first[i] != std::byte{0};
  }
  for (const bool set : was_set) EXPECT_TRUE(set);
  random_bytes({});
  EXPECT_NE(random_seed(), random_seed());
}

}  // namespace
}  // namespace strata::runtime::real_clock_test
