// SPDX-License-Identifier: Apache-2.0
#include "multicast/querier.h"

#include <gtest/gtest.h>

namespace strata::multicast::querier_test {
namespace {

using std::chrono::seconds;
constexpr Time kStart{seconds(1000)};

// RFC 3376 8.12 MUST: the Older Version Querier Present Timeout is the robustness variable times
// the query interval, plus one query response interval.
TEST(Querier, KeepsTheOldestVersionHeardUntilItsTimeout) {
  Querier querier({}, 3);
  EXPECT_EQ(querier.version(kStart), 3);
  EXPECT_EQ(querier.older_until(3), kNever);
  querier.on_older(2, seconds(10), kStart);
  EXPECT_EQ(querier.version(kStart), 2);
  EXPECT_EQ(querier.older_until(2), kStart + seconds(260));
  querier.on_older(1, seconds(10), kStart + seconds(100));
  EXPECT_EQ(querier.version(kStart + seconds(359)), 1);
  EXPECT_EQ(querier.version(kStart + seconds(360)), 3);
}

// RFC 3376 4.1.6 MUST: hosts adopt the robustness variable and interval of the latest query,
// unless it is zero.
TEST(Querier, AdoptsWhatTheQuerierTells) {
  Querier querier({}, 3);
  querier.adopt(5, seconds(10));
  EXPECT_EQ(querier.robustness(), 5);
  querier.on_older(2, seconds(1), kStart);
  EXPECT_EQ(querier.older_until(2), kStart + seconds(51));
  querier.adopt(0, Duration::zero());
  EXPECT_EQ(querier.robustness(), 2);
}

TEST(Querier, NeverSpeaksNewerThanConfigured) {
  const Querier querier({}, 2);
  EXPECT_EQ(querier.version(kStart), 2);
}

}  // namespace
}  // namespace strata::multicast::querier_test
