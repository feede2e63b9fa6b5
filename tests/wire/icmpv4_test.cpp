// SPDX-License-Identifier: Apache-2.0
// ICMP for IPv4: round trips, golden messages, quotes, truncation.
#include "strata/wire/icmpv4.h"

#include "wire/round_trip.h"

namespace strata::wire::icmpv4_test {
namespace {

constexpr bool survives_constexpr() {
  constexpr Icmpv4EchoHeader kHeader{Icmpv4Type::kEchoReply, 1, 2, 3};
  std::array<std::byte, Icmpv4EchoLayout::kSize> bytes{};
  write(kHeader, bytes);
  return Icmpv4EchoView::parse(bytes)->header() == kHeader;
}
static_assert(survives_constexpr());

TEST(Icmpv4, ParseUndoesWriteForEveryMessage) {
  Rng rng(3);
  const auto u8 = [&] { return any<std::uint8_t>(rng); };
  const auto u16 = [&] { return any<std::uint16_t>(rng); };
  const auto u32 = [&] { return any<std::uint32_t>(rng); };
  const auto one_of = [&](auto a, auto b) { return any_bool(rng) ? a : b; };
  for (int i = 0; i < 500; ++i) {
    expect_round_trip<Icmpv4View, 8>(
        Icmpv4Header{static_cast<Icmpv4Type>(u8()), u8(), u16(), u32()});
    expect_round_trip<Icmpv4EchoView, 8>(Icmpv4EchoHeader{
        one_of(Icmpv4Type::kEchoRequest, Icmpv4Type::kEchoReply), u16(), u16(), u16()});
    expect_round_trip<Icmpv4ErrorView, 8>(
        Icmpv4ErrorHeader{one_of(Icmpv4Type::kTimeExceeded, Icmpv4Type::kParameterProblem), u8(),
                          u16(), u8(), u8(), u16()});
    expect_round_trip<Icmpv4RedirectView, 8>(
        Icmpv4RedirectHeader{static_cast<Icmpv4RedirectCode>(rng.below(4)), u16(), any_v4(rng)});
    expect_round_trip<Icmpv4TimestampView, 20>(
        Icmpv4TimestampHeader{one_of(Icmpv4Type::kTimestampRequest, Icmpv4Type::kTimestampReply),
                              u16(), u16(), u16(), u32(), u32(), u32()});
    expect_round_trip<Icmpv4AddressMaskView, 12>(Icmpv4AddressMaskHeader{
        one_of(Icmpv4Type::kAddressMaskRequest, Icmpv4Type::kAddressMaskReply), u16(), u16(), u16(),
        u32()});
  }
}

TEST(Icmpv4, ReadsAKnownEchoRequest) {
  const auto bytes = from_hex("08 00 f7fd 0001 0002  61 62 63");
  const auto view = Icmpv4EchoView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_TRUE(view->is_request());
  EXPECT_EQ(view->header(), (Icmpv4EchoHeader{Icmpv4Type::kEchoRequest, 0xf7fd, 1, 2}));
  EXPECT_EQ(to_vector(view->payload()), from_hex("616263"));
}

TEST(Icmpv4, ReadsFragmentationNeededWithItsMtuAndQuote) {
  const auto quote = from_hex(
      "45 00 05dc 0001 4000 40 06 0000 0a000001 0a000002  "
      "1f90 c350 00000001");
  const auto bytes = concatenated({from_hex("03 04 0000 0000 0578"), quote});
  const auto view = Icmpv4ErrorView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_TRUE(view->is_unreachable(Icmpv4UnreachableCode::kFragmentationNeeded));
  EXPECT_FALSE(view->is_unreachable(Icmpv4UnreachableCode::kPort));
  EXPECT_EQ(view->next_hop_mtu(), 1400);
  EXPECT_EQ(to_vector(view->quoted()), quote);
  EXPECT_TRUE(view->extensions().empty());
}

TEST(Icmpv4, ReadsAParameterProblem) {
  const auto bytes = from_hex("0c 00 0000 14 00 0000");
  const auto view = Icmpv4ErrorView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->type(), Icmpv4Type::kParameterProblem);
  EXPECT_EQ(view->pointer(), 20);
  EXPECT_TRUE(view->quoted().empty());
}

TEST(Icmpv4, ReadsARedirectWithItsQuote) {
  const auto bytes = from_hex("05 01 0000 0a000063  45 00");
  const auto view = Icmpv4RedirectView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->code(), Icmpv4RedirectCode::kHost);
  EXPECT_EQ(view->gateway(), IpAddress::v4(10, 0, 0, 99));
  EXPECT_EQ(to_vector(view->quoted()), from_hex("4500"));
}

