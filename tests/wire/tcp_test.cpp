// SPDX-License-Identifier: Apache-2.0
// The TCP header: round trips, golden bytes, data offsets that lie.
#include "strata/wire/tcp.h"

#include "wire/round_trip.h"

namespace strata::wire::tcp_test {
namespace {

constexpr bool survives_constexpr() {
  constexpr TcpHeader kHeader{.source_port = 1, .flags = kTcpSyn | kTcpAck, .window = 65535};
  std::array<std::byte, TcpLayout::kSize> bytes{};
  write(kHeader, bytes);
  return TcpView::parse(bytes)->header() == kHeader;
}
static_assert(survives_constexpr());

TcpHeader any_header(Rng& rng) {
  return {
      .source_port = any<std::uint16_t>(rng),
      .destination_port = any<std::uint16_t>(rng),
      .sequence_number = any<std::uint32_t>(rng),
      .acknowledgment_number = any<std::uint32_t>(rng),
      .flags = TcpFlags(any<std::uint16_t>(rng)),
      .window = any<std::uint16_t>(rng),
      .checksum = any<std::uint16_t>(rng),
      .urgent_pointer = any<std::uint16_t>(rng),
  };
}

TEST(Tcp, ParseUndoesWrite) {
  Rng rng(16);
  for (int i = 0; i < kRounds; ++i) {
    expect_round_trip<TcpView, TcpLayout::kSize>(any_header(rng));
  }
}

TEST(Tcp, SumOfAHeaderIsThatOfItsBytes) {
  Rng rng(18);
  for (int i = 0; i < kRounds; ++i) {
    const TcpHeader header = any_header(rng);
    std::array<std::byte, TcpLayout::kSize> bytes{};
    write(header, bytes);
    ASSERT_EQ(fold(sum_of(header)), fold(partial_sum(bytes)));
  }
}

TEST(Tcp, ParseUndoesWriteWithOptions) {
  Rng rng(17);
  for (std::uint8_t length = 20; length <= 60; length += 4) {
    TcpHeader header = any_header(rng);
    header.header_length = length;
    auto bytes = any_bytes(rng, length + 5U);
    write(header, std::span(bytes).first<TcpLayout::kSize>());
    const auto view = TcpView::parse(bytes);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->header(), header);
    EXPECT_EQ(to_vector(view->options()), to_vector(Bytes(bytes).subspan(20, length - 20U)));
    EXPECT_EQ(to_vector(view->payload()), to_vector(Bytes(bytes).last(5)));
  }
}

TEST(Tcp, ReadsAKnownSynAck) {
  const auto bytes = from_hex("0050 c001 00000001 fffffffe 6052 ffff 1a2b 0000 020405b4 6869");
  const auto view = TcpView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->header(), (TcpHeader{.source_port = 80,
                                       .destination_port = 0xc001,
                                       .sequence_number = 1,
                                       .acknowledgment_number = 0xffff'fffe,
                                       .header_length = 24,
                                       .flags = kTcpSyn | kTcpAck | kTcpEce,
                                       .window = 65535,
                                       .checksum = 0x1a2b}));
  EXPECT_EQ(to_vector(view->options()), from_hex("020405b4"));
  EXPECT_EQ(to_vector(view->payload()), from_hex("6869"));
}

TEST(Tcp, EveryFlagHasItsBit) {
  struct Case {
    TcpFlags flag;
    bool (TcpFlags::*is_set)() const;
    std::uint16_t word;
  };
  for (const Case& c :
       {Case{kTcpFin, &TcpFlags::fin, 0x5001}, Case{kTcpSyn, &TcpFlags::syn, 0x5002},
        Case{kTcpRst, &TcpFlags::rst, 0x5004}, Case{kTcpPsh, &TcpFlags::psh, 0x5008},
        Case{kTcpAck, &TcpFlags::ack, 0x5010}, Case{kTcpUrg, &TcpFlags::urg, 0x5020},
        Case{kTcpEce, &TcpFlags::ece, 0x5040}, Case{kTcpCwr, &TcpFlags::cwr, 0x5080},
        Case{kTcpAe, &TcpFlags::ae, 0x5100}}) {
    std::array<std::byte, TcpLayout::kSize> bytes{};
    write(TcpHeader{.flags = c.flag}, bytes);
    EXPECT_EQ(TcpLayout::OffsetAndFlags::get(bytes), c.word);
    EXPECT_TRUE((c.flag.*c.is_set)());
    EXPECT_FALSE(((~c.flag).*c.is_set)());
  }
}

TEST(Tcp, FlagsAreASet) {
  const TcpFlags both = kTcpSyn | kTcpAck;
  EXPECT_TRUE(both.contains(kTcpSyn));
  EXPECT_FALSE(both.contains(kTcpSyn | kTcpFin));
  EXPECT_TRUE(both.intersects(kTcpSyn | kTcpFin));
  EXPECT_FALSE(both.intersects(kTcpRst));
  EXPECT_EQ(both & kTcpSyn, kTcpSyn);
}

// RFC 9293 3.1 MUST: the reserved bits are zero when sent and ignored when received.
TEST(Tcp, ReservedBitsAreIgnored) {
  const auto bytes = from_hex("0001 0002 00000000 00000000 5e10 0000 0000 0000");
  const auto view = TcpView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->flags(), kTcpAck);
}

TEST(Tcp, RefusesADataOffsetThatContradictsTheBytes) {
  for (unsigned offset = 0; offset < 16; ++offset) {
    std::vector<std::byte> bytes(40);
    bytes[12] = static_cast<std::byte>(offset << 4U);
    const auto view = TcpView::parse(bytes);
    EXPECT_EQ(view.has_value(), offset >= 5 && offset <= 10) << offset;
    if (!view.has_value()) {
      EXPECT_EQ(view.error(), ParseError::kBadLength);
    }
  }
}

TEST(Tcp, RefusesEveryTruncation) {
  expect_refused_below<TcpView>(
      from_hex("0001 0002 00000000 00000000 7010 0000 0000 0000 01010101 01010101 aa"), 28);
}

}  // namespace
}  // namespace strata::wire::tcp_test
