// SPDX-License-Identifier: Apache-2.0
// Neighbor discovery options: round trips, golden bytes, lists meant to break the walk.
#include "strata/wire/nd_options.h"

#include "wire/round_trip.h"

namespace strata::wire::nd_options_test {
namespace {

NdOptionView option_of(Bytes bytes) { return *NdOptionView::parse(bytes); }

// The law for an option of fixed size, and that write leaves no byte as it was.
template <typename Option>
void expect_option_round_trip(const Option& option, std::size_t size) {
  std::array<std::byte, 32> zeros{};
  std::array<std::byte, 32> ones{};
  ones.fill(std::byte{0xff});
  if constexpr (std::is_same_v<Option, RouteInformationOption>) {
    write(option, MutableBytes(zeros).first(size));
    write(option, MutableBytes(ones).first(size));
  } else if constexpr (std::is_same_v<Option, PrefixInformationOption>) {
    write(option, zeros);
    write(option, ones);
  } else {
    write(option, std::span(zeros).template first<8>());
    write(option, std::span(ones).template first<8>());
  }
  EXPECT_TRUE(std::equal(zeros.data(), zeros.data() + size, ones.data()));
  const auto parsed = Option::parse(option_of(Bytes(ones).first(size)));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(*parsed, option);
}

constexpr bool survives_constexpr() {
  constexpr MtuOption kOption{1500};
  std::array<std::byte, MtuLayout::kSize> bytes{};
  write(kOption, bytes);
  return *MtuOption::parse(*NdOptionView::parse(bytes)) == kOption;
}
static_assert(survives_constexpr());

TEST(NdOptions, ParseUndoesWriteForEveryOption) {
  Rng rng(11);
  for (int i = 0; i < kRounds; ++i) {
    const auto prefix =
        Prefix(any_unicast_v6(rng), static_cast<unsigned>(rng.below(129))).network();
    expect_option_round_trip(
        LinkLayerAddressOption{any_of(rng, NdOptionType::kSourceLinkLayerAddress,
                                      NdOptionType::kTargetLinkLayerAddress),
                               any_mac(rng)},
        8);
    expect_option_round_trip(MtuOption{any<std::uint32_t>(rng)}, 8);
    expect_option_round_trip(
        PrefixInformationOption{.prefix = prefix,
                                .on_link = any_bool(rng),
                                .autonomous = any_bool(rng),
                                .valid_lifetime_s = any<std::uint32_t>(rng),
                                .preferred_lifetime_s = any<std::uint32_t>(rng)},
        32);
    const RouteInformationOption route{prefix,
                                       any_of(rng, RouterPreference::kLow, RouterPreference::kHigh),
                                       any<std::uint32_t>(rng)};
    expect_option_round_trip(route, route.size());
  }
}

TEST(NdOptions, ReadsAKnownPrefixInformation) {
  const auto bytes =
      from_hex("03 04 40 c0 00278d00 00093a80 00000000 20010db800010000 00000000000000ff");
  const auto parsed = PrefixInformationOption::parse(option_of(bytes));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_TRUE(parsed->on_link);
  EXPECT_TRUE(parsed->autonomous);
  EXPECT_EQ(parsed->valid_lifetime_s, 2'592'000U);
  EXPECT_EQ(parsed->preferred_lifetime_s, 604'800U);
  // RFC 4861 4.6.2: what stands behind the prefix length is ignored.
  EXPECT_EQ(parsed->prefix, Prefix(IpAddress::v6(0x2001'0db8'0001'0000, 0), 64));
}

TEST(NdOptions, ReadsKnownRoutesOfEverySize) {
  const auto empty = from_hex("18 01 00 08 00000e10");
  const auto half = from_hex("18 02 30 18 00000e10 20010db80001ffff");
  const auto full = from_hex("18 03 80 00 ffffffff 20010db800010000 0000000000000001");
  EXPECT_EQ(
      *RouteInformationOption::parse(option_of(empty)),
      (RouteInformationOption{Prefix(IpAddress::any_v6(), 0), RouterPreference::kHigh, 3600}));
  EXPECT_EQ(*RouteInformationOption::parse(option_of(half)),
            (RouteInformationOption{Prefix(IpAddress::v6(0x2001'0db8'0001'0000, 0), 48),
                                    RouterPreference::kLow, 3600}));
  EXPECT_EQ(*RouteInformationOption::parse(option_of(full)),
            (RouteInformationOption{Prefix(IpAddress::v6(0x2001'0db8'0001'0000, 1), 128),
                                    RouterPreference::kMedium, kNdInfiniteLifetime}));
}

TEST(NdOptions, RefusesOptionsWhoseValuesCannotBe) {
  const auto route = [](const char* hex) {
    return RouteInformationOption::parse(option_of(from_hex(hex))).error();
  };
  EXPECT_EQ(route("18 01 01 00 00000000"), ParseError::kBadLength);  // a bit without its byte
  EXPECT_EQ(route("18 02 41 00 00000000 0000000000000000"), ParseError::kBadLength);
  EXPECT_EQ(route("18 03 81 00 00000000 0000000000000000 0000000000000000"), ParseError::kBadValue);
  EXPECT_EQ(route("18 04 00 00 00000000 0000000000000000 0000000000000000 0000000000000000"),
            ParseError::kBadLength);
  EXPECT_EQ(route("18 03 60 00 00000000 0000000000000000 0000ffff00000000"),
            ParseError::kBadValue);  // v4-mapped
  const auto prefix = [](const char* hex) {
    return PrefixInformationOption::parse(option_of(from_hex(hex))).error();
  };
  EXPECT_EQ(prefix("03 04 81 c0 00000000 00000000 00000000 20010db800010000 0000000000000000"),
            ParseError::kBadValue);
  EXPECT_EQ(prefix("03 04 60 c0 00000000 00000000 00000000 0000000000000000 0000ffff00000000"),
            ParseError::kBadValue);
  EXPECT_EQ(prefix("03 01 40 c0 00000000"), ParseError::kBadLength);
  EXPECT_EQ(prefix("05 01 0000 000005dc"), ParseError::kBadVersion);
}

// RFC 4191 2.3 MUST: a route with the reserved preference is ignored.
TEST(NdOptions, ARouteWithTheReservedPreferenceIsRefused) {
  const auto bytes = from_hex("18 01 00 10 00000e10");
  EXPECT_EQ(RouteInformationOption::parse(option_of(bytes)).error(), ParseError::kBadValue);
}

TEST(NdOptions, AnAddressOfAnotherLinkLayerIsNoMacAddress) {
  const auto bytes = from_hex("01 02 0001020304050607 000000000000");
  EXPECT_FALSE(
      NdOptions(bytes).link_layer_address(NdOptionType::kSourceLinkLayerAddress).has_value());
}

TEST(NdOptions, UnknownOptionsAreSteppedOver) {
  const auto bytes = from_hex(
      "fd 01 000000000000  c8 02 0000000000000000000000000000 "
      "05 01 0000 000005dc");
  const auto options = NdOptions::parse(bytes);
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(*MtuOption::parse(*options->find(NdOptionType::kMtu)), MtuOption{1500});
  EXPECT_FALSE(options->find(NdOptionType::kNonce).has_value());
}

TEST(NdOptions, TheFirstOfTwoCounts) {
  const auto bytes = from_hex("05 01 0000 000005dc 05 01 0000 00000500");
  EXPECT_EQ(*MtuOption::parse(*NdOptions(bytes).find(NdOptionType::kMtu)), MtuOption{1500});
}

TEST(NdOptions, AMalformedListIsRefusedAndTheWalkEndsAtTheDamage) {
  struct Case {
    const char* hex;
    int walked;
  };
  for (const Case& c :
       {Case{"05 00 0000 000005dc", 0}, Case{"05 02 0000 000005dc", 0}, Case{"05", 0},
        Case{"05 01 0000 0000", 0}, Case{"05 01 0000 000005dc 05 00 0000 000005dc", 1},
        Case{"05 01 0000 000005dc 01", 1}, Case{"05 01 0000 000005dc 01 ff 0000 00000000", 1}}) {
    const auto bytes = from_hex(c.hex);
    EXPECT_EQ(NdOptions::parse(bytes).error(), ParseError::kBadLength) << c.hex;
    int walked = 0;
    for (const NdOptionView option : NdOptions(bytes)) {
      walked += option.type() == NdOptionType::kMtu ? 1 : 0;
    }
    EXPECT_EQ(walked, c.walked) << c.hex;
  }
}

TEST(NdOptions, NoBytesLeadTheWalkAstray) {
  Rng rng(12);
  for (int i = 0; i < kRounds; ++i) {
    auto bytes = any_bytes(rng, rng.below(120));
    // Small lengths, so that walks get far.
    for (std::size_t at = 1; at < bytes.size(); at += 8) {
      bytes[at] = static_cast<std::byte>(rng.below(4));
    }
    std::size_t walked = 0;
    for (const NdOptionView option : NdOptions(bytes)) walked += option.bytes().size();
    EXPECT_LE(walked, bytes.size());
    EXPECT_EQ(NdOptions::parse(bytes).has_value(), walked == bytes.size());
  }
}

TEST(NdOptions, ARedirectedHeaderQuotesWhatFits) {
  Rng rng(13);
  const auto packet = any_bytes(rng, 21);
  std::array<std::byte, 64> out{};
  out.fill(std::byte{0xff});
  ASSERT_EQ(write_redirected_header(packet, out), 32U);  // 8 + 21, padded
  const auto whole = RedirectedHeaderView::parse(option_of(out));
  ASSERT_TRUE(whole.has_value());
  EXPECT_EQ(to_vector(whole->quoted()), concatenated({packet, from_hex("000000")}));
  ASSERT_EQ(write_redirected_header(packet, MutableBytes(out).first(23)), 16U);
  EXPECT_EQ(to_vector(RedirectedHeaderView::parse(option_of(out))->quoted()),
            to_vector(Bytes(packet).first(8)));
  EXPECT_EQ(write_redirected_header(packet, MutableBytes(out).first(7)), 0U);
  EXPECT_EQ(write_redirected_header({}, out), 8U);
}

TEST(NdOptions, ARedirectedHeaderNeverOutgrowsItsLengthField) {
  const std::vector<std::byte> packet(4000);
  std::vector<std::byte> out(4000);
  EXPECT_EQ(write_redirected_header(packet, out), 255U * 8U);
  EXPECT_EQ(option_of(out).bytes().size(), 255U * 8U);
}

TEST(NdOptions, ANonceComesBack) {
  const auto nonce = from_hex("010203040506");
  std::array<std::byte, 8> out{};
  write_nonce(nonce, out);
  EXPECT_EQ(to_vector(out), from_hex("0e01 010203040506"));
  EXPECT_EQ(to_vector(NonceView::parse(option_of(out))->nonce()), nonce);
  out[0] = std::byte{1};
  EXPECT_EQ(NonceView::parse(option_of(out)).error(), ParseError::kBadVersion);
}

}  // namespace
}  // namespace strata::wire::nd_options_test
