// SPDX-License-Identifier: Apache-2.0
#include "ip/route_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "strata/rng.h"

namespace strata::ip::route_table_test {
namespace {

using std::chrono::seconds;

[[nodiscard]] IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }
[[nodiscard]] Prefix net(std::string_view text) { return *Prefix::parse(text); }

struct RouteTableTest : ::testing::Test {
  HeapMemory memory;
  RouteTable table{memory, 64};

  void add(std::string_view prefix, InterfaceId interface, std::uint32_t metric = 0,
           IpAddress gateway = {}) {
    ASSERT_TRUE(table.insert({.destination = net(prefix),
                              .gateway = gateway,
                              .interface = interface,
                              .metric = metric}));
  }
  [[nodiscard]] int through(std::string_view destination, InterfaceId bound = kNoInterface) const {
    const Route* const route = table.lookup(ip(destination), bound);
    return route == nullptr ? 0 : route->interface;
  }
};

// RFC 1812 5.2.4.3 MUST: the longest matching prefix decides, whatever the order of insertion.
TEST_F(RouteTableTest, LongestPrefixWins) {
  add("10.0.0.0/8", 1);
  add("10.1.2.0/24", 2);
  add("0.0.0.0/0", 3);
  add("10.1.0.0/16", 4);
  add("10.1.2.3/32", 5);
  EXPECT_EQ(through("10.1.2.3"), 5);
  EXPECT_EQ(through("10.1.2.4"), 2);
  EXPECT_EQ(through("10.1.3.4"), 4);
  EXPECT_EQ(through("10.2.3.4"), 1);
  EXPECT_EQ(through("11.0.0.1"), 3);
}

TEST_F(RouteTableTest, FamiliesDoNotMix) {
  add("::/0", 1);
  EXPECT_EQ(through("10.0.0.1"), 0);
  add("0.0.0.0/0", 2);
  EXPECT_EQ(through("10.0.0.1"), 2);
  EXPECT_EQ(through("2001:db8::1"), 1);
}

TEST_F(RouteTableTest, LeastMetricWinsAndOldestAmongEquals) {
  add("10.0.0.0/8", 1, 20);
  add("10.0.0.0/8", 2, 10);
  add("10.0.0.0/8", 3, 10);
  EXPECT_EQ(through("10.0.0.1"), 2);
}

TEST_F(RouteTableTest, BoundLookupFallsBackToAShorterPrefixOfThatInterface) {
  add("0.0.0.0/0", 1);
  add("10.0.0.0/8", 2);
  EXPECT_EQ(through("10.0.0.1"), 2);
  EXPECT_EQ(through("10.0.0.1", 1), 1);
  EXPECT_EQ(through("10.0.0.1", 3), 0);
}

TEST_F(RouteTableTest, LinkLocalPrefixesOfTwoLinksAreToldApartByTheBinding) {
  add("fe80::/64", 1);
  add("fe80::/64", 2);
  EXPECT_EQ(through("fe80::5", 2), 2);
  EXPECT_EQ(through("fe80::5", 1), 1);
}

TEST_F(RouteTableTest, InsertRefusesTheSamePathAndReplaceChangesIt) {
  add("10.0.0.0/8", 1, 5, ip("192.0.2.1"));
  Route route{.destination = net("10.9.9.9/8"), .gateway = ip("192.0.2.1"), .interface = 1};
  EXPECT_EQ(table.insert(route).error(), Error::kAlreadyExists);
  route.metric = 7;
  ASSERT_TRUE(table.replace(route));
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.find(route)->metric, 7U);
}

TEST_F(RouteTableTest, RefusesWhatMakesNoSense) {
  const Route table_of[] = {
      {.destination = Prefix(ip("10.0.0.0"), 33), .interface = 1},
      {.destination = Prefix(ip("::ffff:10.0.0.0"), 100), .interface = 1},
      {.destination = net("10.0.0.0/8")},
      {.destination = net("10.0.0.0/8"), .gateway = ip("fe80::1"), .interface = 1},
      {.destination = net("10.0.0.0/8"), .gateway = ip("224.0.0.1"), .interface = 1},
  };
  for (const Route& route : table_of) {
    EXPECT_EQ(table.insert(route).error(), Error::kInvalidArgument);
    EXPECT_EQ(table.remove(route).error(), Error::kInvalidArgument);
  }
  EXPECT_EQ(table.size(), 0U);
}

