// SPDX-License-Identifier: Apache-2.0
#include "strata/wire/llc.h"

#include <gtest/gtest.h>

#include "wire/random_values.h"

namespace strata::wire::llc_test {
namespace {

constexpr bool round_trips(const LlcHeader& header) {
  std::array<std::byte, LlcLayout::kSize> bytes{};
  write(header, bytes);
  return LlcView::parse(bytes)->header() == header;
}
constexpr bool round_trips(const SnapHeader& header) {
  std::array<std::byte, SnapLayout::kSize> bytes{};
  write(header, bytes);
  return SnapView::parse(bytes)->header() == header;
}
static_assert(round_trips(LlcHeader{0x42, 0x42, 3}));
static_assert(round_trips(SnapHeader{0x00000c, 0x2000}));

TEST(Llc, WhatIsWrittenIsRead) {
  Rng rng(1);
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(round_trips(
        LlcHeader{any<std::uint8_t>(rng), any<std::uint8_t>(rng), any<std::uint8_t>(rng)}));
    ASSERT_TRUE(
        round_trips(SnapHeader{any<std::uint32_t>(rng) & 0xff'ffff, any<std::uint16_t>(rng)}));
  }
}

TEST(Llc, HeadersThatAreCutOffAreRefused) {
  for_each_truncation(std::vector<std::byte>(LlcLayout::kSize), [](Bytes cut) {
    EXPECT_EQ(LlcView::parse(cut).error(), ParseError::kTooShort);
  });
  for_each_truncation(std::vector<std::byte>(SnapLayout::kSize), [](Bytes cut) {
    EXPECT_EQ(SnapView::parse(cut).error(), ParseError::kTooShort);
  });
}

TEST(Llc, AnEthertypeIsTakenAsItIs) {
  const auto payload = from_hex("4500");
  const auto content = classify_frame(kEtherTypeIpv4, payload);
  ASSERT_TRUE(content);
  EXPECT_EQ(content->ethertype, kEtherTypeIpv4);
  EXPECT_EQ(content->payload.size(), 2U);
}

// RFC 1122 2.3.3 SHOULD: a host receives RFC 1042 encapsulation intermixed with RFC 894.
TEST(Llc, SnapGivesTheEthertypeAndCutsThePadding) {
  const auto payload = from_hex("aaaa03 000000 0800 4500 ffff");
  const auto content = classify_frame(10, payload);
  ASSERT_TRUE(content);
  EXPECT_EQ(content->ethertype, kEtherTypeIpv4);
  EXPECT_EQ(content->payload.data(), payload.data() + 8);
  EXPECT_EQ(content->payload.size(), 2U);
}

TEST(Llc, AFrameIsClassifiedFromItsEthernetHeader) {
  const auto frame = from_hex("ffffffffffff 020000000001 0009 aaaa03 0000f8 86dd 60");
  const auto content = classify_frame(*EthernetView::parse(frame));
  ASSERT_TRUE(content);
  EXPECT_EQ(content->ethertype, kEtherTypeIpv6);
  EXPECT_EQ(content->payload.size(), 1U);
}

TEST(Llc, ProtocolsWithoutAnEthertypeKeepTheirLlcHeader) {
  for (const auto* text : {"424203 0000", "aaaa03 00000c 2000", "aaaa03 000000 0042",
                           "aaab03 000000 0800", "ffff 0022"}) {
    const auto payload = from_hex(text);
    const auto content = classify_frame(static_cast<std::uint16_t>(payload.size()), payload);
    ASSERT_TRUE(content) << text;
    EXPECT_EQ(content->ethertype, 0) << text;
    EXPECT_EQ(content->payload.data(), payload.data()) << text;
  }
}

TEST(Llc, LengthsThatLieAreRefused) {
  const auto payload = from_hex("aaaa03 000000 0800");
  EXPECT_EQ(classify_frame(9, payload).error(), ParseError::kBadLength);
  EXPECT_EQ(classify_frame(1501, payload).error(), ParseError::kBadValue);
  EXPECT_EQ(classify_frame(1535, payload).error(), ParseError::kBadValue);
  for (std::uint16_t length = 0; length < 8; ++length) {
    EXPECT_EQ(classify_frame(length, payload).error(), ParseError::kTooShort) << length;
  }
}

}  // namespace
}  // namespace strata::wire::llc_test
