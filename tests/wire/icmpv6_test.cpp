// SPDX-License-Identifier: Apache-2.0
// ICMPv6: round trips, golden messages, quotes, truncation.
#include "strata/wire/icmpv6.h"

#include "wire/round_trip.h"

namespace strata::wire::icmpv6_test {
namespace {

constexpr bool survives_constexpr() {
  constexpr Icmpv6ErrorHeader kHeader{Icmpv6Type::kPacketTooBig, 0, 7, 1280};
  std::array<std::byte, Icmpv6ErrorLayout::kSize> bytes{};
  write(kHeader, bytes);
  return Icmpv6ErrorView::parse(bytes)->header() == kHeader;
}
static_assert(survives_constexpr());

TEST(Icmpv6, ParseUndoesWriteForEveryMessage) {
  Rng rng(5);
  const auto u8 = [&] { return any<std::uint8_t>(rng); };
  const auto u16 = [&] { return any<std::uint16_t>(rng); };
  for (int i = 0; i < 500; ++i) {
    expect_round_trip<Icmpv6View, 4>(Icmpv6Header{static_cast<Icmpv6Type>(u8()), u8(), u16()});
    expect_round_trip<Icmpv6EchoView, 8>(Icmpv6EchoHeader{
        any_bool(rng) ? Icmpv6Type::kEchoRequest : Icmpv6Type::kEchoReply, u16(), u16(), u16()});
    expect_round_trip<Icmpv6ErrorView, 8>(Icmpv6ErrorHeader{static_cast<Icmpv6Type>(rng.below(128)),
                                                            u8(), u16(), any<std::uint32_t>(rng)});
  }
}

TEST(Icmpv6, ReadsAKnownEchoReply) {
  const auto bytes = from_hex("81 00 1234 0007 0009  68 69");
  const auto view = Icmpv6EchoView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_FALSE(view->is_request());
  EXPECT_EQ(view->header(), (Icmpv6EchoHeader{Icmpv6Type::kEchoReply, 0x1234, 7, 9}));
  EXPECT_EQ(to_vector(view->payload()), from_hex("6869"));
}

TEST(Icmpv6, ReadsPacketTooBigWithItsMtuAndQuote) {
  const auto bytes = from_hex("02 00 0000 00000500  60000000");
  const auto view = Icmpv6ErrorView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->type(), Icmpv6Type::kPacketTooBig);
  EXPECT_EQ(view->mtu(), 1280U);
  EXPECT_EQ(to_vector(view->quoted()), from_hex("60000000"));
}

TEST(Icmpv6, ReadsAParameterProblem) {
  const auto bytes = from_hex("04 01 0000 00000028");
  const auto view = Icmpv6ErrorView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->code(),
            static_cast<std::uint8_t>(Icmpv6ParameterProblemCode::kUnknownNextHeader));
  EXPECT_EQ(view->pointer(), 40U);
}

TEST(Icmpv6, ReadsAPortUnreachable) {
  const auto bytes = from_hex("01 04 0000 00000000");
  const auto view = Icmpv6ErrorView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_TRUE(view->is_unreachable(Icmpv6UnreachableCode::kPort));
  EXPECT_FALSE(view->is_unreachable(Icmpv6UnreachableCode::kAddress));
}

// RFC 4443 2.4 MUST: an error of unknown type is passed to the upper layer.
TEST(Icmpv6, AnErrorOfUnknownTypeIsStillAnError) {
  const auto bytes = from_hex("7e 05 0000 00000000 6000");
  const auto view = Icmpv6ErrorView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(to_vector(view->quoted()), from_hex("6000"));
}

// RFC 4884 4.4 MUST: in ICMPv6 the length attribute counts 64-bit words.
TEST(Icmpv6, ExtensionsStartWhereTheLengthAttributeEndsTheQuote) {
  const auto message = [](const char* type) {
    return concatenated({from_hex(type), from_hex("00 0000 10 00 0000"),
                         std::vector<std::byte>(128), from_hex("2000 0000 0004 0101")});
  };
  for (const auto* type : {"01", "03"}) {
    const auto bytes = message(type);
    const auto view = Icmpv6ErrorView::parse(bytes);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->quoted().size(), 128U);
    EXPECT_TRUE(IcmpExtensionsView::parse(view->extensions()).has_value());
  }
  for (const auto* type : {"02", "04", "64"}) {
    const auto bytes = message(type);
    EXPECT_EQ(Icmpv6ErrorView::parse(bytes)->quoted().size(), 136U) << type;
  }
}

TEST(Icmpv6, ErrorsAndEchoesExcludeEachOther) {
  for (int type = 0; type < 256; ++type) {
    std::vector<std::byte> bytes(8);
    bytes[0] = static_cast<std::byte>(type);
    EXPECT_EQ(Icmpv6ErrorView::parse(bytes).has_value(), type < 128) << type;
    EXPECT_EQ(Icmpv6EchoView::parse(bytes).has_value(), type == 128 || type == 129) << type;
  }
}

TEST(Icmpv6, RefusesEveryTruncation) {
  expect_refused_below<Icmpv6View>(std::vector<std::byte>(16), 4);
  expect_refused_below<Icmpv6EchoView>(from_hex("80 00 0000 0000 0000 0000"), 8);
  expect_refused_below<Icmpv6ErrorView>(from_hex("01 00 0000 0000 0000 0000"), 8);
}

TEST(Icmpv6, AnyLengthAttributeStaysWithinTheMessage) {
  Rng rng(6);
  for (int i = 0; i < 2000; ++i) {
    auto bytes = any_bytes(rng, 8 + rng.below(400));
    bytes[0] = std::byte{3};
    const auto view = Icmpv6ErrorView::parse(bytes);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->quoted().size() + view->extensions().size(), bytes.size() - 8);
  }
}

}  // namespace
}  // namespace strata::wire::icmpv6_test
