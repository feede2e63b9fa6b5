// SPDX-License-Identifier: Apache-2.0
#include "strata/wire/ipv6_routing.h"

#include "strata/wire/ipv6_segment_routing.h"
#include "wire/routing_headers.h"

namespace strata::wire::ipv6_routing_test {
namespace {

constexpr std::string_view kRplRoute = "1101 0302 fe500000 0a 0b0c 0000000000";

constexpr bool round_trips(const Ipv6RoutingHeader& header) {
  std::array<std::byte, 24> bytes{};
  write(header, MutableBytes(bytes).first<Ipv6RoutingLayout::kCommonSize>());
  return Ipv6RoutingView::parse(bytes)->header() == header;
}
static_assert(round_trips(Ipv6RoutingHeader{kIpProtocolUdp, 24, 0xfe, 3}));
static_assert(route_round_trips<Ipv6SourceRouteView>(Ipv6SourceRouteHeader{
    kIpProtocolUdp, 40, Ipv6RoutingLayout::kTypeSource, 2}));
static_assert(route_round_trips<Ipv6RplRouteView>(Ipv6RplRouteHeader{kIpProtocolUdp, 16, 2, 15, 14,
                                                                     5}));
static_assert(route_round_trips<Ipv6SourceRouteView>(Ipv6SourceRouteHeader{}));
static_assert(route_round_trips<Ipv6RplRouteView>(Ipv6RplRouteHeader{}));

// Any that the parser takes: `count` addresses, and padding to a multiple of eight, or eight more.
Ipv6RplRouteHeader any_rpl_route(Rng& rng) {
  Ipv6RplRouteHeader header{.next_header = any<std::uint8_t>(rng),
                            .shared_bytes = static_cast<std::uint8_t>(rng.below(16)),
                            .shared_bytes_last = static_cast<std::uint8_t>(rng.below(16))};
  const std::size_t count = rng.below(120) + 1;
  const std::size_t addresses =
      ((count - 1) * (16U - header.shared_bytes)) + (16U - header.shared_bytes_last);
  const std::size_t padding = ((8 - (addresses % 8)) % 8) + (any_bool(rng) ? 8 : 0);
  header.padding = static_cast<std::uint8_t>(padding);
  header.header_length = static_cast<std::uint16_t>(8 + addresses + padding);
  header.segments_left = static_cast<std::uint8_t>(rng.below(count + 1));
  return header;
}

TEST(Ipv6Routing, WhatAllTypesShareIsReadAsItWasWritten) {
  Rng rng(1);
  for (int round = 0; round < kRounds; ++round) {
    const auto length = static_cast<std::uint16_t>((rng.below(256) + 1) * 8);
    expect_round_trip<Ipv6RoutingView, Ipv6RoutingLayout::kCommonSize, kRoutingSizeMax>(
        Ipv6RoutingHeader{any<std::uint8_t>(rng), length, any<std::uint8_t>(rng),
                          any<std::uint8_t>(rng)});
    expect_same_bytes<Ipv6RoutingView, Ipv6RoutingLayout::kCommonSize>(
        any_bytes(rng, kRoutingSizeMax));
  }
}

TEST(Ipv6Routing, ASourceRouteThatIsWrittenIsRead) {
  Rng rng(2);
  for (int round = 0; round < kRounds; ++round) {
    const std::size_t count = rng.below(128);
    const auto length = static_cast<std::uint16_t>(8 + (count * 16));
    const auto left = static_cast<std::uint8_t>(rng.below(count + 1));
    expect_round_trip<FromBytes<Ipv6SourceRouteView>, Ipv6RoutingLayout::kSize, kRoutingSizeMax>(
        Ipv6SourceRouteHeader{any<std::uint8_t>(rng), length, Ipv6RoutingLayout::kTypeSource,
                              left});
    expect_round_trip<FromBytes<Ipv6SourceRouteView>, Ipv6RoutingLayout::kSize, kRoutingSizeMax>(
        Ipv6SourceRouteHeader{any<std::uint8_t>(rng), 24, Ipv6RoutingLayout::kTypeMobile, 1});
  }
}

TEST(Ipv6Routing, AnRplRouteThatIsWrittenIsRead) {
  Rng rng(3);
  for (int round = 0; round < kRounds; ++round) {
    expect_round_trip<FromBytes<Ipv6RplRouteView>, Ipv6RoutingLayout::kSize, kRoutingSizeMax>(
        any_rpl_route(rng));
  }
}

TEST(Ipv6Routing, WhatIsReadAndWrittenAgainIsHowItBegan) {
  const Routing source{"1104 0001 00000000", kAddress1, kAddress2};
  expect_same_bytes<FromBytes<Ipv6SourceRouteView>, Ipv6RoutingLayout::kSize>(source.bytes);
  const Routing mobile{"1102 0201 00000000", kAddress1};
  expect_same_bytes<FromBytes<Ipv6SourceRouteView>, Ipv6RoutingLayout::kSize>(mobile.bytes);
  const Routing rpl{kRplRoute};
  expect_same_bytes<FromBytes<Ipv6RplRouteView>, Ipv6RoutingLayout::kSize>(rpl.bytes);
}

// RFC 6554 3 MUST: the sender sets the reserved field to zero, the receiver ignores it.
TEST(Ipv6Routing, ReservedBitsAreIgnoredAndNotSentAgain) {
  const Routing rpl{"1101 0302 fe5fffff 0a 0b0c 0000000000"};
  std::array<std::byte, Ipv6RoutingLayout::kSize> out{};
  out.fill(std::byte{0xff});
  write(Ipv6RplRouteView::parse(rpl.view())->header(), out);
  EXPECT_EQ(to_vector(out), from_hex("1101 0302 fe500000"));
  const Routing source{"1102 0001 ffffffff", kAddress1};
  write(Ipv6SourceRouteView::parse(source.view())->header(), out);
  EXPECT_EQ(to_vector(out), from_hex("1102 0001 00000000"));
}

TEST(Ipv6Routing, NoTypeIsReadFromAHeaderThatIsCutOff) {
  const Routing source{"1104 0001 00000000", kAddress1, kAddress2};
  expect_refused_below<FromBytes<Ipv6SourceRouteView>>(source.bytes, source.bytes.size());
  const Routing mobile{"1102 0201 00000000", kAddress1};
  expect_refused_below<FromBytes<Ipv6SourceRouteView>>(mobile.bytes, mobile.bytes.size());
  const Routing rpl{kRplRoute};
  expect_refused_below<FromBytes<Ipv6RplRouteView>>(rpl.bytes, rpl.bytes.size());
}

TEST(Ipv6Routing, TheLengthFieldCutsTheHeaderOff) {
  const auto bytes = from_hex("1101 fe02 00000000 0000000000000000 ffff");
  const auto view = Ipv6RoutingView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->next_header(), 17);
  EXPECT_EQ(view->type(), 0xfe);
  EXPECT_EQ(view->segments_left(), 2);
  EXPECT_EQ(view->bytes().size(), 16U);
  for_each_truncation(view->bytes(), [](Bytes cut) {
    EXPECT_EQ(Ipv6RoutingView::parse(cut).error(),
              cut.size() < 8 ? ParseError::kTooShort : ParseError::kBadLength);
  });
}

TEST(Ipv6Routing, TypeZeroListsItsAddresses) {
  const Routing routing{"1104 0001 00000000", kAddress1, kAddress2};
  const auto view = Ipv6SourceRouteView::parse(routing.view());
  ASSERT_TRUE(view);
  EXPECT_EQ(view->address_count(), 2U);
  EXPECT_EQ(view->address(0), address_of(1));
  EXPECT_EQ(view->address(1), address_of(2));
}

TEST(Ipv6Routing, TypeTwoHasOneAddressAndOneSegmentLeft) {
  const Routing routing{"1102 0201 00000000", kAddress1};
  EXPECT_EQ(Ipv6SourceRouteView::parse(routing.view())->address(0), address_of(1));
  const Routing none_left{"1102 0200 00000000", kAddress1};
  EXPECT_EQ(Ipv6SourceRouteView::parse(none_left.view()).error(), ParseError::kBadValue);
  const Routing two{"1104 0201 00000000", kAddress1, kAddress2};
  EXPECT_EQ(Ipv6SourceRouteView::parse(two.view()).error(), ParseError::kBadLength);
}

TEST(Ipv6Routing, TypeZeroWithHalfAnAddressOrTooManyLeftIsRefused) {
  const Routing odd{"1101 0000 00000000 0000000000000000"};
  EXPECT_EQ(Ipv6SourceRouteView::parse(odd.view()).error(), ParseError::kBadLength);
  const Routing left{"1102 0002 00000000", kAddress1};
  EXPECT_EQ(Ipv6SourceRouteView::parse(left.view()).error(), ParseError::kBadValue);
}

TEST(Ipv6Routing, RplAddressesBorrowTheSharedBytesOfTheDestination) {
  // Fifteen bytes shared by all but the last address, fourteen by the last; one address of one
  // byte, one of two, five bytes of padding.
  const Routing routing{kRplRoute};
  const auto view = Ipv6RplRouteView::parse(routing.view());
  ASSERT_TRUE(view);
  ASSERT_EQ(view->address_count(), 2U);
  EXPECT_EQ(view->address(0, address_of(0x0102)), address_of(0x010a));
  EXPECT_EQ(view->address(1, address_of(0x0102)), address_of(0x0b0c));
}

TEST(Ipv6Routing, RplLengthsThatDoNotComeOutAreRefused) {
  const Routing uneven{"1101 0301 ce600000 0000000000000000"};  // 4-byte addresses, 2-byte last
  EXPECT_TRUE(Ipv6RplRouteView::parse(uneven.view()));
  const Routing shifted{"1101 0301 ce500000 0000000000000000"};
  EXPECT_EQ(Ipv6RplRouteView::parse(shifted.view()).error(), ParseError::kBadLength);
  const Routing empty{"1100 0301 00000000"};
  EXPECT_EQ(Ipv6RplRouteView::parse(empty.view()).error(), ParseError::kBadLength);
  const Routing left{"1101 0303 fe500000 0a 0b0c 0000000000"};
  EXPECT_EQ(Ipv6RplRouteView::parse(left.view()).error(), ParseError::kBadValue);
}

TEST(Ipv6Routing, EachViewTakesItsOwnTypeOnly) {
  for (unsigned type = 0; type < 256; ++type) {
    std::vector<std::byte> bytes(24);
    bytes[1] = std::byte{2};
    bytes[2] = static_cast<std::byte>(type);
    bytes[3] = std::byte{1};
    const auto view = Ipv6RoutingView::parse(bytes);
    EXPECT_EQ(Ipv6SourceRouteView::parse(*view).has_value(), type == 0 || type == 2);
    EXPECT_EQ(Ipv6RplRouteView::parse(*view).has_value(), type == 3);
    EXPECT_EQ(Ipv6SegmentRouteView::parse(*view).has_value(), type == 4);
  }
}

}  // namespace
}  // namespace strata::wire::ipv6_routing_test
