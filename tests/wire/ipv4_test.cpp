// SPDX-License-Identifier: Apache-2.0
#include "strata/wire/ipv4.h"

#include <gtest/gtest.h>

#include "wire/random_values.h"

namespace strata::wire::ipv4_test {
namespace {

// An echo request of 84 bytes with its header checksum.
constexpr auto kEchoText = "4500 0054 0000 4000 40 01 260d 0a4d0001 0a4d0002";
constexpr Ipv4Header kEcho{.total_length = 84,
                           .dont_fragment = true,
                           .protocol = 1,
                           .checksum = 0x260d,
                           .source = IpAddress::v4(10, 77, 0, 1),
                           .destination = IpAddress::v4(10, 77, 0, 2)};

constexpr bool round_trips(const Ipv4Header& header) {
  std::array<std::byte, Ipv4Layout::kSizeMax> bytes{};
  write(header, std::span(bytes).first<Ipv4Layout::kSize>());
  const auto view = Ipv4View::parse_quoted(bytes);
  return view && view->header() == header;
}
static_assert(round_trips(kEcho));

std::vector<std::byte> packet_of(const Ipv4Header& header) {
  std::vector<std::byte> bytes(header.total_length);
  write(header, MutableBytes(bytes).first<Ipv4Layout::kSize>());
  return bytes;
}

TEST(Ipv4, WhatIsWrittenIsRead) {
  Rng rng(1);
  for (int round = 0; round < kRounds; ++round) {
    const auto header_length = static_cast<std::uint8_t>(20 + (4 * rng.below(11)));
    const Ipv4Header header{
        .header_length = header_length,
        .traffic_class = any<std::uint8_t>(rng),
        .total_length = static_cast<std::uint16_t>(rng.between(header_length, 0xffff)),
        .identification = any<std::uint16_t>(rng),
        .dont_fragment = any_bool(rng),
        .more_fragments = any_bool(rng),
        .fragment_offset = static_cast<std::uint16_t>(any<std::uint16_t>(rng) & 0xfff8),
        .time_to_live = any<std::uint8_t>(rng),
        .protocol = any<std::uint8_t>(rng),
        .checksum = any<std::uint16_t>(rng),
        .source = any_v4(rng),
        .destination = any_v4(rng)};
    ASSERT_TRUE(round_trips(header));
    const auto packet = packet_of(header);
    const auto view = Ipv4View::parse(packet);
    ASSERT_TRUE(view);
    ASSERT_EQ(view->header(), header);
    ASSERT_EQ(view->options().size() + view->payload().size() + 20, packet.size());
  }
}

TEST(Ipv4, TheChecksumIsKnownBeforeTheHeaderIsWritten) {
  Rng rng(2);
  for (int round = 0; round < kRounds; ++round) {
    Ipv4Header header{.traffic_class = any<std::uint8_t>(rng),
                      .total_length = any<std::uint16_t>(rng),
                      .identification = any<std::uint16_t>(rng),
                      .dont_fragment = any_bool(rng),
                      .time_to_live = any<std::uint8_t>(rng),
                      .protocol = any<std::uint8_t>(rng),
                      .source = any_v4(rng),
                      .destination = any_v4(rng)};
    header.checksum = checksum_of(header);
    std::array<std::byte, Ipv4Layout::kSize> bytes{};
    write(header, bytes);
    ASSERT_EQ(Ipv4Layout::Checksum::get(bytes), header.checksum);
    ASSERT_TRUE(is_valid(ipv4_header_sum(bytes)));
  }
}

TEST(Ipv4, FieldsStandWhereRfc791PutsThem) {
  std::array<std::byte, Ipv4Layout::kSize> bytes{};
  write(kEcho, bytes);
  EXPECT_TRUE(std::ranges::equal(bytes, from_hex(kEchoText)));
}

TEST(Ipv4, TheChecksumIsThatOfACapturedPacket) {
  auto bytes = from_hex(kEchoText);
  EXPECT_TRUE(Ipv4View::parse_quoted(bytes)->checksum_is_valid());
  bytes[10] = bytes[11] = std::byte{0xaa};
  EXPECT_FALSE(Ipv4View::parse_quoted(bytes)->checksum_is_valid());
  set_ipv4_checksum(bytes);
  EXPECT_EQ(Ipv4View::parse_quoted(bytes)->checksum(), 0x260d);
  const auto datagram = from_hex("4500 0073 0000 4000 40 11 b861 c0a80001 c0a800c7");
  EXPECT_TRUE(Ipv4View::parse_quoted(datagram)->checksum_is_valid());
}

// RFC 1122 3.2.1.2 MUST: every damaged header is noticed by its checksum.
TEST(Ipv4, AnyFlippedBitBreaksTheChecksumOrTheHeader) {
  auto bytes = from_hex("4700 001c 1234 2001 40 11 0000 c0a80001 c0a800c7 94040000 01010100");
  set_ipv4_checksum(bytes);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto view = Ipv4View::parse(bytes);
    EXPECT_FALSE(view && view->checksum_is_valid()) << bit;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  }
  EXPECT_TRUE(Ipv4View::parse(bytes)->checksum_is_valid());
}

// RFC 1122 3.2.1.1 MUST: a datagram whose version is not 4 is discarded.
TEST(Ipv4, OnlyVersion4IsRead) {
  auto bytes = packet_of(kEcho);
  for (unsigned version = 0; version < 16; ++version) {
    bytes[0] = static_cast<std::byte>((version << 4U) | 5U);
    const auto view = Ipv4View::parse(bytes);
    EXPECT_EQ(view.has_value(), version == 4) << version;
    if (!view) {
      EXPECT_EQ(view.error(), ParseError::kBadVersion);
    }
  }
}

TEST(Ipv4, LengthsThatContradictEachOtherAreRefused) {
  struct Case {
    unsigned header_words, total_length, there;
  };
  for (const Case& bad : {Case{0, 20, 20}, Case{4, 20, 20}, Case{6, 24, 20}, Case{6, 23, 40},
                          Case{5, 19, 40}, Case{5, 0, 40}, Case{5, 41, 40}, Case{15, 60, 59}}) {
    std::vector<std::byte> bytes(bad.there);
    bytes[0] = static_cast<std::byte>(0x40U | bad.header_words);
    store_big_endian(bytes.data() + 2, static_cast<std::uint16_t>(bad.total_length));
    const auto view = Ipv4View::parse(bytes);
    ASSERT_FALSE(view) << bad.header_words << ' ' << bad.total_length << ' ' << bad.there;
    EXPECT_EQ(view.error(), ParseError::kBadLength);
  }
}

TEST(Ipv4, BytesBeyondTheTotalLengthAreCutOff) {
  auto bytes = packet_of({.total_length = 24});
  bytes.resize(46, std::byte{0xff});
  const auto view = Ipv4View::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->payload().size(), 4U);
  EXPECT_EQ(view->bytes().size(), 24U);
}

