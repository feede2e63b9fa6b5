// SPDX-License-Identifier: Apache-2.0
// MLD 1 and 2: round trips, golden messages, versions told by length, truncation.
#include "strata/wire/mld.h"

#include "wire/round_trip.h"

namespace strata::wire::mld_test {
namespace {

constexpr IpAddress kGroup = IpAddress::v6(0xff02'0000'0000'0000, 0x1'0003);
constexpr std::string_view kGroupHex = "ff020000 00000000 00000000 00010003";

constexpr bool survives_constexpr() {
  constexpr MldHeader kHeader{Icmpv6Type::kMulticastListenerDone, 1, 2, kGroup};
  std::array<std::byte, MldLayout::kSize> bytes{};
  write(kHeader, bytes);
  return MldView::parse(bytes)->header() == kHeader;
}
static_assert(survives_constexpr());

std::vector<std::byte> message(const char* head, const char* tail = "") {
  return concatenated({from_hex(head), from_hex(kGroupHex), from_hex(tail)});
}

TEST(Mld, ParseUndoesWriteForEveryMessage) {
  Rng rng(9);
  for (int i = 0; i < kRounds; ++i) {
    expect_round_trip<MldView, 24>(MldHeader{
        any_of(rng, Icmpv6Type::kMulticastListenerReport, Icmpv6Type::kMulticastListenerDone),
        any<std::uint16_t>(rng), any<std::uint16_t>(rng), any_unicast_v6(rng)});
    expect_round_trip<MldQueryView, 28>(MldV2QueryHeader{
        .checksum = any<std::uint16_t>(rng),
        .max_response_code = any<std::uint16_t>(rng),
        .group = any_unicast_v6(rng),
        .suppress_router_processing = any_bool(rng),
        .robustness_variable = static_cast<std::uint8_t>(rng.below(8)),
        .query_interval_code = any<std::uint8_t>(rng),
        .source_count = 0,
    });
    expect_round_trip<MldV2ReportView, 8>(MldV2ReportHeader{any<std::uint16_t>(rng), 0});
  }
}

// RFC 3810 8.1 MUST: a query of 24 octets is version 1, of 28 and more version 2, others ignored.
TEST(Mld, TheLengthOfAQueryTellsItsVersion) {
  const auto whole = message("82 00 0000 9000 0000", "02 7d 0000");
  for_every_prefix(whole, [](Bytes bytes) {
    const auto view = MldQueryView::parse(bytes);
    EXPECT_EQ(view.has_value(), bytes.size() == 24 || bytes.size() == 28) << bytes.size();
    if (!view) return;
    EXPECT_EQ(view->version(), bytes.size() == 24 ? 1U : 2U);
    // RFC 3810 5.1.3: only version 2 has a float here.
    EXPECT_EQ(view->max_response_ms(), bytes.size() == 24 ? 0x9000U : 65'536U);
    EXPECT_EQ(view->query_interval_s(), bytes.size() == 24 ? 0U : 125U);
    EXPECT_EQ(view->group(), kGroup);
  });
}

TEST(Mld, ReadsAGroupAndSourceQuery) {
  const auto bytes =
      message("82 00 0000 03e8 0000", "0a 14 0001 20010db8 00000000 00000000 00000001");
  const auto view = MldQueryView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->max_response_ms(), 1000U);
  EXPECT_TRUE(view->suppress_router_processing());
  EXPECT_EQ(view->robustness_variable(), 2);
  ASSERT_EQ(view->sources().size(), 1U);
  EXPECT_EQ(view->sources()[0], IpAddress::v6(0x2001'0db8'0000'0000, 1));
}

TEST(Mld, ReadsAKnownVersion2Report) {
  const auto record = concatenated({from_hex("04 00 0000"), from_hex(kGroupHex)});
  const auto bytes = concatenated({from_hex("8f 00 1234 0000 0001"), record});
  const auto view = MldV2ReportView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->header(), (MldV2ReportHeader{0x1234, 1}));
  EXPECT_EQ((*view->records().begin()).header(),
            (GroupRecordHeader{.type = GroupRecordType::kChangeToExcludeMode, .group = kGroup}));
  expect_refused_below<MldV2ReportView>(bytes, bytes.size());
}

TEST(Mld, AGroupThatWouldPassForIpv4IsRefused) {
  const auto bytes = from_hex("83 00 0000 0000 0000 00000000 00000000 0000ffff e0000001");
  EXPECT_EQ(MldView::parse(bytes).error(), ParseError::kBadValue);
}

TEST(Mld, ViewsRefuseTheTypesOfTheOthers) {
  for (int type = 0; type < 256; ++type) {
    auto bytes = message("00 00 0000 0000 0000", "00 00 0000");
    bytes[0] = static_cast<std::byte>(type);
    EXPECT_EQ(MldView::parse(bytes).has_value(), type >= 130 && type <= 132) << type;
    EXPECT_EQ(MldQueryView::parse(bytes).has_value(), type == 130) << type;
    EXPECT_EQ(MldV2ReportView::parse(bytes).has_value(), type == 143) << type;
    EXPECT_EQ(is_mld(static_cast<Icmpv6Type>(type)), (type >= 130 && type <= 132) || type == 143);
  }
}

TEST(Mld, RefusesEveryTruncation) {
  expect_refused_below<MldView>(message("83 00 0000 0000 0000", "00"), 24);
}

TEST(Mld, AQueryWithMoreSourcesThanBytesIsRefused) {
  EXPECT_EQ(MldQueryView::parse(message("82 00 0000 0000 0000", "00 00 0001 2001")).error(),
            ParseError::kBadLength);
}

}  // namespace
}  // namespace strata::wire::mld_test
