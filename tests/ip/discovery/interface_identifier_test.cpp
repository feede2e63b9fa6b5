// SPDX-License-Identifier: Apache-2.0
#include "ip/discovery/interface_identifier.h"

#include <gtest/gtest.h>

namespace strata::ip::interface_identifier_test {
namespace {

constexpr SipKey kSecret{0x0123'4567'89ab'cdef, 0xfedc'ba98'7654'3210};
const StableIdentifierInput kInput{.prefix = *Prefix::parse("2001:db8::/64"),
                                   .interface = MacAddress::from_value(0x0200'0000'0001)};

// RFC 7217 5 MUST: the identifier depends on prefix, interface, network, DAD counter and secret.
TEST(InterfaceIdentifier, StableIdentifierDependsOnEveryInput) {
  const std::uint64_t base = stable_identifier(kSecret, kInput);
  EXPECT_EQ(stable_identifier(kSecret, kInput), base);
  StableIdentifierInput other = kInput;
  other.prefix = *Prefix::parse("2001:db8:1::/64");
  EXPECT_NE(stable_identifier(kSecret, other), base);
  other = kInput;
  other.interface = MacAddress::from_value(0x0200'0000'0002);
  EXPECT_NE(stable_identifier(kSecret, other), base);
  other = kInput;
  other.network_id = 1;
  EXPECT_NE(stable_identifier(kSecret, other), base);
  other = kInput;
  other.dad_counter = 1;
  EXPECT_NE(stable_identifier(kSecret, other), base);
  EXPECT_NE(stable_identifier({kSecret.k0, kSecret.k1 + 1}, kInput), base);
}

TEST(InterfaceIdentifier, HostBitsOfThePrefixDoNotCount) {
  StableIdentifierInput other = kInput;
  other.prefix = Prefix(*IpAddress::parse("2001:db8::1234"), 64);
  EXPECT_EQ(stable_identifier(kSecret, other), stable_identifier(kSecret, kInput));
}

// RFC 8981 3.3.2 MUST: temporary identifiers cannot be linked with stable ones or each other.
TEST(InterfaceIdentifier, TemporaryIdentifiersAreOfTheirOwn) {
  EXPECT_NE(temporary_identifier(kSecret, kInput, 0), stable_identifier(kSecret, kInput));
  EXPECT_NE(temporary_identifier(kSecret, kInput, 1), temporary_identifier(kSecret, kInput, 2));
}

// RFC 4291 2.5.1 MUST: modified EUI-64 inverts the universal/local bit.
TEST(InterfaceIdentifier, ModifiedEui64) {
  EXPECT_EQ(eui64_identifier(MacAddress::from_value(0x3456'789a'bcde)), 0x3656'78ff'fe9a'bcdeU);
}

// RFC 7217 5 MUST: identifiers reserved by RFC 5453 are not used.
TEST(InterfaceIdentifier, ReservedIdentifiers) {
  for (const std::uint64_t reserved :
       {std::uint64_t{0}, std::uint64_t{0x0200'5eff'fe00'0000},
        std::uint64_t{0x0200'5eff'fe00'5213}, std::uint64_t{0xfdff'ffff'ffff'ff80},
        std::uint64_t{0xfdff'ffff'ffff'ffff}}) {
    EXPECT_TRUE(is_reserved_identifier(reserved)) << reserved;
  }
  for (const std::uint64_t free : {std::uint64_t{1}, std::uint64_t{0x0200'5eff'ff00'0000},
                                   std::uint64_t{0xfdff'ffff'ffff'ff7f}}) {
    EXPECT_FALSE(is_reserved_identifier(free)) << free;
  }
}

TEST(InterfaceIdentifier, AddressJoinsPrefixAndIdentifier) {
  EXPECT_EQ(address_of(kInput.prefix, 0x1234), *IpAddress::parse("2001:db8::1234"));
}

}  // namespace
}  // namespace strata::ip::interface_identifier_test
