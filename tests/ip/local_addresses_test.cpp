// SPDX-License-Identifier: Apache-2.0
#include "ip/local_addresses.h"

#include <gtest/gtest.h>

#include <set>

#include "strata/rng.h"

namespace strata::ip::local_addresses_test {
namespace {

constexpr SipKey kKey{1, 2};
const IpAddress kV4 = IpAddress::v4(10, 0, 0, 1);
const IpAddress kLinkLocal = IpAddress::v6(0xfe80'0000'0000'0000, 1);

struct LocalAddressesTest : ::testing::Test {
  HeapMemory memory;
  LocalAddresses local{memory, kKey, 4};
};

// RFC 1122 3.3.4.2 MAY: a host takes what is addressed to any of its interfaces (weak host model).
TEST_F(LocalAddressesTest, AddressIsOursWhereverItCameIn) {
  ASSERT_TRUE(local.insert({kV4, 1, LocalKind::kUnicast, false}));
  ASSERT_NE(local.find(kV4, 2), nullptr);
  EXPECT_EQ(local.find(kV4, 2)->interface, 1);
  EXPECT_TRUE(local.is_local(kV4));
}

// RFC 4007 9 MUST: a link-local address does not match on another link.
TEST_F(LocalAddressesTest, LinkLocalAddressIsOursOnItsLinkOnly) {
  ASSERT_TRUE(local.insert({kLinkLocal, 1, LocalKind::kUnicast, false}));
  EXPECT_NE(local.find(kLinkLocal, 1), nullptr);
  EXPECT_EQ(local.find(kLinkLocal, 2), nullptr);
}

TEST_F(LocalAddressesTest, ArrivalInterfaceIsPreferred) {
  ASSERT_TRUE(local.insert({kV4, 1, LocalKind::kUnicast, false}));
  ASSERT_TRUE(local.insert({kV4, 2, LocalKind::kUnicast, false}));
  EXPECT_EQ(local.find(kV4, 1)->interface, 1);
  EXPECT_EQ(local.find(kV4, 2)->interface, 2);
}

// RFC 4862 5.4 MUST: a tentative address is not assigned; nothing but discovery may use it.
TEST_F(LocalAddressesTest, TentativeAddressIsFoundButNotLocal) {
  ASSERT_TRUE(local.insert({kV4, 1, LocalKind::kUnicast, true}));
  EXPECT_TRUE(local.find(kV4)->is_tentative);
  EXPECT_FALSE(local.is_local(kV4));
  local.set_tentative(kV4, 1, false);
  EXPECT_TRUE(local.is_local(kV4));
}

TEST_F(LocalAddressesTest, AnswersFollowEveryChange) {
  for (int turn = 0; turn < 3; ++turn) {
    EXPECT_EQ(local.find(kV4, 1), nullptr);
    ASSERT_TRUE(local.insert({kV4, 1, LocalKind::kUnicast, false}));
    EXPECT_NE(local.find(kV4, 1), nullptr);
    EXPECT_NE(local.find(kV4, 1), nullptr);
    local.erase(kV4, 1, LocalKind::kUnicast);
  }
}

// However many come and go, and whatever they have in common with each other and with strangers.
TEST_F(LocalAddressesTest, AnswersAsAListOfAllWould) {
  LocalAddresses many(memory, kKey, 1024);
  std::set<std::uint32_t> ours;
  Rng rng(3);
  for (int i = 0; i < 20'000; ++i) {
    const auto host = static_cast<std::uint32_t>(rng.below(600));
    const IpAddress address = IpAddress::v4(0x0a00'0000 + host);
    if (rng.chance({1, 8})) {
      ASSERT_TRUE(many.insert({address, 1, LocalKind::kUnicast, false}));
      ours.insert(host);
    } else if (rng.chance({1, 4})) {
      many.erase(address, 1, LocalKind::kUnicast);
      ours.erase(host);
    }
    const auto asked = static_cast<std::uint32_t>(rng.below(600));
    const LocalAddress* const found =
        many.find(IpAddress::v4(0x0a00'0000 + asked), static_cast<InterfaceId>(rng.below(3)));
    ASSERT_EQ(found != nullptr, ours.contains(asked)) << asked;
    if (found != nullptr) {
      ASSERT_EQ(found->address.v4_value(), 0x0a00'0000 + asked);
    }
  }
}

TEST_F(LocalAddressesTest, BroadcastIsFoundButCannotBeASource) {
  ASSERT_TRUE(local.insert({kV4, 1, LocalKind::kDirectedBroadcast, false}));
  EXPECT_EQ(local.find(kV4)->kind, LocalKind::kDirectedBroadcast);
  EXPECT_FALSE(local.is_local(kV4));
}

TEST_F(LocalAddressesTest, StaysWithinItsLimitAndGivesEverythingBack) {
  for (std::uint32_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(local.insert({IpAddress::v4(i), 1, LocalKind::kUnicast, false}));
  }
  EXPECT_FALSE(local.insert({kV4, 1, LocalKind::kUnicast, false}));
  const std::uint32_t generation = local.generation();
  for (std::uint32_t i = 0; i < 4; ++i) local.erase(IpAddress::v4(i), 1, LocalKind::kUnicast);
  EXPECT_NE(local.generation(), generation);
  EXPECT_EQ(local.size(), 0U);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

}  // namespace
}  // namespace strata::ip::local_addresses_test
