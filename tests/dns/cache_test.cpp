// SPDX-License-Identifier: Apache-2.0
// The cache: entries hold for their time, the oldest make room.
#include "dns/cache.h"

#include <gtest/gtest.h>

#include <string>

#include "strata/memory.h"

namespace strata::dns::cache_test {
namespace {

using wire::DnsType;

wire::DnsName numbered(int number) {
  return *wire::DnsName::parse("n" + std::to_string(number) + ".test");
}

class CacheTest : public testing::Test {
 protected:
  void keep(int number, DnsType type, std::uint8_t last, Time expires) {
    AddressSet addresses;
    addresses.add(IpAddress::v4(10, 0, 0, last));
    cache_.keep(numbered(number), type, Cache::Kind::kAddresses, addresses, expires);
  }
  static constexpr Time at(int seconds) { return Time(std::chrono::seconds(seconds)); }

  HeapMemory memory_;
  Cache cache_{memory_, {1, 2}, 8};
};

TEST_F(CacheTest, HoldsUntilItExpires) {
  keep(1, DnsType::kA, 1, at(10));
  const auto* const found = cache_.find(*wire::DnsName::parse("N1.Test"), DnsType::kA, at(9));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->addresses.span().front(), IpAddress::v4(10, 0, 0, 1));
  EXPECT_EQ(cache_.find(numbered(1), DnsType::kA, at(10)), nullptr);
  EXPECT_EQ(cache_.find(numbered(1), DnsType::kAaaa, at(0)), nullptr);
}

TEST_F(CacheTest, ANewAnswerReplacesTheOldOne) {
  keep(1, DnsType::kA, 1, at(10));
  keep(1, DnsType::kA, 2, at(20));
  EXPECT_EQ(cache_.size(), 1U);
  EXPECT_EQ(cache_.find(numbered(1), DnsType::kA, at(15))->addresses.span().front(),
            IpAddress::v4(10, 0, 0, 2));
}

TEST_F(CacheTest, TheOldestMakesRoom) {
  for (int i = 0; i < 12; ++i) keep(i, DnsType::kA, 1, at(100));
  EXPECT_EQ(cache_.size(), 8U);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(cache_.find(numbered(i), DnsType::kA, at(0)) != nullptr, i >= 4) << i;
  }
  cache_.clear();
  EXPECT_EQ(cache_.size(), 0U);
}

TEST_F(CacheTest, WithoutMemoryNothingIsKept) {
  HeapMemory none(0);
  Cache cache(none, {1, 2}, 8);
  cache.keep(numbered(1), DnsType::kA, Cache::Kind::kNoName, {}, at(10));
  EXPECT_EQ(cache.find(numbered(1), DnsType::kA, at(0)), nullptr);
}

}  // namespace
}  // namespace strata::dns::cache_test
