// SPDX-License-Identifier: Apache-2.0
#include "sim/address_table.h"

#include <gtest/gtest.h>

#include <chrono>

namespace strata::sim::address_table_test {
namespace {

using namespace std::chrono_literals;

MacAddress mac(std::uint64_t n) { return MacAddress::from_value(0x0200'0000'0000 + n); }

TEST(AddressTable, KnowsAnAddressUntilItIsOld) {
  AddressTable table(300s, 10);
  EXPECT_TRUE(table.learn(1, mac(1), 4, Time(0s)));
  EXPECT_EQ(table.find(1, mac(1), Time(299s)), 4U);
  EXPECT_FALSE(table.find(1, mac(1), Time(300s)));
}

TEST(AddressTable, IsRefreshedAndMovedByWhatItSees) {
  AddressTable table(300s, 10);
  table.learn(1, mac(1), 4, Time(0s));
  table.learn(1, mac(1), 5, Time(200s));
  EXPECT_EQ(table.find(1, mac(1), Time(400s)), 5U);
}

TEST(AddressTable, KeepsVlansApart) {
  AddressTable table(300s, 10);
  table.learn(1, mac(1), 4, Time(0s));
  EXPECT_FALSE(table.find(2, mac(1), Time(0s)));
}

TEST(AddressTable, LearnsNothingMoreWhenFullUntilEntriesAge) {
  AddressTable table(160s, 3);
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_TRUE(table.learn(1, mac(i), i, Time(0s)));
  EXPECT_FALSE(table.learn(1, mac(9), 9, Time(100s)));
  EXPECT_TRUE(table.learn(1, mac(1), 7, Time(100s))) << "what is known stays known";
  EXPECT_TRUE(table.learn(1, mac(9), 9, Time(161s)));
  EXPECT_EQ(table.find(1, mac(1), Time(161s)), 7U);
  EXPECT_EQ(table.find(1, mac(9), Time(161s)), 9U);
}

TEST(AddressTable, ForgetsAPort) {
  AddressTable table(300s, 10);
  table.learn(1, mac(1), 4, Time(0s));
  table.learn(1, mac(2), 5, Time(0s));
  table.forget_port(4);
  EXPECT_FALSE(table.find(1, mac(1), Time(0s)));
  EXPECT_EQ(table.find(1, mac(2), Time(0s)), 5U);
}

}  // namespace
}  // namespace strata::sim::address_table_test
