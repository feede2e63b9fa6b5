// SPDX-License-Identifier: Apache-2.0
#include "strata/wire/ethernet.h"

#include <gtest/gtest.h>

#include "wire/random_values.h"

namespace strata::wire::ethernet_test {
namespace {

constexpr EthernetHeader kExample{MacAddress::broadcast(), MacAddress::from_value(0x0200'5e10'0001),
                                  kEtherTypeArp};

constexpr bool round_trips(const EthernetHeader& header) {
  std::array<std::byte, EthernetLayout::kSize> bytes{};
  write(header, bytes);
  return EthernetView::parse(bytes)->header() == header;
}
static_assert(round_trips(kExample));

TEST(Ethernet, WhatIsWrittenIsRead) {
  Rng rng(1);
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(round_trips({any_mac(rng), any_mac(rng), any<std::uint16_t>(rng)}));
  }
}

TEST(Ethernet, FieldsStandWhereRfc894PutsThem) {
  std::array<std::byte, EthernetLayout::kSize> bytes{};
  write(kExample, bytes);
  const auto golden = from_hex("ffffffffffff 02005e100001 0806");
  EXPECT_TRUE(std::ranges::equal(bytes, golden));
}

TEST(Ethernet, ThePayloadFollowsTheHeader) {
  const auto frame = from_hex("ffffffffffff 02005e100001 0800 4500");
  const auto view = EthernetView::parse(frame);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->payload().data(), frame.data() + 14);
  EXPECT_EQ(view->payload().size(), 2U);
  EXPECT_EQ(view->bytes().size(), 16U);
}

TEST(Ethernet, AFrameShorterThanItsHeaderIsRefused) {
  const std::vector<std::byte> frame(EthernetLayout::kSize);
  for_each_truncation(
      frame, [](Bytes cut) { EXPECT_EQ(EthernetView::parse(cut).error(), ParseError::kTooShort); });
}

TEST(Ethernet, UpTo1500TheTypeIsALength) {
  for (const auto& [type, is_length] : {std::pair{0, true},
                                        {1500, true},
                                        {1501, false},
                                        {1535, false},
                                        {1536, false},
                                        {0x86dd, false}}) {
    std::array<std::byte, EthernetLayout::kSize> bytes{};
    write({{}, {}, static_cast<std::uint16_t>(type)}, bytes);
    EXPECT_EQ(EthernetView::parse(bytes)->type_is_length(), is_length) << type;
  }
}

}  // namespace
}  // namespace strata::wire::ethernet_test
