// SPDX-License-Identifier: Apache-2.0
#include "strata/wire/ipv6.h"

#include <gtest/gtest.h>

#include "wire/random_values.h"

namespace strata::wire::ipv6_test {
namespace {

constexpr Ipv6Header kExample{.traffic_class = 0xb9,
                              .flow_label = 0x12345,
                              .payload_length = 4,
                              .next_header = 17,
                              .hop_limit = 255,
                              .source = IpAddress::v6(0xfe80'0000'0000'0000, 1),
                              .destination = IpAddress::all_nodes_v6()};

constexpr bool round_trips(const Ipv6Header& header) {
  std::array<std::byte, Ipv6Layout::kSize> bytes{};
  write(header, bytes);
  return Ipv6View::parse_quoted(bytes)->header() == header;
}
static_assert(round_trips(kExample));

std::vector<std::byte> packet_of(const Ipv6Header& header) {
  std::vector<std::byte> bytes(Ipv6Layout::kSize + header.payload_length);
  write(header, MutableBytes(bytes).first<Ipv6Layout::kSize>());
  return bytes;
}

TEST(Ipv6, WhatIsWrittenIsRead) {
  Rng rng(1);
  for (int round = 0; round < kRounds; ++round) {
    const Ipv6Header header{.traffic_class = any<std::uint8_t>(rng),
                            .flow_label = any<std::uint32_t>(rng) & 0xf'ffff,
                            .payload_length = any<std::uint16_t>(rng),
                            .next_header = any<std::uint8_t>(rng),
                            .hop_limit = any<std::uint8_t>(rng),
                            .source = any_v6(rng),
                            .destination = any_v6(rng)};
    ASSERT_TRUE(round_trips(header));
    const auto packet = packet_of(header);
    const auto view = Ipv6View::parse(packet);
    ASSERT_TRUE(view);
    ASSERT_EQ(view->header(), header);
    ASSERT_EQ(view->payload().size(), header.payload_length);
  }
}

TEST(Ipv6, FieldsStandWhereRfc8200PutsThem) {
  std::array<std::byte, Ipv6Layout::kSize> bytes{};
  write(kExample, bytes);
  EXPECT_TRUE(
      std::ranges::equal(bytes, from_hex("6b912345 0004 11 ff fe800000000000000000000000000001"
                                         "ff020000000000000000000000000001")));
}

TEST(Ipv6, OnlyVersion6IsRead) {
  auto bytes = packet_of(kExample);
  for (unsigned version = 0; version < 16; ++version) {
    bytes[0] = static_cast<std::byte>(version << 4U);
    const auto view = Ipv6View::parse(bytes);
    EXPECT_EQ(view.has_value(), version == 6) << version;
    if (!view) {
      EXPECT_EQ(view.error(), ParseError::kBadVersion);
    }
  }
}

TEST(Ipv6, BytesBeyondThePayloadLengthAreCutOff) {
  auto bytes = packet_of(kExample);
  bytes.resize(60);
  EXPECT_EQ(Ipv6View::parse(bytes)->payload().size(), 4U);
  EXPECT_EQ(Ipv6View::parse(bytes)->bytes().size(), 44U);
}

TEST(Ipv6, NoTruncationIsReadBeyondItsEnd) {
  for_each_truncation(packet_of(kExample), [](Bytes cut) {
    const auto error = Ipv6View::parse(cut).error();
    EXPECT_EQ(error, cut.size() < 40 ? ParseError::kTooShort : ParseError::kBadLength);
    const auto quoted = Ipv6View::parse_quoted(cut);
    ASSERT_EQ(quoted.has_value(), cut.size() >= 40);
    if (quoted) {
      EXPECT_EQ(quoted->payload().size(), cut.size() - 40);
    }
  });
}

}  // namespace
}  // namespace strata::wire::ipv6_test
