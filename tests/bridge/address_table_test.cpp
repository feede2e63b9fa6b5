// SPDX-License-Identifier: Apache-2.0
#include "bridge/address_table.h"

#include <gtest/gtest.h>

#include <chrono>

#include "strata/rng.h"

namespace strata::bridge::address_table_test {
namespace {

using namespace std::chrono_literals;
using Learnt = AddressTable::Learnt;

MacAddress station(std::uint64_t number) {
  return MacAddress::from_value(0x0200'0000'0000 + number);
}

struct Bench {
  explicit Bench(std::uint32_t addresses_max = 64)
      : table(memory, SipKey{1, 2}, 300s, addresses_max) {}
  HeapMemory memory;
  AddressTable table;
  Time now{1000s};
};

TEST(AddressTable, FindsAStationBehindThePortItWasSeenAtLast) {
  Bench bench;
  EXPECT_FALSE(bench.table.find(1, station(1), bench.now));
  EXPECT_EQ(bench.table.learn(1, station(1), 3, bench.now), Learnt::kNew);
  EXPECT_EQ(bench.table.learn(1, station(1), 3, bench.now), Learnt::kKnown);
  EXPECT_EQ(bench.table.find(1, station(1), bench.now), 3U);
  EXPECT_FALSE(bench.table.find(2, station(1), bench.now)) << "in another VLAN it is another one";
  EXPECT_EQ(bench.table.learn(1, station(1), 5, bench.now), Learnt::kMoved);
  EXPECT_EQ(bench.table.find(1, station(1), bench.now), 5U);
  EXPECT_EQ(bench.table.size(), 1U);
}

TEST(AddressTable, ForgetsWhoWasNotHeardForTheAge) {
  Bench bench;
  (void)bench.table.learn(1, station(1), 0, bench.now);
  (void)bench.table.learn(1, station(2), 1, bench.now);
  bench.now += 200s;
  (void)bench.table.learn(1, station(2), 1, bench.now);
  bench.now += 100s;
  EXPECT_FALSE(bench.table.find(1, station(1), bench.now));
  EXPECT_EQ(bench.table.find(1, station(2), bench.now), 1U);
  std::size_t listed = 0;
  bench.table.for_each(bench.now, [&](const AddressEntry& entry) {
    EXPECT_EQ(entry.mac, station(2));
    ++listed;
  });
  EXPECT_EQ(listed, 1U);
  (void)bench.table.learn(1, station(3), 1, bench.now);
  EXPECT_EQ(bench.table.size(), 2U) << "the old one went as a new one came";
}

// A hundred thousand forged addresses behind one port, and a few honest ones behind others.
TEST(AddressTable, AFloodOfAddressesPushesOutItsOwn) {
  Bench bench(256);
  for (std::uint64_t i = 0; i < 20; ++i) (void)bench.table.learn(1, station(i), 1, bench.now);
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    bench.now += 1ms;
    EXPECT_EQ(bench.table.learn(1, station(1'000 + i), 2, bench.now), Learnt::kNew);
    ASSERT_LE(bench.table.size(), 256U);
  }
  for (std::uint64_t i = 0; i < 20; ++i) {
    EXPECT_EQ(bench.table.find(1, station(i), bench.now), 1U) << i;
  }
  EXPECT_EQ(bench.table.find(1, station(100'999), bench.now), 2U);
  EXPECT_EQ(bench.table.shed(), 100'000U + 20U - 256U);
}

TEST(AddressTable, APortThatGoesTakesItsAddressesAlong) {
  Bench bench;
  for (std::uint64_t i = 0; i < 10; ++i) {
    (void)bench.table.learn(1, station(i), i % 2, bench.now);
  }
  bench.table.forget_port(0);
  EXPECT_EQ(bench.table.size(), 5U);
  EXPECT_FALSE(bench.table.find(1, station(0), bench.now));
  EXPECT_EQ(bench.table.find(1, station(1), bench.now), 1U);
  bench.table.clear();
  EXPECT_EQ(bench.table.size(), 0U);
  EXPECT_EQ(bench.memory.bytes_used(), 0U) << "an empty table owns nothing";
}

// Against a plain model, over many seeds.
TEST(AddressTable, AgreesWithAModel) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rng rng(seed);
    Bench bench(4096);
    struct Known {
      std::size_t port = 0;
      Time seen{};
    };
    std::array<Known, 200> model{};
    for (int step = 0; step < 2'000; ++step) {
      bench.now += Duration(static_cast<Duration::rep>(rng.between(0, 2'000'000'000)));
      const std::uint64_t number = rng.between(0, 199);
      const std::size_t port = rng.between(0, 7);
      (void)bench.table.learn(7, station(number), port, bench.now);
      // The age may lag by the second that refreshing is spared.
      if (model[number].port != port || bench.now - model[number].seen >= 1s) {
        model[number] = {port, bench.now};
      }
      const std::uint64_t asked = rng.between(0, 199);
      const auto found = bench.table.find(7, station(asked), bench.now);
      const bool is_fresh = model[asked].seen != Time{} && bench.now - model[asked].seen < 300s;
      ASSERT_EQ(found.has_value(), is_fresh) << seed << " " << step;
      ASSERT_TRUE(!found || *found == model[asked].port);
    }
  }
}

}  // namespace
}  // namespace strata::bridge::address_table_test
