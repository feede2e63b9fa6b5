// SPDX-License-Identifier: Apache-2.0
// The UDP header: round trips, golden bytes, lengths that lie.
#include "strata/wire/udp.h"

#include "wire/round_trip.h"

namespace strata::wire::udp_test {
namespace {

constexpr bool survives_constexpr() {
  constexpr UdpHeader kHeader{53, 1024, 8, 0xbeef};
  std::array<std::byte, UdpLayout::kSize> bytes{};
  write(kHeader, bytes);
  return UdpView::parse(bytes)->header() == kHeader;
}
static_assert(survives_constexpr());

TEST(Udp, ParseUndoesWrite) {
  Rng rng(1);
  for (int i = 0; i < 1000; ++i) {
    expect_round_trip<UdpView, UdpLayout::kSize>(UdpHeader{
        .source_port = any<std::uint16_t>(rng),
        .destination_port = any<std::uint16_t>(rng),
        .length = UdpLayout::kSize,
        .checksum = any<std::uint16_t>(rng),
    });
  }
}

TEST(Udp, SumOfAHeaderIsThatOfItsBytes) {
  Rng rng(2);
  for (int i = 0; i < kRounds; ++i) {
    const UdpHeader header{.source_port = any<std::uint16_t>(rng),
                           .destination_port = any<std::uint16_t>(rng),
                           .length = any<std::uint16_t>(rng),
                           .checksum = any<std::uint16_t>(rng)};
    std::array<std::byte, UdpLayout::kSize> bytes{};
    write(header, bytes);
    ASSERT_EQ(fold(sum_of(header)), fold(partial_sum(bytes)));
  }
}

TEST(Udp, ReadsAKnownDatagram) {
  const auto bytes = from_hex("c001 0035 000c 1a2b  de ad be ef");
  const auto view = UdpView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->source_port(), 0xc001);
  EXPECT_EQ(view->destination_port(), 53);
  EXPECT_EQ(view->length(), 12);
  EXPECT_EQ(view->checksum(), 0x1a2b);
  EXPECT_EQ(to_vector(view->payload()), from_hex("deadbeef"));
}

TEST(Udp, BytesBehindTheLengthArePadding) {
  const auto bytes = from_hex("0001 0002 0009 0000  aa 00 00 00");
  const auto view = UdpView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(to_vector(view->payload()), from_hex("aa"));
  EXPECT_EQ(view->bytes().size(), 9U);
}

TEST(Udp, RefusesALengthThatContradictsTheBytes) {
  for (const auto* hex : {"0001 0002 0000 0000", "0001 0002 0007 0000", "0001 0002 0009 0000",
                          "0001 0002 ffff 0000"}) {
    const auto bytes = from_hex(hex);
    const auto view = UdpView::parse(bytes);
    ASSERT_FALSE(view.has_value()) << hex;
    EXPECT_EQ(view.error(), ParseError::kBadLength) << hex;
  }
}

TEST(Udp, RefusesEveryTruncation) {
  expect_refused_below<UdpView>(from_hex("0001 0002 000c 0000  01020304"), 12);
}

}  // namespace
}  // namespace strata::wire::udp_test
