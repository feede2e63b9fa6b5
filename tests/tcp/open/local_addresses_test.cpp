// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/local_addresses.h"

#include <gtest/gtest.h>

namespace strata::tcp::local_addresses_test {
namespace {

constexpr IpAddress kFirst = IpAddress::v4(10, 0, 0, 1);
constexpr IpAddress kLinkLocal = IpAddress::v6(0xfe80'0000'0000'0000, 1);

TEST(LocalAddresses, NameEachPairOnceAndForgetItWithItsLastUse) {
  HeapMemory memory;
  LocalAddresses addresses(memory, {1, 2});
  const auto first = addresses.acquire(kFirst, kNoInterface);
  const auto on_link = addresses.acquire(kLinkLocal, 3);
  const auto on_other_link = addresses.acquire(kLinkLocal, 4);
  ASSERT_TRUE(first && on_link && on_other_link);
  EXPECT_NE(*on_link, *on_other_link);
  EXPECT_EQ(addresses.acquire(kFirst, kNoInterface), first);
  EXPECT_EQ(addresses[*on_link].address, kLinkLocal);
  EXPECT_EQ(addresses[*on_link].interface, 3);
  addresses.release(*first);
  EXPECT_EQ(addresses.find(kFirst, kNoInterface), first);
  addresses.release(*first);
  EXPECT_EQ(addresses.find(kFirst, kNoInterface), std::nullopt);
  addresses.release(*on_link);
  addresses.release(*on_other_link);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(LocalAddresses, SayWhenTheNamesAreUsedUp) {
  HeapMemory memory;
  LocalAddresses addresses(memory, {1, 2});
  std::uint32_t named = 0;
  while (addresses.acquire(IpAddress::v4(named), kNoInterface)) ++named;
  EXPECT_EQ(named, 65535U);
}

TEST(LocalAddresses, SayWhenMemoryHasNoMore) {
  HeapMemory memory(100);
  LocalAddresses addresses(memory, {1, 2});
  EXPECT_EQ(addresses.acquire(kFirst, kNoInterface), std::nullopt);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

}  // namespace
}  // namespace strata::tcp::local_addresses_test
