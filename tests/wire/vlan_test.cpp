// SPDX-License-Identifier: Apache-2.0
#include "strata/wire/vlan.h"

#include <gtest/gtest.h>

#include "strata/wire/ethernet.h"
#include "wire/random_values.h"

namespace strata::wire::vlan_test {
namespace {

constexpr bool round_trips(const VlanHeader& header) {
  std::array<std::byte, VlanLayout::kSize> bytes{};
  write(header, bytes);
  return VlanView::parse(bytes)->header() == header;
}
static_assert(round_trips({5, true, 0xabc, kEtherTypeIpv6}));

TEST(Vlan, WhatIsWrittenIsRead) {
  Rng rng(1);
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(
        round_trips({static_cast<std::uint8_t>(rng.below(8)), any_bool(rng),
                     static_cast<std::uint16_t>(rng.below(4096)), any<std::uint16_t>(rng)}));
  }
}

TEST(Vlan, FieldsStandWhereIeee8021QPutsThem) {
  std::array<std::byte, VlanLayout::kSize> bytes{};
  write(VlanHeader{3, false, 100, kEtherTypeIpv4}, bytes);
  EXPECT_TRUE(std::ranges::equal(bytes, from_hex("6064 0800")));
  write(VlanHeader{0, true, VlanLayout::kIdPriorityOnly, kEtherTypeIpv4}, bytes);
  EXPECT_TRUE(std::ranges::equal(bytes, from_hex("1000 0800")));
}

TEST(Vlan, ATagThatIsCutOffIsRefused) {
  const std::vector<std::byte> tag(VlanLayout::kSize);
  for_each_truncation(tag, [](Bytes cut) {
    EXPECT_EQ(VlanView::parse(cut).error(), ParseError::kTooShort);
    EXPECT_EQ(parse_vlan_tags(kEtherTypeVlan, cut).error(), ParseError::kTooShort);
  });
}

TEST(Vlan, AnUntaggedFrameComesBackAsItIs) {
  const auto payload = from_hex("4500 0014");
  const auto tags = parse_vlan_tags(kEtherTypeIpv4, payload);
  ASSERT_TRUE(tags);
  EXPECT_EQ(tags->count, 0U);
  EXPECT_EQ(tags->type, kEtherTypeIpv4);
  EXPECT_EQ(tags->payload.data(), payload.data());
}

TEST(Vlan, TwoTagsAreReadOutermostFirst) {
  const auto frame = from_hex("ffffffffffff 020000000001 88a8 a00a 8100 0014 86dd 60");
  const auto ethernet = EthernetView::parse(frame);
  const auto tags = parse_vlan_tags(ethernet->type(), ethernet->payload());
  ASSERT_TRUE(tags);
  ASSERT_EQ(tags->count, 2U);
  EXPECT_EQ(tags->tags[0].tpid, kEtherTypeServiceVlan);
  EXPECT_EQ(tags->tags[0].header, (VlanHeader{5, false, 10, kEtherTypeVlan}));
  EXPECT_EQ(tags->tags[1].tpid, kEtherTypeVlan);
  EXPECT_EQ(tags->tags[1].header, (VlanHeader{0, false, 20, kEtherTypeIpv6}));
  EXPECT_EQ(tags->type, kEtherTypeIpv6);
  EXPECT_EQ(tags->payload.size(), 1U);
}

TEST(Vlan, AThirdTagIsLeftForTheCallerToRefuse) {
  const auto payload = from_hex("0001 9100 0002 8100 0003 0800");
  const auto tags = parse_vlan_tags(kEtherTypeServiceVlan, payload);
  ASSERT_TRUE(tags);
  EXPECT_EQ(tags->count, VlanTags::kMax);
  EXPECT_EQ(tags->type, kEtherTypeVlan);
  EXPECT_EQ(tags->payload.size(), 4U);
}

TEST(Vlan, TheSecondTagMayBeCutOff) {
  EXPECT_EQ(parse_vlan_tags(kEtherTypeVlan, from_hex("0001 8100 00")).error(),
            ParseError::kTooShort);
}

}  // namespace
}  // namespace strata::wire::vlan_test
