// SPDX-License-Identifier: Apache-2.0
#include "strata/wire/field.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "wire/random_values.h"

namespace strata::wire::field_test {
namespace {

using Word = Field<std::uint16_t, 1>;
static_assert(Word::kBegin == 1 && Word::kEnd == 3);

constexpr std::uint16_t set_and_get(std::uint16_t value) {
  std::array<std::byte, 4> bytes{};
  Word::set(bytes, value);
  return Word::get(bytes);
}
static_assert(set_and_get(0xbeef) == 0xbeef);

TEST(Field, IntegersAreBigEndianAtTheirOffset) {
  std::array<std::byte, 9> bytes{};
  Field<std::uint8_t, 0>::set(bytes, 0x01);
  Field<std::uint64_t, 1>::set(bytes, 0x0203'0405'0607'0809);
  EXPECT_TRUE(std::ranges::equal(bytes, from_hex("010203040506070809")));
  EXPECT_EQ((Field<std::uint32_t, 3>::get(bytes)), 0x0405'0607U);
}

TEST(Field, SettingBitsLeavesTheirNeighboursAlone) {
  using Middle = Bits<Field<std::uint16_t, 0>, 5, 7>;
  Rng rng(1);
  for (int round = 0; round < kRounds; ++round) {
    const auto before = any<std::uint16_t>(rng);
    const auto value = any<std::uint16_t>(rng);
    std::array<std::byte, 2> bytes{};
    Field<std::uint16_t, 0>::set(bytes, before);
    Middle::set(bytes, value);
    ASSERT_EQ(Middle::get(bytes), value & 0x7f);
    ASSERT_EQ((Field<std::uint16_t, 0>::get(bytes)) & ~0xfe0U, before & ~0xfe0U);
  }
}

TEST(Field, BitsMayFillTheirField) {
  std::array<std::byte, 4> bytes{};
  using All = Bits<Field<std::uint32_t, 0>, 0, 32>;
  All::set(bytes, 0xffff'fffe);
  EXPECT_EQ(All::get(bytes), 0xffff'fffeU);
  EXPECT_EQ((Bits<Field<std::uint32_t, 0>, 31, 1>::get(bytes)), 1U);
  EXPECT_EQ((Bits<Field<std::uint32_t, 0>, 0, 1>::get(bytes)), 0U);
}

TEST(Field, AddressesAreReadAsTheyAreWritten) {
  Rng rng(2);
  for (int round = 0; round < kRounds; ++round) {
    const auto mac = any_mac(rng);
    const auto v4 = any_v4(rng);
    const auto v6 = any_v6(rng);
    std::array<std::byte, 26> bytes{};
    MacField<0>::set(bytes, mac);
    Ipv4Field<6>::set(bytes, v4);
    Ipv6Field<10>::set(bytes, v6);
    ASSERT_EQ(MacField<0>::get(bytes), mac);
    ASSERT_EQ(Ipv4Field<6>::get(bytes), v4);
    ASSERT_EQ(Ipv6Field<10>::get(bytes), v6);
  }
}

}  // namespace
}  // namespace strata::wire::field_test