TEST_F(RouteTableTest, StaysWithinItsLimitAndGivesEverythingBack) {
  for (std::uint32_t i = 0; i < 64; ++i) {
    ASSERT_TRUE(table.insert({.destination = Prefix(IpAddress::v4(i << 24U), 8), .interface = 1}));
  }
  EXPECT_EQ(table.insert({.destination = net("99.0.0.0/9"), .interface = 1}).error(),
            Error::kOutOfMemory);
  EXPECT_EQ(table.remove_interface(1), 64U);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(RouteTable, WithoutMemoryInsertFailsAndLeavesTheTableWhole) {
  for (const std::size_t limit : {0U, 64U, 600U, 6000U, 9000U, 20000U}) {
    HeapMemory memory(limit);
    RouteTable table(memory, 4096);
    std::uint32_t inserted = 0;
    for (std::uint32_t i = 0; i < 400; ++i) {
      const Route route{.destination = Prefix(IpAddress::v4(i * 0x01234567U), 32), .interface = 1};
      const auto done = table.insert(route);
      if (done) ++inserted;
      EXPECT_EQ(table.find(route) != nullptr, done.has_value());
    }
    EXPECT_EQ(table.size(), inserted);
    EXPECT_EQ(table.remove_interface(1), inserted);
    EXPECT_EQ(memory.bytes_used(), 0U);
  }
}

TEST_F(RouteTableTest, RoutesExpireAndTellWhen) {
  const Time start{};
  Route route{.destination = net("10.0.0.0/8"), .interface = 1};
  route.expires = start + seconds(5);
  ASSERT_TRUE(table.insert(route));
  route.destination = net("11.0.0.0/8");
  route.expires = start + seconds(3);
  ASSERT_TRUE(table.insert(route));
  EXPECT_EQ(table.next_deadline(), start + seconds(3));
  table.on_deadline(start + seconds(3));
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.next_deadline(), start + seconds(5));
  table.on_deadline(start + seconds(5));
  EXPECT_EQ(table.next_deadline(), std::nullopt);
}

TEST_F(RouteTableTest, GenerationChangesWithEveryChange) {
  std::uint32_t last = table.generation();
  const auto changed = [&] { return std::exchange(last, table.generation()) != last; };
  add("10.0.0.0/8", 1);
  EXPECT_TRUE(changed());
  ASSERT_TRUE(table.replace({.destination = net("10.0.0.0/8"), .interface = 1, .metric = 3}));
  EXPECT_TRUE(changed());
  ASSERT_TRUE(table.remove({.destination = net("10.0.0.0/8"), .interface = 1}));
  EXPECT_TRUE(changed());
  EXPECT_FALSE(table.remove({.destination = net("10.0.0.0/8"), .interface = 1}));
  EXPECT_FALSE(changed());
}

// What a look-up means, without a tree.
const Route* scan(const std::vector<Route>& routes, const IpAddress& destination,
                  InterfaceId bound) {
  const Route* best = nullptr;
  for (const Route& route : routes) {
    if (bound != kNoInterface && route.interface != bound) continue;
    if (!route.destination.contains(destination)) continue;
    const auto rank = [](const Route& r) {
      return std::pair(r.destination.length(), ~std::uint64_t{r.metric});
    };
    if (best == nullptr || rank(route) > rank(*best)) best = &route;
  }
  return best;
}

[[nodiscard]] IpAddress random_address(Rng& rng, bool is_v4) {
  // Few bits vary, so that prefixes nest and part in every way.
  const std::uint64_t bits = rng.next() & rng.next() & 0x8421'8421'c3c3'0ff0U;
  if (is_v4) return IpAddress::v4(static_cast<std::uint32_t>(bits));
  return IpAddress::v6(bits | 0x2000'0000'0000'0000U, rng.next() & rng.next());
}

[[nodiscard]] Route random_route(Rng& rng) {
  const bool is_v4 = rng.chance({1, 2});
  const auto length = static_cast<unsigned>(rng.between(0, is_v4 ? 32 : 128));
  return {.destination = Prefix(random_address(rng, is_v4), length).network(),
          .interface = static_cast<InterfaceId>(rng.between(1, 3)),
          .metric = static_cast<std::uint32_t>(rng.next())};
}

TEST(RouteTable, AgreesWithALinearScan) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Rng rng(seed);
    HeapMemory memory;
    {
      RouteTable table(memory, 10'000);
      std::vector<Route> oracle;
      while (oracle.size() < 10'000) {
        const Route route = random_route(rng);
        if (table.insert(route)) oracle.push_back(route);
        if (oracle.size() > 3000 && rng.chance({1, 3})) {
          const std::size_t victim = rng.below(oracle.size());
          ASSERT_TRUE(table.remove(oracle[victim]));
          oracle.erase(oracle.begin() + static_cast<std::ptrdiff_t>(victim));
        }
      }
      for (int i = 0; i < 150; ++i) {
        const IpAddress destination = random_address(rng, rng.chance({1, 2}));
        const auto bound = static_cast<InterfaceId>(rng.between(0, 4));
        const Route* const expected = scan(oracle, destination, bound);
        const Route* const found = table.lookup(destination, bound);
        ASSERT_EQ(found != nullptr, expected != nullptr) << "seed " << seed;
        if (found != nullptr) {
          ASSERT_EQ(*found, *expected) << "seed " << seed;
        }
      }
      std::size_t visited = 0;
      table.for_each([&](const Route&) { ++visited; });
      EXPECT_EQ(visited, oracle.size());
      while (!oracle.empty()) {
        ASSERT_TRUE(table.remove(oracle.back()));
        oracle.pop_back();
      }
      EXPECT_EQ(memory.bytes_used(), 0U);
    }
  }
}

TEST_F(RouteTableTest, VisitsInOrderOfPrefix) {
  add("2001:db8::/32", 1);
  add("10.128.0.0/9", 1);
  add("10.0.0.0/8", 1);
  add("10.0.0.0/16", 1);
  std::vector<Prefix> seen;
  table.for_each([&](const Route& route) { seen.push_back(route.destination); });
  const std::vector<Prefix> expected{net("10.0.0.0/8"), net("10.0.0.0/16"), net("10.128.0.0/9"),
                                     net("2001:db8::/32")};
  EXPECT_EQ(seen, expected);
}

}  // namespace
}  // namespace strata::ip::route_table_test