TEST(Icmpv4, ReadsATimestampReplyAndAnAddressMask) {
  const auto timestamp_bytes = from_hex("0e 00 0000 0001 0002 00000003 00000004 80000005");
  const auto timestamp = Icmpv4TimestampView::parse(timestamp_bytes);
  ASSERT_TRUE(timestamp.has_value());
  EXPECT_FALSE(timestamp->is_request());
  EXPECT_EQ(timestamp->header().receive_ms, 4U);
  EXPECT_EQ(timestamp->header().transmit_ms, 0x8000'0005U);
  const auto mask_bytes = from_hex("12 00 0000 0001 0002 ffffff00");
  const auto mask = Icmpv4AddressMaskView::parse(mask_bytes);
  ASSERT_TRUE(mask.has_value());
  EXPECT_EQ(mask->header().mask, 0xffff'ff00U);
}

// RFC 4884 4.1 MUST: the length attribute counts the quoted datagram in 32-bit words.
TEST(Icmpv4, ExtensionsStartWhereTheLengthAttributeEndsTheQuote) {
  for (const Icmpv4Type type : {Icmpv4Type::kDestinationUnreachable, Icmpv4Type::kTimeExceeded,
                                Icmpv4Type::kParameterProblem}) {
    std::array<std::byte, 8> head{};
    write(Icmpv4ErrorHeader{.type = type, .quote_length_words = 32}, head);
    const auto bytes =
        concatenated({head, std::vector<std::byte>(128), from_hex("2000 0000 0004 0101")});
    const auto view = Icmpv4ErrorView::parse(bytes);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->quoted().size(), 128U);
    EXPECT_TRUE(IcmpExtensionsView::parse(view->extensions()).has_value());
  }
}

TEST(Icmpv4, SourceQuenchHasNoLengthAttribute) {
  std::array<std::byte, 8> head{};
  write(Icmpv4ErrorHeader{.type = Icmpv4Type::kSourceQuench, .quote_length_words = 32}, head);
  const auto bytes = concatenated({head, std::vector<std::byte>(136)});
  EXPECT_EQ(Icmpv4ErrorView::parse(bytes)->quoted().size(), 136U);
}

TEST(Icmpv4, KnowsWhichTypesAreErrors) {
  int errors = 0;
  for (int type = 0; type < 256; ++type) errors += is_error(static_cast<Icmpv4Type>(type)) ? 1 : 0;
  EXPECT_EQ(errors, 5);
  EXPECT_FALSE(is_error(Icmpv4Type::kEchoRequest));
  EXPECT_TRUE(is_error(Icmpv4Type::kRedirect));
}

TEST(Icmpv4, EveryViewRefusesTheTypesOfTheOthers) {
  for (int type = 0; type < 256; ++type) {
    std::vector<std::byte> bytes(20);
    bytes[0] = static_cast<std::byte>(type);
    const int views = int{Icmpv4EchoView::parse(bytes).has_value()} +
                      int{Icmpv4ErrorView::parse(bytes).has_value()} +
                      int{Icmpv4RedirectView::parse(bytes).has_value()} +
                      int{Icmpv4TimestampView::parse(bytes).has_value()} +
                      int{Icmpv4AddressMaskView::parse(bytes).has_value()};
    const bool known = type == 0 || type == 3 || type == 4 || type == 5 || type == 8 ||
                       (type >= 11 && type <= 14) || type == 17 || type == 18;
    EXPECT_EQ(views, known ? 1 : 0) << type;
  }
}

TEST(Icmpv4, RefusesEveryTruncation) {
  const std::vector<std::byte> rest(32);
  const auto message = [&](const char* type) { return concatenated({from_hex(type), rest}); };
  expect_refused_below<Icmpv4View>(message("08"), 8);
  expect_refused_below<Icmpv4EchoView>(message("08"), 8);
  expect_refused_below<Icmpv4ErrorView>(message("03"), 8);
  expect_refused_below<Icmpv4RedirectView>(message("05"), 8);
  expect_refused_below<Icmpv4TimestampView>(message("0d"), 20);
  expect_refused_below<Icmpv4AddressMaskView>(message("11"), 12);
}

TEST(Icmpv4, AnyLengthAttributeStaysWithinTheMessage) {
  Rng rng(4);
  for (int i = 0; i < 2000; ++i) {
    auto bytes = any_bytes(rng, 8 + rng.below(300));
    bytes[0] = std::byte{11};
    const auto view = Icmpv4ErrorView::parse(bytes);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->quoted().size() + view->extensions().size(), bytes.size() - 8);
  }
}

}  // namespace
}  // namespace strata::wire::icmpv4_test
