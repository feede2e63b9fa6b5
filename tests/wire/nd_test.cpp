// SPDX-License-Identifier: Apache-2.0
// Neighbor discovery messages: round trips, golden messages, what parse must refuse.
#include "strata/wire/nd.h"

#include "wire/round_trip.h"

namespace strata::wire::nd_test {
namespace {

constexpr std::string_view kSlla = "01 01 020000000001";

constexpr bool survives_constexpr() {
  constexpr NeighborAdvertisementHeader kHeader{1, true, false, true, IpAddress::v6(2, 3)};
  std::array<std::byte, NeighborAdvertisementLayout::kSize> bytes{};
  write(kHeader, bytes);
  return NeighborAdvertisementView::parse(bytes)->header() == kHeader;
}
static_assert(survives_constexpr());

// Each message with an option behind it, as it goes over the wire.
std::vector<std::byte> router_solicitation() {
  return concatenated({from_hex("85 00 0001 00000000"), from_hex(kSlla)});
}
std::vector<std::byte> router_advertisement() {
  return concatenated({from_hex("86 00 0001 40 c8 0708 00007530 000003e8"), from_hex(kSlla)});
}
std::vector<std::byte> neighbor_solicitation() {
  return concatenated(
      {from_hex("87 00 0001 00000000 fe80000000000000 0000000000000002"), from_hex(kSlla)});
}
std::vector<std::byte> neighbor_advertisement() {
  return concatenated({from_hex("88 00 0001 60000000 fe80000000000000 0000000000000002"),
                       from_hex("02 01 020000000002")});
}
std::vector<std::byte> redirect() {
  return concatenated({from_hex("89 00 0001 00000000"),
                       from_hex("fe80000000000000 0000000000000063"),
                       from_hex("20010db800000000 0000000000000001"),
                       from_hex("04 02 000000000000 60000000 0000 3a ff")});
}

TEST(NeighborDiscovery, ParseUndoesWriteForEveryMessage) {
  Rng rng(10);
  const auto u16 = [&] { return any<std::uint16_t>(rng); };
  const auto u32 = [&] { return any<std::uint32_t>(rng); };
  constexpr std::array kPreferences{RouterPreference::kLow, RouterPreference::kMedium,
                                    RouterPreference::kHigh};
  for (int i = 0; i < kRounds; ++i) {
    expect_round_trip<RouterSolicitationView, 8>(RouterSolicitationHeader{u16()});
    expect_round_trip<RouterAdvertisementView, 16>(RouterAdvertisementHeader{
        .checksum = u16(),
        .cur_hop_limit = any<std::uint8_t>(rng),
        .managed = any_bool(rng),
        .other_configuration = any_bool(rng),
        .home_agent = any_bool(rng),
        .proxy = any_bool(rng),
        .preference = kPreferences[rng.below(3)],
        .router_lifetime_s = u16(),
        .reachable_time_ms = u32(),
        .retrans_timer_ms = u32(),
    });
    const IpAddress address = any_unicast_v6(rng);
    expect_round_trip<NeighborSolicitationView, 24>(NeighborSolicitationHeader{u16(), address});
    expect_round_trip<NeighborAdvertisementView, 24>(
        NeighborAdvertisementHeader{u16(), any_bool(rng), any_bool(rng), any_bool(rng), address});
    const IpAddress router = IpAddress::v6(0xfe80'0000'0000'0000, rng.next());
    expect_round_trip<NdRedirectView, 40>(
        NdRedirectHeader{u16(), any_of(rng, address, router), address});
  }
}

TEST(NeighborDiscovery, ReadsAKnownRouterAdvertisement) {
  const auto bytes = router_advertisement();
  const auto view = RouterAdvertisementView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->header(), (RouterAdvertisementHeader{
                                .checksum = 1,
                                .cur_hop_limit = 64,
                                .managed = true,
                                .other_configuration = true,
                                .preference = RouterPreference::kHigh,
                                .router_lifetime_s = 1800,
                                .reachable_time_ms = 30'000,
                                .retrans_timer_ms = 1000,
                            }));
  EXPECT_EQ(view->options().link_layer_address(NdOptionType::kSourceLinkLayerAddress),
            MacAddress::from_value(0x0200'0000'0001));
}

// RFC 4191 2.2 MUST: the reserved preference is treated as medium.
TEST(NeighborDiscovery, TheReservedPreferenceOfARouterIsMedium) {
  const auto bytes = from_hex("86 00 0001 40 10 0708 00000000 00000000");
  EXPECT_EQ(RouterAdvertisementView::parse(bytes)->header().preference, RouterPreference::kMedium);
}

TEST(NeighborDiscovery, ReadsAKnownSolicitationAndItsAnswer) {
  const auto asked_bytes = neighbor_solicitation();
  const auto asked = NeighborSolicitationView::parse(asked_bytes);
  ASSERT_TRUE(asked.has_value());
  EXPECT_EQ(asked->target(), IpAddress::v6(0xfe80'0000'0000'0000, 2));
  const auto told_bytes = neighbor_advertisement();
  const auto told = NeighborAdvertisementView::parse(told_bytes);
  ASSERT_TRUE(told.has_value());
  EXPECT_FALSE(told->router());
  EXPECT_TRUE(told->solicited());
  EXPECT_TRUE(told->override_cached());
  EXPECT_EQ(told->options().link_layer_address(NdOptionType::kTargetLinkLayerAddress),
            MacAddress::from_value(0x0200'0000'0002));
}

TEST(NeighborDiscovery, ReadsAKnownRedirectWithWhatItQuotes) {
  const auto bytes = redirect();
  const auto view = NdRedirectView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->target(), IpAddress::v6(0xfe80'0000'0000'0000, 0x63));
  EXPECT_EQ(view->destination(), IpAddress::v6(0x2001'0db8'0000'0000, 1));
  const auto option = view->options().find(NdOptionType::kRedirectedHeader);
  ASSERT_TRUE(option.has_value());
  EXPECT_EQ(to_vector(RedirectedHeaderView::parse(*option)->quoted()),
            from_hex("60000000 00003aff"));
}

template <typename View>
void expect_common_checks(const std::vector<std::byte>& good, std::size_t header_size) {
  ASSERT_TRUE(View::parse(good).has_value());
  auto wrong_code = good;
  wrong_code[1] = std::byte{1};
  EXPECT_EQ(View::parse(wrong_code).error(), ParseError::kBadValue);
  auto wrong_type = good;
  wrong_type[0] = std::byte{0x80};
  EXPECT_EQ(View::parse(wrong_type).error(), ParseError::kBadVersion);
  auto no_length = good;
  no_length[header_size + 1] = std::byte{0};
  EXPECT_EQ(View::parse(no_length).error(), ParseError::kBadLength);
  for_every_prefix(good, [&](Bytes bytes) {
    const bool whole = bytes.size() == header_size || bytes.size() == good.size();
    EXPECT_EQ(View::parse(bytes).has_value(), whole) << bytes.size();
  });
}

// RFC 4861 6.1.1 MUST: a solicitation with a bad code, length or option length is discarded.
TEST(NeighborDiscovery, RefusesMalformedRouterSolicitations) {
  expect_common_checks<RouterSolicitationView>(router_solicitation(), 8);
}
// RFC 4861 6.1.2 MUST: an advertisement with a bad code, length or option length is discarded.
TEST(NeighborDiscovery, RefusesMalformedRouterAdvertisements) {
  expect_common_checks<RouterAdvertisementView>(router_advertisement(), 16);
}
// RFC 4861 7.1.1 MUST: a solicitation with a bad code, length or option length is discarded.
TEST(NeighborDiscovery, RefusesMalformedNeighborSolicitations) {
  expect_common_checks<NeighborSolicitationView>(neighbor_solicitation(), 24);
}
// RFC 4861 7.1.2 MUST: an advertisement with a bad code, length or option length is discarded.
TEST(NeighborDiscovery, RefusesMalformedNeighborAdvertisements) {
  expect_common_checks<NeighborAdvertisementView>(neighbor_advertisement(), 24);
}
// RFC 4861 8.1 MUST: a redirect with a bad code, length or option length is discarded.
TEST(NeighborDiscovery, RefusesMalformedRedirects) {
  expect_common_checks<NdRedirectView>(redirect(), 40);
}

// RFC 4861 7.1.1 MUST: the target of a solicitation is not multicast; 7.1.2 of advertisements.
TEST(NeighborDiscovery, RefusesMulticastAndMappedTargets) {
  for (const auto* target :
       {"ff02000000000000 0000000000000001", "0000000000000000 0000ffff0a000001"}) {
    const auto asked = concatenated({from_hex("87 00 0001 00000000"), from_hex(target)});
    EXPECT_EQ(NeighborSolicitationView::parse(asked).error(), ParseError::kBadValue);
    const auto told = concatenated({from_hex("88 00 0001 00000000"), from_hex(target)});
    EXPECT_EQ(NeighborAdvertisementView::parse(told).error(), ParseError::kBadValue);
  }
}

// RFC 4861 8.1 MUST: a redirect's destination is unicast, its target a router or the destination.
TEST(NeighborDiscovery, RefusesRedirectsToStrangePlaces) {
  struct Case {
    const char* target;
    const char* destination;
    bool good;
  };
  constexpr const char* kRouter = "fe80000000000000 0000000000000001";
  constexpr const char* kGlobal = "20010db800000000 0000000000000001";
  constexpr const char* kOther = "20010db800000000 0000000000000002";
  constexpr const char* kGroup = "ff02000000000000 0000000000000001";
  constexpr const char* kMapped = "0000000000000000 0000ffffa9fe0001";
  for (const Case& c :
       {Case{kRouter, kGlobal, true}, Case{kGlobal, kGlobal, true}, Case{kOther, kGlobal, false},
        Case{kRouter, kGroup, false}, Case{kGroup, kGroup, false}, Case{kMapped, kGlobal, false},
        Case{kMapped, kMapped, false}}) {
    const auto bytes = concatenated(
        {from_hex("89 00 0001 00000000"), from_hex(c.target), from_hex(c.destination)});
    EXPECT_EQ(NdRedirectView::parse(bytes).has_value(), c.good) << c.target << c.destination;
  }
}

TEST(NeighborDiscovery, KnowsItsTypes) {
  for (int type = 0; type < 256; ++type) {
    EXPECT_EQ(is_neighbor_discovery(static_cast<Icmpv6Type>(type)), type >= 133 && type <= 137);
  }
}

}  // namespace
}  // namespace strata::wire::nd_test
