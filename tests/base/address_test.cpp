// SPDX-License-Identifier: Apache-2.0
#include "strata/address.h"

#include <gtest/gtest.h>

#include <array>

namespace strata::address_test {
namespace {

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }
Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }

TEST(MacAddress, HasItsBytesInWireOrder) {
  constexpr MacAddress address = MacAddress::from_value(0x0200'5e10'0001);
  static_assert(address.bytes()[0] == std::byte{2} && address.bytes()[5] == std::byte{1});
  static_assert(MacAddress::from_bytes(address.bytes()) == address);
  EXPECT_FALSE(address.is_multicast());
  EXPECT_TRUE(MacAddress::broadcast().is_broadcast());
  EXPECT_TRUE(MacAddress::broadcast().is_multicast());
  EXPECT_TRUE(MacAddress{}.is_unspecified());
}

// RFC 1112 6.4 MUST: the low 23 bits of an IPv4 group follow 01-00-5e.
TEST(MacAddress, OfAnIpv4GroupHasTheLow23Bits) {
  EXPECT_EQ(MacAddress::for_multicast(ip("224.0.0.1")), MacAddress::from_value(0x0100'5e00'0001));
  EXPECT_EQ(MacAddress::for_multicast(ip("239.255.128.7")),
            MacAddress::from_value(0x0100'5e7f'8007));
}

// RFC 2464 7 MUST: the low 32 bits of an IPv6 group follow 33-33.
TEST(MacAddress, OfAnIpv6GroupHasTheLow32Bits) {
  EXPECT_EQ(MacAddress::for_multicast(ip("ff02::1:ff12:3456")),
            MacAddress::from_value(0x3333'ff12'3456));
}

