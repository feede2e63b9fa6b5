// SPDX-License-Identifier: Apache-2.0
#include "strata/wire/arp.h"

#include <gtest/gtest.h>

#include "wire/random_values.h"

namespace strata::wire::arp_test {
namespace {

constexpr ArpHeader kRequest{ArpOperation::kRequest, MacAddress::from_value(0x0200'0000'0001),
                             IpAddress::v4(10, 77, 0, 1), MacAddress{},
                             IpAddress::v4(10, 77, 0, 2)};
constexpr auto kRequestText = "0001 0800 06 04 0001 020000000001 0a4d0001 000000000000 0a4d0002";

constexpr bool round_trips(const ArpHeader& header) {
  std::array<std::byte, ArpLayout::kSize> bytes{};
  write(header, bytes);
  return ArpView::parse(bytes)->header() == header;
}
static_assert(round_trips(kRequest));

TEST(Arp, WhatIsWrittenIsRead) {
  Rng rng(1);
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(round_trips({ArpOperation{any<std::uint16_t>(rng)}, any_mac(rng), any_v4(rng),
                             any_mac(rng), any_v4(rng)}));
  }
}

TEST(Arp, ARequestLooksAsRfc826Says) {
  std::array<std::byte, ArpLayout::kSize> bytes{};
  write(kRequest, bytes);
  EXPECT_TRUE(std::ranges::equal(bytes, from_hex(kRequestText)));
}

TEST(Arp, PaddingAfterThePacketIsIgnored) {
  auto bytes = from_hex(kRequestText);
  bytes.resize(46, std::byte{0xff});
  const auto view = ArpView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->header(), kRequest);
  EXPECT_EQ(view->bytes().size(), ArpLayout::kSize);
}

TEST(Arp, APacketThatIsCutOffIsRefused) {
  for_each_truncation(from_hex(kRequestText), [](Bytes cut) {
    EXPECT_EQ(ArpView::parse(cut).error(), ParseError::kTooShort);
  });
}

// RFC 826, packet reception: other hardware, protocols and lengths are not for us.
TEST(Arp, OnlyEthernetAndIpv4AreRead) {
  struct Case {
    std::size_t at;
    std::uint8_t value;
    ParseError error;
  };
  for (const Case& bad : {Case{1, 2, ParseError::kBadValue}, Case{3, 6, ParseError::kBadValue},
                          Case{4, 8, ParseError::kBadLength}, Case{5, 16, ParseError::kBadLength},
                          Case{2, 0x86, ParseError::kBadValue}}) {
    auto bytes = from_hex(kRequestText);
    bytes[bad.at] = std::byte{bad.value};
    const auto view = ArpView::parse(bytes);
    ASSERT_FALSE(view) << bad.at;
    EXPECT_EQ(view.error(), bad.error) << bad.at;
  }
}

TEST(Arp, Ieee802HardwareIsReadAsEthernet) {
  auto bytes = from_hex(kRequestText);
  bytes[1] = std::byte{ArpLayout::kHardwareIeee802};
  EXPECT_EQ(ArpView::parse(bytes)->header(), kRequest);
}

}  // namespace
}  // namespace strata::wire::arp_test
