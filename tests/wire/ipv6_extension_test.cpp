// SPDX-License-Identifier: Apache-2.0
#include "strata/wire/ipv6_extension.h"

#include "wire/round_trip.h"

namespace strata::wire::ipv6_extension_test {
namespace {

constexpr bool round_trips(const Ipv6FragmentHeader& header) {
  std::array<std::byte, Ipv6FragmentLayout::kSize> bytes{};
  write(header, bytes);
  return Ipv6FragmentView::parse(bytes)->header() == header;
}
constexpr bool round_trips(const Ipv6ExtensionHeader& header) {
  std::array<std::byte, 24> bytes{};
  write(header, MutableBytes(bytes).first<Ipv6ExtensionLayout::kSize>());
  return Ipv6OptionsView::parse(bytes)->header() == header;
}
static_assert(round_trips(Ipv6FragmentHeader{kIpProtocolUdp, 1448, true, 0xdeadbeef}));
static_assert(round_trips(Ipv6ExtensionHeader{kIpProtocolUdp, 24}));

constexpr std::string_view kUdpNext = "11";
constexpr std::string_view kEmptyOptions = "00 0104 00000000";  // the rest of an eight-byte header

TEST(Ipv6Extension, AFragmentHeaderThatIsWrittenIsRead) {
  Rng rng(1);
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(round_trips(Ipv6FragmentHeader{
        any<std::uint8_t>(rng), static_cast<std::uint16_t>(any<std::uint16_t>(rng) & 0xfff8),
        any_bool(rng), any<std::uint32_t>(rng)}));
  }
}

TEST(Ipv6Extension, AFragmentHeaderLooksAsRfc8200Says) {
  std::array<std::byte, Ipv6FragmentLayout::kSize> bytes{};
  write(Ipv6FragmentHeader{kIpProtocolUdp, 1448, true, 0x01020304}, bytes);
  EXPECT_TRUE(std::ranges::equal(bytes, from_hex("1100 05a9 01020304")));
  EXPECT_FALSE(Ipv6FragmentView::parse(bytes)->is_atomic());
  write(Ipv6FragmentHeader{kIpProtocolUdp, 0, false, 7}, bytes);
  EXPECT_TRUE(Ipv6FragmentView::parse(bytes)->is_atomic());
}

TEST(Ipv6Extension, WhatExtensionHeadersShareIsReadAsItWasWritten) {
  Rng rng(3);
  for (int round = 0; round < kRounds; ++round) {
    const auto length = static_cast<std::uint16_t>((rng.below(256) + 1) * 8);
    expect_round_trip<Ipv6OptionsView, Ipv6ExtensionLayout::kSize, 2048>(
        Ipv6ExtensionHeader{any<std::uint8_t>(rng), length});
    auto bytes = any_bytes(rng, 2048);
    expect_same_bytes<Ipv6OptionsView, Ipv6ExtensionLayout::kSize>(bytes);
  }
}

TEST(Ipv6Extension, AnExtensionHeaderLooksAsRfc8200Says) {
  std::array<std::byte, Ipv6ExtensionLayout::kSize> bytes{};
  write(Ipv6ExtensionHeader{kIpProtocolUdp, 24}, bytes);
  EXPECT_EQ(to_vector(bytes), from_hex("1102"));
  write(Ipv6ExtensionHeader{}, bytes);
  EXPECT_EQ(to_vector(bytes), from_hex("3b00"));
}

TEST(Ipv6Extension, AnExtensionHeaderThatIsCutOffIsRefused) {
  const auto bytes = from_hex("1101 010c 00000000 0000000000000000");
  ASSERT_TRUE(Ipv6OptionsView::parse(bytes));
  for_each_truncation(bytes, [](Bytes cut) {
    EXPECT_EQ(Ipv6OptionsView::parse(cut).error(),
              cut.size() < 8 ? ParseError::kTooShort : ParseError::kBadLength);
  });
  for_each_truncation(from_hex("1100 0001 00000007"), [](Bytes cut) {
    EXPECT_EQ(Ipv6FragmentView::parse(cut).error(), ParseError::kTooShort);
  });
}

TEST(Ipv6Extension, APacketWithoutExtensionsIsItsUpperLayer) {
  const auto payload = from_hex("0035 0035 0008 0000");
  const auto upper = find_upper_layer(kIpProtocolUdp, payload);
  EXPECT_EQ(upper.end, Ipv6ChainEnd::kUpperLayer);
  EXPECT_EQ(upper.protocol, kIpProtocolUdp);
  EXPECT_EQ(upper.offset, 0U);
  EXPECT_EQ(upper.payload.size(), 8U);
  Ipv6ChainWalker walker(kIpProtocolUdp, payload);
  EXPECT_FALSE(walker.end());
  EXPECT_FALSE(walker.next());
  EXPECT_FALSE(walker.next_header_offset());
}

// RFC 8200 4.1 MUST: extension headers are taken in any order, each as many times as it occurs.
TEST(Ipv6Extension, EveryHeaderOfTheRecommendedOrderIsYielded) {
  const auto bytes = from_hex({"3c", kEmptyOptions,                         // hop-by-hop
                               "2b", kEmptyOptions,                         // destination options
                               "2c 00 fe00 00000000",                       // routing
                               "33 00 0000 00000007",                       // fragment, atomic
                               "8b 01 0000 00000001 00000001",              // AH
                               "87 00 11 00 00000000",                      // HIP
                               "8c 00 0000 00000000",                       // mobility
                               "3c 00 8000 00000000",                       // shim6
                               kUdpNext, kEmptyOptions, "00350035 0008"});  // destination options
  const std::uint8_t types[] = {0, 60, 43, 44, 51, 139, 135, 140, 60};
  Ipv6ChainWalker walker(kIpProtocolHopByHop, bytes, {.headers = 9});
  std::size_t at = 0;
  for (const std::uint8_t type : types) {
    const auto link = walker.next();
    ASSERT_TRUE(link) << int{type};
    EXPECT_EQ(link->type, type);
    EXPECT_EQ(link->offset, at);
    EXPECT_EQ(link->bytes.size(), type == kIpProtocolAh ? 12U : 8U);
    EXPECT_EQ(walker.next_header_offset(), at);
    at += link->bytes.size();
  }
  EXPECT_FALSE(walker.next());
  EXPECT_EQ(walker.end(), Ipv6ChainEnd::kUpperLayer);
  EXPECT_EQ(walker.protocol(), kIpProtocolUdp);
  EXPECT_EQ(walker.offset(), at);
  EXPECT_EQ(walker.payload().size(), 6U);
  EXPECT_EQ(walker.fragment()->identification, 7U);
}

// RFC 8200 4.3 MUST: hop-by-hop options stand directly after the IPv6 header.
TEST(Ipv6Extension, HopByHopAnywhereElseIsNotRecognised) {
  const auto bytes = from_hex({"00", kEmptyOptions, kUdpNext, kEmptyOptions});
  Ipv6ChainWalker walker(kIpProtocolDestinationOptions, bytes);
  EXPECT_TRUE(walker.next());
  EXPECT_FALSE(walker.next());
  EXPECT_EQ(walker.end(), Ipv6ChainEnd::kHopByHopMisplaced);
  EXPECT_EQ(walker.next_header_offset(), 0U);
  EXPECT_EQ(walker.offset(), 8U);
}

// RFC 8200 4.7 MUST: bytes after No Next Header are ignored.
TEST(Ipv6Extension, NothingIsReadAfterNoNextHeader) {
  const auto bytes = from_hex({"3b", kEmptyOptions, "ffffffff"});
  const auto upper = find_upper_layer(kIpProtocolDestinationOptions, bytes);
  EXPECT_EQ(upper.end, Ipv6ChainEnd::kNoNextHeader);
  EXPECT_EQ(upper.protocol, kIpProtocolNoNextHeader);
  EXPECT_EQ(upper.offset, 8U);
}

TEST(Ipv6Extension, WhatEspSealsIsNotReadAsHeaders) {
  const auto upper = find_upper_layer(kIpProtocolEsp, from_hex("00000200 00000005 3c3c3c3c"));
  EXPECT_EQ(upper.end, Ipv6ChainEnd::kEncrypted);
  EXPECT_EQ(upper.protocol, kIpProtocolEsp);
  EXPECT_EQ(upper.offset, 0U);
}

TEST(Ipv6Extension, OnlyTheFirstFragmentContinuesWithHeaders) {
  const auto first = from_hex({"3c00 0001 00000009", kUdpNext, kEmptyOptions, "0035"});
  const auto upper = find_upper_layer(kIpProtocolFragment, first);
  EXPECT_EQ(upper.end, Ipv6ChainEnd::kUpperLayer);
  EXPECT_EQ(upper.protocol, kIpProtocolUdp);
  EXPECT_EQ(upper.offset, 16U);
  EXPECT_TRUE(upper.fragment->more_fragments);

  const auto later = from_hex({"3c00 0008 00000009", "3c", kEmptyOptions});
  const auto rest = find_upper_layer(kIpProtocolFragment, later);
  EXPECT_EQ(rest.end, Ipv6ChainEnd::kLaterFragment);
  EXPECT_EQ(rest.protocol, kIpProtocolDestinationOptions);
  EXPECT_EQ(rest.offset, 8U);
  EXPECT_EQ(rest.fragment->fragment_offset, 8);
}

TEST(Ipv6Extension, NoTruncationIsReadBeyondItsEnd) {
  const auto bytes =
      from_hex({"3c", kEmptyOptions, "33 01 0104 00000000 0104000000000000",
                "2c 01 0000 00000001 00000001", "2b00 0000 00000009", "11 00 fe00 00000000"});
  for_each_truncation(bytes, [](Bytes cut) {
    const auto upper = find_upper_layer(kIpProtocolHopByHop, cut);
    EXPECT_EQ(upper.end, Ipv6ChainEnd::kTruncated) << cut.size();
    EXPECT_LE(upper.offset, cut.size());
  });
  EXPECT_EQ(find_upper_layer(kIpProtocolHopByHop, bytes).end, Ipv6ChainEnd::kUpperLayer);
  EXPECT_EQ(find_upper_layer(kIpProtocolHopByHop, bytes).offset, bytes.size());
}

// RFC 8504 5.3 MAY: limit how many extension headers a packet has, and how long they are.
TEST(Ipv6Extension, AChainIsBoundedInHeadersAndBytes) {
  std::vector<std::byte> bytes;
  for (int i = 0; i < 20; ++i) {
    const auto link = from_hex({"3c", kEmptyOptions});
    bytes.insert(bytes.end(), link.begin(), link.end());
  }
  const auto upper = find_upper_layer(kIpProtocolDestinationOptions, bytes);
  EXPECT_EQ(upper.end, Ipv6ChainEnd::kTooMany);
  EXPECT_EQ(upper.offset, 64U);
  const auto shorter = find_upper_layer(kIpProtocolDestinationOptions, bytes, {.bytes = 24});
  EXPECT_EQ(shorter.end, Ipv6ChainEnd::kTooMany);
  EXPECT_EQ(shorter.offset, 24U);
}

TEST(Ipv6Extension, RandomBytesEndSomewhereInside) {
  Rng rng(2);
  const std::uint8_t types[] = {0, 43, 44, 50, 51, 59, 60, 135, 139, 140, 17};
  for (int round = 0; round < kRounds * 5; ++round) {
    auto bytes = any_bytes(rng, rng.below(200));
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 4) {
      bytes[i] = std::byte{types[rng.below(std::size(types))]};
      bytes[i + 1] = static_cast<std::byte>(rng.below(3));
    }
    Ipv6ChainWalker walker(types[rng.below(std::size(types))], bytes);
    std::size_t at = 0;
    while (const auto link = walker.next()) {
      ASSERT_EQ(link->offset, at);
      ASSERT_GE(link->bytes.size(), 8U);
      at += link->bytes.size();
    }
    ASSERT_TRUE(walker.end());
    ASSERT_EQ(walker.offset(), at);
    ASSERT_EQ(walker.payload().size(), bytes.size() - at);
  }
}

}  // namespace
}  // namespace strata::wire::ipv6_extension_test
