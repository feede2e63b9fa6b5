// SPDX-License-Identifier: Apache-2.0
// IGMP 1 to 3: round trips, golden messages, versions told by length, truncation.
#include "strata/wire/igmp.h"

#include "wire/round_trip.h"

namespace strata::wire::igmp_test {
namespace {

constexpr bool survives_constexpr() {
  constexpr IgmpHeader kHeader{IgmpType::kV2LeaveGroup, 1, 2, IpAddress::v4(224, 0, 1, 1)};
  std::array<std::byte, IgmpLayout::kSize> bytes{};
  write(kHeader, bytes);
  return IgmpView::parse(bytes)->header() == kHeader;
}
static_assert(survives_constexpr());

TEST(Igmp, ParseUndoesWriteForEveryMessage) {
  Rng rng(8);
  for (int i = 0; i < kRounds; ++i) {
    expect_round_trip<IgmpView, 8>(IgmpHeader{static_cast<IgmpType>(any<std::uint8_t>(rng)),
                                              any<std::uint8_t>(rng), any<std::uint16_t>(rng),
                                              any_v4(rng)});
    expect_round_trip<IgmpQueryView, 12>(IgmpV3QueryHeader{
        .max_response_code = any<std::uint8_t>(rng),
        .checksum = any<std::uint16_t>(rng),
        .group = any_v4(rng),
        .suppress_router_processing = any_bool(rng),
        .robustness_variable = static_cast<std::uint8_t>(rng.below(8)),
        .query_interval_code = any<std::uint8_t>(rng),
        .source_count = 0,
    });
    expect_round_trip<IgmpV3ReportView, 8>(IgmpV3ReportHeader{any<std::uint16_t>(rng), 0});
  }
}

// RFC 3376 7.1 MUST: the length and max resp code of a query tell its version.
TEST(Igmp, TheLengthOfAQueryTellsItsVersion) {
  const auto v1 = from_hex("11 00 eeff 00000000");
  const auto v2 = from_hex("11 64 ee9b 00000000");
  const auto v3 = from_hex("11 64 ec1e 00000000 02 7d 0000");
  EXPECT_EQ(IgmpQueryView::parse(v1)->version(), 1U);
  EXPECT_EQ(IgmpQueryView::parse(v2)->version(), 2U);
  EXPECT_EQ(IgmpQueryView::parse(v3)->version(), 3U);
  EXPECT_EQ(IgmpQueryView::parse(v1)->max_response_ms(), 10'000U);
  EXPECT_EQ(IgmpQueryView::parse(v2)->max_response_ms(), 10'000U);
  EXPECT_EQ(IgmpQueryView::parse(v3)->max_response_ms(), 10'000U);
}

// RFC 3376 7.1 MUST: queries of 9 to 11 octets are silently ignored.
TEST(Igmp, AQueryOfALengthBetweenTheVersionsIsRefused) {
  const auto whole = from_hex("11 64 0000 00000000 02 7d 0000");
  for_every_prefix(whole, [](Bytes bytes) {
    const bool legal = bytes.size() == 8 || bytes.size() == 12;
    EXPECT_EQ(IgmpQueryView::parse(bytes).has_value(), legal) << bytes.size();
  });
}

// RFC 3376 4.1.1 MUST: a max resp code from 128 on is a float in version 3, and only there.
TEST(Igmp, TheMaxRespCodeIsAFloatInVersion3Only) {
  const auto v2 = from_hex("11 ff 0000 00000000");
  const auto v3 = from_hex("11 ff 0000 00000000 00 ff 0000");
  EXPECT_EQ(IgmpQueryView::parse(v2)->max_response_ms(), 25'500U);
  EXPECT_EQ(IgmpQueryView::parse(v3)->max_response_ms(), 3'174'400U);
  EXPECT_EQ(IgmpQueryView::parse(v3)->query_interval_s(), 31'744U);
}

TEST(Igmp, ReadsAGroupAndSourceQuery) {
  const auto bytes = from_hex("11 0a 0000 e8010203 0a 14 0002 0a000001 0a000002 ffff");
  const auto view = IgmpQueryView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_FALSE(view->is_general());
  EXPECT_EQ(view->group(), IpAddress::v4(232, 1, 2, 3));
  EXPECT_TRUE(view->suppress_router_processing());
  EXPECT_EQ(view->robustness_variable(), 2);
  EXPECT_EQ(view->query_interval_s(), 20U);
  ASSERT_EQ(view->sources().size(), 2U);
  EXPECT_EQ(view->sources()[1], IpAddress::v4(10, 0, 0, 2));
}

TEST(Igmp, AVersion2QueryHasNothingOfVersion3) {
  const auto bytes = from_hex("11 64 0000 e0000005");
  const auto view = IgmpQueryView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_FALSE(view->suppress_router_processing());
  EXPECT_EQ(view->robustness_variable(), 0);
  EXPECT_EQ(view->query_interval_s(), 0U);
  EXPECT_TRUE(view->sources().empty());
  EXPECT_EQ(view->header(),
            (IgmpV3QueryHeader{.max_response_code = 100, .group = IpAddress::v4(224, 0, 0, 5)}));
}

TEST(Igmp, ReadsAKnownVersion3Report) {
  const auto bytes = from_hex(
      "22 00 1234 0000 0002 "
      "04 00 0000 e00000fb "
      "05 00 0001 e8010203 0a000001");
  const auto view = IgmpV3ReportView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->header(), (IgmpV3ReportHeader{0x1234, 2}));
  auto record = view->records().begin();
  EXPECT_EQ((*record).type(), GroupRecordType::kChangeToExcludeMode);
  EXPECT_EQ((*record).group(), IpAddress::v4(224, 0, 0, 251));
  EXPECT_TRUE((*record).sources().empty());
  ++record;
  EXPECT_EQ((*record).type(), GroupRecordType::kAllowNewSources);
  EXPECT_EQ((*record).sources()[0], IpAddress::v4(10, 0, 0, 1));
  ++record;
  EXPECT_EQ(record, view->records().end());
}

TEST(Igmp, RefusesEveryTruncation) {
  expect_refused_below<IgmpView>(from_hex("16 00 0000 e0000005 00"), 8);
  expect_refused_below<IgmpV3ReportView>(
      from_hex("22 00 0000 0000 0002 04 00 0000 e00000fb 05 01 0001 e8010203 0a000001 00000000"),
      32);
  const auto query = from_hex("11 0a 0000 e8010203 0a 14 0002 0a000001 0a000002");
  for_every_prefix(query, [](Bytes bytes) {
    const bool legal = bytes.size() == 8 || bytes.size() == 20;
    EXPECT_EQ(IgmpQueryView::parse(bytes).has_value(), legal) << bytes.size();
  });
}

TEST(Igmp, ViewsRefuseTheTypesOfTheOthers) {
  EXPECT_EQ(IgmpQueryView::parse(from_hex("16 00 0000 00000000")).error(), ParseError::kBadVersion);
  EXPECT_EQ(IgmpV3ReportView::parse(from_hex("11 00 0000 00000000")).error(),
            ParseError::kBadVersion);
}

}  // namespace
}  // namespace strata::wire::igmp_test
