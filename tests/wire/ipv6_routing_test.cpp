// SPDX-License-Identifier: Apache-2.0
#include "strata/wire/ipv6_routing.h"

#include <gtest/gtest.h>

#include "wire/random_values.h"

namespace strata::wire::ipv6_routing_test {
namespace {

constexpr IpAddress address_of(std::uint64_t low) {
  return IpAddress::v6(0x2001'0db8'0000'0000, low);
}
constexpr auto kAddress1 = "20010db8000000000000000000000001";
constexpr auto kAddress2 = "20010db8000000000000000000000002";

// A routing header in memory that outlives its view.
struct Routing {
  Routing(std::initializer_list<std::string_view> texts) : bytes(from_hex(texts)) {}
  [[nodiscard]] Ipv6RoutingView view() const { return *Ipv6RoutingView::parse(bytes); }
  std::vector<std::byte> bytes;
};

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
  const Routing routing{"1101 0302 fe500000 0a 0b0c 0000000000"};
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

TEST(Ipv6Routing, SegmentsAreListedWithTheirTlvs) {
  const Routing routing{"2905 0401 01 80 beef", kAddress1, kAddress2, "0106000000000000"};
  const auto view = Ipv6SegmentRouteView::parse(routing.view());
  ASSERT_TRUE(view);
  EXPECT_EQ(view->last_entry(), 1);
  EXPECT_EQ(view->flags(), 0x80);
  EXPECT_EQ(view->tag(), 0xbeef);
  ASSERT_EQ(view->segment_count(), 2U);
  EXPECT_EQ(view->segment(0), address_of(1));
  EXPECT_EQ(view->segment(1), address_of(2));
  EXPECT_EQ(view->tlvs().size(), 8U);
}

// RFC 8754 4.3.1.1: Segments Left beyond Last Entry + 1 is a parameter problem.
TEST(Ipv6Routing, SegmentListsThatLieAreRefused) {
  const Routing list{"2902 0400 01 00 0000", kAddress1};
  EXPECT_EQ(Ipv6SegmentRouteView::parse(list.view()).error(), ParseError::kBadLength);
  const Routing reduced{"2902 0401 00 00 0000", kAddress1};
  EXPECT_TRUE(Ipv6SegmentRouteView::parse(reduced.view()));
  const Routing left{"2902 0402 00 00 0000", kAddress1};
  EXPECT_EQ(Ipv6SegmentRouteView::parse(left.view()).error(), ParseError::kBadValue);
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
