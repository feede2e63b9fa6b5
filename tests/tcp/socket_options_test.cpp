// SPDX-License-Identifier: Apache-2.0
#include "tcp/socket_options.h"

#include <gtest/gtest.h>

#include "strata/memory.h"

namespace strata::tcp::socket_options_test {
namespace {

TcpSocketOptions with_hop_limit(std::uint8_t hop_limit) {
  TcpSocketOptions options;
  options.hop_limit = hop_limit;
  return options;
}

TEST(OptionSets, DefaultsCostNothing) {
  HeapMemory memory;
  OptionSets sets(memory, 4);
  OptionSetIndex index = 7;
  ASSERT_TRUE(sets.try_take({}, index));
  EXPECT_EQ(index, kDefaultOptions);
  EXPECT_EQ(memory.bytes_used(), 0U);
  EXPECT_EQ(sets[index], TcpSocketOptions{});
}

TEST(OptionSets, EqualOptionsAreKeptOnceUntilTheLastUserIsGone) {
  HeapMemory memory;
  OptionSets sets(memory, 4);
  OptionSetIndex first = 0;
  OptionSetIndex second = 0;
  ASSERT_TRUE(sets.try_take(with_hop_limit(9), first));
  ASSERT_TRUE(sets.try_take(with_hop_limit(9), second));
  EXPECT_EQ(first, second);
  sets.share(first);
  EXPECT_EQ(sets.size(), 1U);
  sets.give_back(first);
  sets.give_back(first);
  EXPECT_EQ(sets[first].hop_limit, 9);
  sets.give_back(first);
  EXPECT_EQ(sets.size(), 0U);
}

TEST(OptionSets, AFullTableLeavesTheIndexAsItWas) {
  HeapMemory memory;
  OptionSets sets(memory, 1);
  OptionSetIndex first = 0;
  ASSERT_TRUE(sets.try_take(with_hop_limit(1), first));
  OptionSetIndex second = first;
  EXPECT_FALSE(sets.try_take(with_hop_limit(2), second));
  EXPECT_EQ(second, first);
  sets.give_back(first);
  ASSERT_TRUE(sets.try_take(with_hop_limit(2), second));
  EXPECT_EQ(sets[second].hop_limit, 2);
  sets.give_back(second);
}

}  // namespace
}  // namespace strata::tcp::socket_options_test
