// SPDX-License-Identifier: Apache-2.0
#include "ip/route_cache.h"

#include <gtest/gtest.h>

#include <map>

#include "ip/route_table.h"
#include "strata/rng.h"

namespace strata::ip::route_cache_test {
namespace {

// Counts how often it is asked.
class CountingFib final : public Fib {
 public:
  [[nodiscard]] const Route* lookup(const IpAddress& destination, InterfaceId) const override {
    ++asked;
    return destination.is_v4() ? &route : nullptr;
  }
  void change() { changed(); }

  Route route;
  mutable int asked = 0;
};

TEST(RouteCache, AsksOnceForARepeatedDestination) {
  CountingFib fib;
  RouteCache cache(fib);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(cache.lookup(IpAddress::v4(1, 2, 3, 4)), &fib.route);
  EXPECT_EQ(fib.asked, 1);
}

TEST(RouteCache, RemembersThatThereIsNoRoute) {
  CountingFib fib;
  RouteCache cache(fib);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cache.lookup(IpAddress::v6(1, 2)), nullptr);
  EXPECT_EQ(fib.asked, 1);
}

TEST(RouteCache, AsksAgainWhenTheTableChanged) {
  CountingFib fib;
  RouteCache cache(fib);
  (void)cache.lookup(IpAddress::v4(1, 2, 3, 4));
  fib.change();
  (void)cache.lookup(IpAddress::v4(1, 2, 3, 4));
  EXPECT_EQ(fib.asked, 2);
}

TEST(RouteCache, KeepsBindingsApart) {
  CountingFib fib;
  RouteCache cache(fib);
  for (InterfaceId bound = 0; bound < 3; ++bound) {
    (void)cache.lookup(IpAddress::v4(1, 2, 3, 4), bound);
  }
  EXPECT_EQ(fib.asked, 3);
}

TEST(RouteCache, ARouterAsksOnceForEachOfManyDestinations) {
  CountingFib fib;
  HeapMemory memory;
  {
    RouteCache cache(fib);
    cache.widen(memory);
    cache.widen(memory);
    constexpr int kRounds = 10;
    constexpr std::uint32_t kHosts = 40;
    for (int round = 0; round < kRounds; ++round) {
      for (std::uint32_t host = 0; host < kHosts; ++host) {
        EXPECT_EQ(cache.lookup(IpAddress::v4(0x0a00'0002 + host * 4)), &fib.route);
      }
    }
    // A few may share a line.
    EXPECT_LE(fib.asked, static_cast<int>(kHosts) * 2);
    EXPECT_NE(memory.bytes_used(), 0U);
  }
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(RouteCache, StaysAsItIsWithoutMemoryForMore) {
  CountingFib fib;
  HeapMemory memory(0);
  RouteCache cache(fib);
  cache.widen(memory);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cache.lookup(IpAddress::v4(1, 2, 3, 4)), &fib.route);
  EXPECT_EQ(fib.asked, 1);
}

TEST(RouteCache, AlwaysAnswersAsTheTableWould) {
  Rng rng(7);
  HeapMemory memory;
  RouteTable table(memory, 128);
  RouteCache cache(table);
  for (int i = 0; i < 20'000; ++i) {
    if (i == 10'000) cache.widen(memory);
    const IpAddress address = IpAddress::v4(static_cast<std::uint32_t>(rng.below(64)) << 24U);
    const Route route{.destination = Prefix(address, 8), .interface = 1};
    if (rng.chance({1, 10})) (void)table.insert(route);
    if (rng.chance({1, 10})) (void)table.remove(route);
    ASSERT_EQ(cache.lookup(address), table.lookup(address));
  }
}

}  // namespace
}  // namespace strata::ip::route_cache_test
