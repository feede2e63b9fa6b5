// SPDX-License-Identifier: Apache-2.0
#include "ip/discovery/default_routers.h"

#include <gtest/gtest.h>

namespace strata::ip::default_routers_test {
namespace {

using std::chrono::seconds;
using wire::RouterPreference;

[[nodiscard]] IpAddress router(std::uint64_t n) { return IpAddress::v6(0xfe80'0000'0000'0000, n); }

struct DefaultRoutersTest : ::testing::Test {
  HeapMemory memory;
  DefaultRouters routers{memory, 3};
  Time now{};

  bool advertise(std::uint64_t n, Duration lifetime = seconds(1800),
                 RouterPreference preference = RouterPreference::kMedium) {
    return routers.on_advertisement(router(n), preference, lifetime, now);
  }
};

// RFC 4861 6.3.4 MUST: a router with a lifetime enters the list, with a lifetime of zero it leaves.
TEST_F(DefaultRoutersTest, LifetimeDecides) {
  EXPECT_TRUE(advertise(1));
  ASSERT_TRUE(routers.next_change().has_value());
  EXPECT_FALSE(routers.next_change().has_value());
  EXPECT_TRUE(advertise(1, seconds(0)));
  const auto gone = routers.next_change();
  ASSERT_TRUE(gone.has_value());
  EXPECT_TRUE(gone->is_dead);
  EXPECT_TRUE(routers.empty());
}

// RFC 4861 6.3.5 MUST: a router whose lifetime ran out is removed.
TEST_F(DefaultRoutersTest, ExpiresByItsLastAdvertisement) {
  (void)advertise(1);
  (void)routers.next_change();
  now += seconds(1000);
  (void)advertise(1);
  EXPECT_FALSE(routers.next_change().has_value());
  EXPECT_EQ(routers.next_deadline(), now + seconds(1800));
  routers.on_deadline(now + seconds(1800));
  EXPECT_EQ(routers.find(router(1)), nullptr);
  EXPECT_TRUE(routers.next_change()->is_dead);
}

TEST_F(DefaultRoutersTest, WhatWasNeverToldGoesInSilence) {
  (void)advertise(1);
  (void)advertise(1, seconds(0));
  EXPECT_FALSE(routers.next_change().has_value());
}

TEST_F(DefaultRoutersTest, ReturningRouterIsToldAgain) {
  (void)advertise(1);
  (void)routers.next_change();
  (void)advertise(1, seconds(0));
  (void)advertise(1);
  const auto change = routers.next_change();
  ASSERT_TRUE(change.has_value());
  EXPECT_FALSE(change->is_dead);
}

TEST_F(DefaultRoutersTest, ReachabilityAndPreferenceAreChanges) {
  (void)advertise(1);
  (void)routers.next_change();
  routers.on_reachable(router(1), true);
  EXPECT_FALSE(routers.next_change().has_value());
  routers.on_reachable(router(1), false);
  EXPECT_FALSE(routers.next_change()->is_reachable);
  (void)advertise(1, seconds(5), RouterPreference::kHigh);
  EXPECT_EQ(routers.next_change()->preference, RouterPreference::kHigh);
}

TEST_F(DefaultRoutersTest, FullListKeepsWhatItHas) {
  for (std::uint64_t n = 1; n <= 3; ++n) EXPECT_TRUE(advertise(n));
  for (std::uint64_t n = 4; n <= 1000; ++n) EXPECT_FALSE(advertise(n));
  EXPECT_NE(routers.find(router(1)), nullptr);
  EXPECT_EQ(routers.find(router(4)), nullptr);
}

}  // namespace
}  // namespace strata::ip::default_routers_test