TEST(Ipv4, NoTruncationIsReadBeyondItsEnd) {
  const auto bytes = packet_of({.header_length = 32, .total_length = 60});
  for_each_truncation(bytes, [](Bytes cut) {
    EXPECT_FALSE(Ipv4View::parse(cut));
    const auto quoted = Ipv4View::parse_quoted(cut);
    ASSERT_EQ(quoted.has_value(), cut.size() >= 32) << cut.size();
    if (!quoted) return;
    EXPECT_EQ(quoted->options().size(), 12U);
    EXPECT_EQ(quoted->payload().size(), cut.size() - 32);
    EXPECT_EQ(quoted->total_length(), 60);
    static_cast<void>(quoted->checksum_is_valid());
  });
}

TEST(Ipv4, AFragmentIsKnownByItsOffsetOrByMoreToCome) {
  const auto is_fragment = [](std::uint16_t offset, bool more) {
    const auto bytes = packet_of({.more_fragments = more, .fragment_offset = offset});
    return Ipv4View::parse(bytes)->is_fragment();
  };
  EXPECT_FALSE(is_fragment(0, false));
  EXPECT_TRUE(is_fragment(0, true));
  EXPECT_TRUE(is_fragment(8, false));
  EXPECT_TRUE(is_fragment(65528, true));
}

TEST(Ipv4, TheReservedFlagIsSeenAndNeverSent) {
  auto bytes = packet_of({.dont_fragment = true});
  EXPECT_FALSE(Ipv4View::parse(bytes)->reserved_flag());
  bytes[6] |= std::byte{0x80};
  EXPECT_TRUE(Ipv4View::parse(bytes)->reserved_flag());
  EXPECT_TRUE(Ipv4View::parse(bytes)->dont_fragment());
  EXPECT_EQ(Ipv4View::parse(bytes)->fragment_offset(), 0);
}

}  // namespace
}  // namespace strata::wire::ipv4_test
