// SPDX-License-Identifier: Apache-2.0
#include "icmp/echo_table.h"

#include <gtest/gtest.h>

#include <set>

#include "strata/memory.h"

namespace strata::icmp::echo_table_test {
namespace {

constexpr auto kIpv4 = AddressFamily::kIpv4;
constexpr auto kIpv6 = AddressFamily::kIpv6;

class EchoTables : public testing::Test {
 protected:
  EchoSocket& open(AddressFamily family) { return *table.find(*table.open(family)); }

  HeapMemory memory;
  EchoTable table{memory, 64, SipKey{3, 4}};
};

TEST_F(EchoTables, RepliesAreMatchedByFamilyAndIdentifier) {
  EchoSocket& four = open(kIpv4);
  EchoSocket& six = open(kIpv6);
  ASSERT_TRUE(table.bind(four, {}, 77));
  ASSERT_TRUE(table.bind(six, {}, 77));
  EXPECT_EQ(table.match(kIpv4, 77), &four);
  EXPECT_EQ(table.match(kIpv6, 77), &six);
  EXPECT_EQ(table.match(kIpv4, 78), nullptr);
}

TEST_F(EchoTables, AnIdentifierHasOneOwner) {
  ASSERT_TRUE(table.bind(open(kIpv4), {}, 77));
  EXPECT_EQ(table.bind(open(kIpv4), {}, 77).error(), Error::kAddressInUse);
  EchoSocket& socket = open(kIpv4);
  ASSERT_TRUE(table.bind(socket, {}, 78));
  EXPECT_EQ(table.bind(socket, {}, 79).error(), Error::kInvalidArgument);
}

TEST_F(EchoTables, ZeroAsksForAFreeOne) {
  std::set<std::uint16_t> identifiers;
  for (int i = 0; i < 50; ++i) {
    EchoSocket& socket = open(kIpv4);
    ASSERT_TRUE(table.bind(socket, {}, 0));
    identifiers.insert(socket.local.port);
  }
  EXPECT_EQ(identifiers.size(), 50U);
  EXPECT_FALSE(identifiers.contains(0));
}

TEST_F(EchoTables, ClosingFreesTheIdentifier) {
  const Handle handle = *table.open(kIpv4);
  ASSERT_TRUE(table.bind(*table.find(handle), {}, 77));
  table.close(handle);
  table.close(handle);
  EXPECT_EQ(table.find(handle), nullptr);
  EXPECT_EQ(table.match(kIpv4, 77), nullptr);
  EXPECT_TRUE(table.bind(open(kIpv4), {}, 77));
  int count = 0;
  table.for_each([&](const EchoSocket&) { ++count; });
  EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace strata::icmp::echo_table_test
