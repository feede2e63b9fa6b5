// SPDX-License-Identifier: Apache-2.0
#include "strata/wire/ipv6_segment_routing.h"

#include "wire/routing_headers.h"

namespace strata::wire::ipv6_segment_routing_test {
namespace {

static_assert(route_round_trips<Ipv6SegmentRouteView>(Ipv6SegmentRouteHeader{kIpProtocolUdp, 48, 1,
                                                                             1, 0x80, 0xbeef}));
static_assert(route_round_trips<Ipv6SegmentRouteView>(Ipv6SegmentRouteHeader{}));

TEST(Ipv6SegmentRouting, WhatIsWrittenIsRead) {
  Rng rng(1);
  for (int round = 0; round < kRounds; ++round) {
    const std::size_t count = rng.below(127) + 1;
    const std::size_t tlvs = rng.below(256 - (2 * count)) * 8;
    expect_round_trip<FromBytes<Ipv6SegmentRouteView>, Ipv6RoutingLayout::kSize, kRoutingSizeMax>(
        Ipv6SegmentRouteHeader{
            .next_header = any<std::uint8_t>(rng),
            .header_length = static_cast<std::uint16_t>(8 + (count * 16) + tlvs),
            .segments_left = static_cast<std::uint8_t>(rng.below(count + 1)),
            .last_entry = static_cast<std::uint8_t>(count - 1),
            .flags = any<std::uint8_t>(rng),
            .tag = any<std::uint16_t>(rng),
        });
  }
}

TEST(Ipv6SegmentRouting, WhatIsReadAndWrittenAgainIsHowItBegan) {
  const Routing routing{"2905 0401 01 80 beef", kAddress1, kAddress2, "0106000000000000"};
  expect_same_bytes<FromBytes<Ipv6SegmentRouteView>, Ipv6RoutingLayout::kSize>(routing.bytes);
}

TEST(Ipv6SegmentRouting, EveryTruncationIsRefused) {
  const Routing routing{"2905 0401 01 80 beef", kAddress1, kAddress2, "0106000000000000"};
  expect_refused_below<FromBytes<Ipv6SegmentRouteView>>(routing.bytes, routing.bytes.size());
}

TEST(Ipv6SegmentRouting, SegmentsAreListedWithTheirTlvs) {
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
TEST(Ipv6SegmentRouting, SegmentListsThatLieAreRefused) {
  const Routing list{"2902 0400 01 00 0000", kAddress1};
  EXPECT_EQ(Ipv6SegmentRouteView::parse(list.view()).error(), ParseError::kBadLength);
  const Routing reduced{"2902 0401 00 00 0000", kAddress1};
  EXPECT_TRUE(Ipv6SegmentRouteView::parse(reduced.view()));
  const Routing left{"2902 0402 00 00 0000", kAddress1};
  EXPECT_EQ(Ipv6SegmentRouteView::parse(left.view()).error(), ParseError::kBadValue);
}

}  // namespace
}  // namespace strata::wire::ipv6_segment_routing_test
