// SPDX-License-Identifier: Apache-2.0
#include "base/ephemeral_ports.h"

#include <gtest/gtest.h>

#include <set>

namespace strata::ephemeral_ports_test {
namespace {

constexpr IpAddress kLocal = IpAddress::v4(10, 0, 0, 1);
constexpr Endpoint kRemote{IpAddress::v4(192, 0, 2, 1), 80, kNoInterface};

constexpr auto kAnyPort = [](std::uint16_t) { return true; };

TEST(EphemeralPorts, DoNotRepeatBeforeTheWholeRangeWasWalked) {
  EphemeralPorts ports({1, 2});
  std::set<std::uint16_t> seen;
  constexpr int kCount = EphemeralPorts::kLast - EphemeralPorts::kFirst + 1;
  for (int i = 0; i < kCount; ++i) {
    const auto port = ports.choose(kLocal, kRemote, kAnyPort);
    ASSERT_TRUE(port);
    ASSERT_GE(*port, EphemeralPorts::kFirst);
    ASSERT_TRUE(seen.insert(*port).second);
  }
}

TEST(EphemeralPorts, SkipTakenPortsAndFindTheLastFreeOne) {
  EphemeralPorts ports({1, 2});
  const auto only = [](std::uint16_t port) { return port == 40000; };
  EXPECT_EQ(ports.choose(kLocal, kRemote, only), 40000);
  EXPECT_EQ(ports.choose(kLocal, kRemote, only), 40000);
}

TEST(EphemeralPorts, AreNoneWhenAllAreTaken) {
  EphemeralPorts ports({1, 2});
  const auto none = [](std::uint16_t) { return false; };
  EXPECT_EQ(ports.choose(kLocal, kRemote, none), std::nullopt);
}

TEST(EphemeralPorts, FindOneOfFewFreePortsInFewTries) {
  EphemeralPorts ports({1, 2});
  std::set<std::uint16_t> taken;
  int tries = 0;
  const auto is_free = [&](std::uint16_t port) {
    ++tries;
    return !taken.contains(port);
  };
  constexpr int kCount = 65536 - 1024;
  for (int i = 0; i < kCount * 93 / 100; ++i) {
    auto port = ports.choose(kLocal, kRemote, is_free, EphemeralPorts::kUsual, 72);
    if (!port) port = ports.choose(kLocal, kRemote, is_free, EphemeralPorts::kSpare);
    ASSERT_TRUE(port && taken.insert(*port).second);
  }
  // 60,000 connections to one place.
  EXPECT_LE(tries / kCount, 60);
}

TEST(EphemeralPorts, FindTheLastPortOfEachRange) {
  EphemeralPorts ports({1, 2});
  for (const EphemeralPorts::Range range :
       {EphemeralPorts::kUsual, EphemeralPorts::kSpare, EphemeralPorts::Range{100, 106}}) {
    for (const int wanted : {range.first + 0, range.first + 3, range.last + 0}) {
      const auto only = [&](std::uint16_t port) { return port == wanted; };
      EXPECT_EQ(ports.choose(kLocal, kRemote, only, range), wanted);
    }
  }
}

// RFC 6056 3.3.4 SHOULD: the offset depends on the destination and on a secret.
TEST(EphemeralPorts, StartElsewhereForEachDestinationAndSecret) {
  std::set<std::uint16_t> firsts;
  for (std::uint8_t i = 0; i < 100; ++i) {
    EphemeralPorts by_secret({1, i});
    firsts.insert(*by_secret.choose(kLocal, kRemote, kAnyPort));
    EphemeralPorts by_remote({7, 7});
    firsts.insert(
        *by_remote.choose(kLocal, {IpAddress::v4(192, 0, 3, i), 80, kNoInterface}, kAnyPort));
  }
  EXPECT_GT(firsts.size(), 190U);
}

}  // namespace
}  // namespace strata::ephemeral_ports_test
