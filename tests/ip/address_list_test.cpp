// SPDX-License-Identifier: Apache-2.0
#include "ip/address_list.h"

#include <gtest/gtest.h>

namespace strata::ip::address_list_test {
namespace {

using std::chrono::seconds;
using Kind = AddressChange::Kind;

[[nodiscard]] IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

struct AddressListTest : ::testing::Test {
  HeapMemory memory;
  LocalAddresses local{memory, SipKey{3, 4}};
  AddressList list{memory, local, 7, 4};
  Time now{};

  [[nodiscard]] Result<void> add(std::string_view text, std::uint8_t length,
                                 AddressState state = AddressState::kPreferred,
                                 Time preferred = kNever, Time valid = kNever) {
    InterfaceAddress address;
    address.address = ip(text);
    address.prefix_length = length;
    address.state = state;
    address.preferred_until = preferred;
    address.valid_until = valid;
    return list.add(address, now);
  }
  [[nodiscard]] std::optional<Kind> next_kind() {
    const auto change = list.next_output(now);
    if (!change) return std::nullopt;
    return change->kind;
  }
};

TEST_F(AddressListTest, UsableAddressAndItsBroadcastAreLocal) {
  ASSERT_TRUE(add("10.0.0.5", 24));
  EXPECT_TRUE(local.is_local(ip("10.0.0.5")));
  ASSERT_NE(local.find(ip("10.0.0.255"), 7), nullptr);
  EXPECT_EQ(local.find(ip("10.0.0.255"), 7)->kind, LocalKind::kDirectedBroadcast);
  EXPECT_EQ(list.primary_v4()->address, ip("10.0.0.5"));
  EXPECT_EQ(list.primary_v4()->interface, 7);
}

TEST_F(AddressListTest, BroadcastStaysWhileAnotherAddressNeedsIt) {
  ASSERT_TRUE(add("10.0.0.5", 24));
  ASSERT_TRUE(add("10.0.0.6", 24));
  ASSERT_TRUE(list.remove(ip("10.0.0.5")));
  EXPECT_NE(local.find(ip("10.0.0.255"), 7), nullptr);
  ASSERT_TRUE(list.remove(ip("10.0.0.6")));
  EXPECT_EQ(local.size(), 0U);
}

// RFC 4862 5.4 MUST: an address is tentative until detection has shown it to be unique.
TEST_F(AddressListTest, TentativeBecomesPreferredWhenUnique) {
  ASSERT_TRUE(add("fe80::1", 64, AddressState::kTentative));
  EXPECT_FALSE(local.is_local(ip("fe80::1"), 7));
  EXPECT_EQ(list.link_local_v6(), nullptr);
  list.on_address_unique(ip("fe80::1"), now);
  EXPECT_TRUE(local.is_local(ip("fe80::1"), 7));
  EXPECT_NE(list.link_local_v6(), nullptr);
  EXPECT_EQ(next_kind(), Kind::kBecamePreferred);
  EXPECT_EQ(next_kind(), std::nullopt);
}

// RFC 4862 5.4.5 MUST: a duplicate is not assigned to the interface.
TEST_F(AddressListTest, DuplicateIsNeverLocalAgain) {
  ASSERT_TRUE(add("fe80::1", 64, AddressState::kTentative));
  list.on_address_duplicate(ip("fe80::1"), now);
  EXPECT_EQ(local.find(ip("fe80::1"), 7), nullptr);
  EXPECT_EQ(next_kind(), Kind::kDuplicate);
  list.on_address_unique(ip("fe80::1"), now);
  EXPECT_EQ(list.find(ip("fe80::1"))->state, AddressState::kDuplicate);
}

// RFC 4862 5.5.4 MUST: preferred, then deprecated, then gone, by its lifetimes.
TEST_F(AddressListTest, LifetimesDeprecateAndRemove) {
  ASSERT_TRUE(
      add("2001:db8::1", 64, AddressState::kPreferred, now + seconds(10), now + seconds(20)));
  EXPECT_EQ(list.next_deadline(), now + seconds(10));
  now += seconds(10);
  list.on_deadline(now);
  EXPECT_EQ(next_kind(), Kind::kBecameDeprecated);
  EXPECT_TRUE(local.is_local(ip("2001:db8::1")));
  EXPECT_EQ(list.next_deadline(), now + seconds(10));
  now += seconds(10);
  list.on_deadline(now);
  EXPECT_FALSE(local.is_local(ip("2001:db8::1")));
  EXPECT_EQ(next_kind(), Kind::kRemoved);
  EXPECT_TRUE(list.all().empty());
  EXPECT_EQ(list.next_deadline(), std::nullopt);
}

TEST_F(AddressListTest, LongerLifetimeRevivesADeprecatedAddress) {
  ASSERT_TRUE(add("2001:db8::1", 64, AddressState::kPreferred, now + seconds(1)));
  now += seconds(1);
  list.on_deadline(now);
  EXPECT_EQ(next_kind(), Kind::kBecameDeprecated);
  ASSERT_TRUE(list.set_lifetimes(ip("2001:db8::1"), now + seconds(9), kNever, now));
  EXPECT_EQ(next_kind(), Kind::kBecamePreferred);
}

TEST_F(AddressListTest, LinkUpMakesV6AddressesProveThemselvesAgain) {
  ASSERT_TRUE(add("10.0.0.5", 24));
  ASSERT_TRUE(add("2001:db8::1", 64));
  list.on_link_up(now);
  EXPECT_EQ(list.find(ip("2001:db8::1"))->state, AddressState::kTentative);
  EXPECT_EQ(list.find(ip("10.0.0.5"))->state, AddressState::kPreferred);
  EXPECT_EQ(next_kind(), Kind::kBecameTentative);
}

TEST_F(AddressListTest, RefusesWhatIsNoUnicastAddress) {
  const std::pair<const char*, std::uint8_t> bad[] = {
      {"0.0.0.0", 24},    {"224.0.0.1", 24}, {"255.255.255.255", 32}, {"240.0.0.1", 8},
      {"10.0.0.255", 24}, {"::", 64},        {"ff02::1", 64},         {"10.0.0.1", 33},
  };
  for (const auto& [text, length] : bad) {
    EXPECT_EQ(add(text, length).error(), Error::kInvalidArgument) << text;
  }
  EXPECT_TRUE(add("10.0.0.255", 31));
}

TEST_F(AddressListTest, StaysWithinItsLimit) {
  for (const char* const text : {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"}) {
    ASSERT_TRUE(add(text, 24));
  }
  EXPECT_EQ(add("10.0.0.4", 24).error(), Error::kAlreadyExists);
  EXPECT_EQ(add("10.0.0.5", 24).error(), Error::kOutOfMemory);
}

TEST(AddressList, GivesBackWhatItRegistered) {
  HeapMemory memory;
  LocalAddresses local(memory, SipKey{});
  {
    AddressList list(memory, local, 1);
    InterfaceAddress address;
    address.address = ip("10.0.0.5");
    address.prefix_length = 24;
    address.state = AddressState::kPreferred;
    ASSERT_TRUE(list.add(address, Time{}));
  }
  EXPECT_EQ(local.size(), 0U);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

}  // namespace
}  // namespace strata::ip::address_list_test
