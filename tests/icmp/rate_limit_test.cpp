// SPDX-License-Identifier: Apache-2.0
#include "icmp/rate_limit.h"

#include <gtest/gtest.h>

#include <set>

namespace strata::icmp::rate_limit_test {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart = Time{} + 100s;

TEST(TokenBucket, GivesABurstAndThenItsRate) {
  const TokenBucket::Config config{.per_second = 10, .burst = 3};
  TokenBucket bucket;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(config, kStart));
  EXPECT_FALSE(bucket.take(config, kStart));
  EXPECT_FALSE(bucket.take(config, kStart + 99ms));
  EXPECT_TRUE(bucket.take(config, kStart + 100ms));
  EXPECT_FALSE(bucket.take(config, kStart + 100ms));
  EXPECT_TRUE(bucket.take(config, kStart + 10s));
}

TEST(TokenBucket, NeverHoldsMoreThanItsBurst) {
  const TokenBucket::Config config{.per_second = 1000, .burst = 5};
  TokenBucket bucket;
  int taken = 0;
  while (bucket.take(config, kStart + 1000s)) ++taken;
  EXPECT_EQ(taken, 5);
}

TEST(TokenBucket, ARateOfZeroGivesNothing) {
  TokenBucket bucket;
  EXPECT_FALSE(bucket.take({.per_second = 0, .burst = 5}, kStart));
  EXPECT_FALSE(bucket.take({.per_second = 5, .burst = 0}, kStart));
}

// RFC 4443 2.4 MUST: the rate of error messages is limited.
TEST(RateLimit, OneDestinationDoesNotUseUpWhatOthersGet) {
  RateLimit limit({.all = {1000, 50}, .each = {10, 6}}, SipKey{1, 2}, 3);
  int to_one = 0;
  for (int i = 0; i < 100; ++i) {
    to_one += limit.allows(IpAddress::v4(10, 0, 0, 1), kStart) ? 1 : 0;
  }
  EXPECT_EQ(to_one, 6);
  EXPECT_TRUE(limit.allows(IpAddress::v4(10, 0, 0, 2), kStart));
}

TEST(RateLimit, AllDestinationsTogetherAreLimited) {
  RateLimit limit({.all = {1000, 50}, .each = {10, 6}}, SipKey{1, 2}, 3);
  int sent = 0;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    sent += limit.allows(IpAddress::v4(0x0a00'0000U + i), kStart) ? 1 : 0;
  }
  EXPECT_LE(sent, 50);
  EXPECT_GE(sent, 47);
}

// How many errors are left must not tell a stranger how many others have caused.
TEST(RateLimit, TheCommonLimitWavers) {
  std::set<int> counts;
  for (std::uint64_t seed = 0; seed < 32; ++seed) {
    RateLimit limit({.all = {1000, 50}, .each = {1000, 1000}}, SipKey{1, 2}, seed);
    int sent = 0;
    while (limit.allows(IpAddress::v4(10, 0, 0, 1), kStart)) ++sent;
    counts.insert(sent);
  }
  EXPECT_GT(counts.size(), 1U);
}

}  // namespace
}  // namespace strata::icmp::rate_limit_test
