// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sim/middlebox/behind.h"

namespace strata::sim::middlebox_test::reorderer_test {
namespace {

TEST(Reorderer, EveryByteArrivesInOrder) {
  for (const std::uint32_t behind_count : {1U, 3U, 30U}) {
    for (const std::uint32_t every : {2U, 10U}) {
      Behind behind(make_reorderer({.every = every, .behind = behind_count}));
      behind.start(400'000, 300'000);
      EXPECT_TRUE(behind.run(600s)) << every << " " << behind_count;
      expect_whole(behind, 400'000, 300'000);
      behind.world().run_for(120s);
      EXPECT_EQ(behind.world().leaked_packets(), 0U);
    }
  }
}

// What nothing overtakes leaves when its time is up.
TEST(Reorderer, NothingIsHeldForEver) {
  Behind behind(make_reorderer({.every = 1, .behind = 1000, .wait_max = 30ms}));
  behind.start(1, 1);
  EXPECT_TRUE(behind.run(10s));
  expect_whole(behind, 1, 1);
}

}  // namespace
}  // namespace strata::sim::middlebox_test::reorderer_test