TEST(IpAddress, Ipv4IsV4Mapped) {
  constexpr IpAddress address = IpAddress::v4(192, 0, 2, 1);
  static_assert(address.is_v4() && !address.is_v6());
  static_assert(address.v4_value() == 0xc000'0201);
  static_assert(address == IpAddress::v6(0, 0xffff'c000'0201));
  EXPECT_EQ(IpAddress::from_bytes(address.bytes()), address);
  EXPECT_TRUE(IpAddress::any_v6().is_v6());
}

TEST(IpAddress, OrdersByValue) {
  EXPECT_LT(ip("10.0.0.1"), ip("10.0.0.2"));
  EXPECT_LT(ip("::1"), ip("10.0.0.1"));
  EXPECT_LT(ip("10.0.0.1"), ip("2001:db8::"));
  EXPECT_LT(ip("2001:db8::ffff:ffff:ffff:ffff"), ip("2001:db8:0:1::"));
}

struct KindCase {
  std::string_view text;
  bool unspecified, loopback, multicast, link_local, unique_local, reserved_v4;
};

TEST(IpAddress, KnowsItsKind) {
  constexpr std::array kCases{
      KindCase{"0.0.0.0", true, false, false, false, false, false},
      KindCase{"::", true, false, false, false, false, false},
      KindCase{"127.0.0.1", false, true, false, false, false, false},
      KindCase{"127.255.255.254", false, true, false, false, false, false},
      KindCase{"128.0.0.1", false, false, false, false, false, false},
      KindCase{"::1", false, true, false, false, false, false},
      KindCase{"::2", false, false, false, false, false, false},
      KindCase{"223.255.255.255", false, false, false, false, false, false},
      KindCase{"224.0.0.0", false, false, true, false, false, false},
      KindCase{"239.255.255.255", false, false, true, false, false, false},
      KindCase{"240.0.0.0", false, false, false, false, false, true},
      KindCase{"255.255.255.254", false, false, false, false, false, true},
      KindCase{"255.255.255.255", false, false, false, false, false, false},
      KindCase{"ff02::1", false, false, true, false, false, false},
      KindCase{"169.254.0.1", false, false, false, true, false, false},
      KindCase{"fe80::1", false, false, false, true, false, false},
      KindCase{"febf::1", false, false, false, true, false, false},
      KindCase{"fec0::1", false, false, false, false, false, false},
      KindCase{"fc00::1", false, false, false, false, true, false},
      KindCase{"fdff::1", false, false, false, false, true, false},
      KindCase{"fe00::1", false, false, false, false, false, false},
  };
  for (const KindCase& c : kCases) {
    const IpAddress address = ip(c.text);
    EXPECT_EQ(address.is_unspecified(), c.unspecified) << c.text;
    EXPECT_EQ(address.is_loopback(), c.loopback) << c.text;
    EXPECT_EQ(address.is_multicast(), c.multicast) << c.text;
    EXPECT_EQ(address.is_link_local(), c.link_local) << c.text;
    EXPECT_EQ(address.is_unique_local(), c.unique_local) << c.text;
    EXPECT_EQ(address.is_reserved_v4(), c.reserved_v4) << c.text;
  }
  EXPECT_TRUE(ip("255.255.255.255").is_limited_broadcast());
  EXPECT_FALSE(ip("::ffff:ffff").is_limited_broadcast());
}

TEST(IpAddress, MakesSpecialGroups) {
  EXPECT_EQ(IpAddress::all_nodes_v6(), ip("ff02::1"));
  EXPECT_EQ(IpAddress::all_routers_v6(), ip("ff02::2"));
  EXPECT_EQ(IpAddress::all_hosts_v4(), ip("224.0.0.1"));
  EXPECT_EQ(IpAddress::loopback_v6(), ip("::1"));
  EXPECT_EQ(ip("ff02::1").multicast_scope(), 2U);
  EXPECT_EQ(ip("ff0e::1").multicast_scope(), 14U);
}

// RFC 4291 2.7.1 MUST: the solicited-node group holds the low 24 bits of the address.
TEST(IpAddress, SolicitedNodeGroupHoldsTheLow24Bits) {
  EXPECT_EQ(ip("4037::01:800:200e:8c6c").solicited_node_group(), ip("ff02::1:ff0e:8c6c"));
}

TEST(Prefix, ContainsItsAddressesAndNoneOfTheOtherFamily) {
  EXPECT_TRUE(prefix("10.0.0.0/8").contains(ip("10.255.0.1")));
  EXPECT_FALSE(prefix("10.0.0.0/8").contains(ip("11.0.0.0")));
  EXPECT_TRUE(prefix("0.0.0.0/0").contains(ip("255.1.2.3")));
  EXPECT_FALSE(prefix("0.0.0.0/0").contains(ip("::1")));
  EXPECT_TRUE(prefix("::/0").contains(ip("2001:db8::1")));
  EXPECT_FALSE(prefix("::/0").contains(ip("10.0.0.1")));
  EXPECT_TRUE(prefix("10.1.2.3/32").contains(ip("10.1.2.3")));
  EXPECT_FALSE(prefix("10.1.2.3/32").contains(ip("10.1.2.2")));
  EXPECT_TRUE(prefix("fd77::/64").contains(ip("fd77::1:2:3:4")));
  EXPECT_FALSE(prefix("fd77::/64").contains(ip("fd77:0:0:1::")));
  EXPECT_TRUE(prefix("2001:db8::/65").contains(ip("2001:db8::7fff:0:0:1")));
  EXPECT_FALSE(prefix("2001:db8::/65").contains(ip("2001:db8::8000:0:0:1")));
  EXPECT_TRUE(prefix("::1/128").contains(ip("::1")));
  EXPECT_FALSE(prefix("::1/128").contains(ip("::2")));
}

TEST(Prefix, ContainsExactlyWhatSharesItsLeadingBits) {
  const IpAddress base = ip("2001:db8:a5a5:5a5a:c3c3:3c3c:9696:6969");
  for (unsigned length = 0; length <= 128; ++length) {
    for (unsigned flipped = 0; flipped < 128; ++flipped) {
      const std::uint64_t bit = std::uint64_t{1} << (63 - flipped % 64);
      const IpAddress other = flipped < 64 ? IpAddress::v6(base.high() ^ bit, base.low())
                                           : IpAddress::v6(base.high(), base.low() ^ bit);
      ASSERT_EQ(Prefix(base, length).contains(other), flipped >= length);
    }
  }
}

TEST(Prefix, NetworkClearsTheHostBits) {
  EXPECT_EQ(prefix("10.77.5.2/16").network(), prefix("10.77.0.0/16"));
  EXPECT_EQ(prefix("10.77.5.2/0").network(), prefix("0.0.0.0/0"));
  EXPECT_EQ(prefix("fd77::1/64").network(), prefix("fd77::/64"));
  EXPECT_EQ(prefix("fd77::1/0").network(), prefix("::/0"));
  EXPECT_EQ(prefix("10.77.5.2/16").mapped_length(), 112U);
}

// RFC 3021 2.1 MUST: a 31-bit prefix has no directed broadcast address.
TEST(Prefix, HasADirectedBroadcastUpTo30Bits) {
  EXPECT_EQ(prefix("10.77.5.2/24").directed_broadcast(), ip("10.77.5.255"));
  EXPECT_EQ(prefix("10.0.0.1/30").directed_broadcast(), ip("10.0.0.3"));
  EXPECT_EQ(prefix("0.0.0.0/0").directed_broadcast(), ip("255.255.255.255"));
  EXPECT_EQ(prefix("10.0.0.1/31").directed_broadcast(), std::nullopt);
  EXPECT_EQ(prefix("10.0.0.1/32").directed_broadcast(), std::nullopt);
  EXPECT_EQ(prefix("fd77::1/64").directed_broadcast(), std::nullopt);
}

TEST(Endpoint, DiffersByAddressPortAndZone) {
  const Endpoint endpoint{ip("fe80::1"), 80, 2};
  EXPECT_EQ(endpoint, (Endpoint{ip("fe80::1"), 80, 2}));
  EXPECT_NE(endpoint, (Endpoint{ip("fe80::2"), 80, 2}));
  EXPECT_NE(endpoint, (Endpoint{ip("fe80::1"), 81, 2}));
  EXPECT_NE(endpoint, (Endpoint{ip("fe80::1"), 80, 3}));
}

}  // namespace
}  // namespace strata::address_test
