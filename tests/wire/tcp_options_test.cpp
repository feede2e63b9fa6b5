// SPDX-License-Identifier: Apache-2.0
// TCP options: round trips, golden SYNs, tables of malformed lists, exact order of the writer.
#include "strata/wire/tcp_options.h"

#include "wire/round_trip.h"

namespace strata::wire::tcp_options_test {
namespace {

TcpOptions parsed(std::string_view hex) { return TcpOptions::parse(from_hex(hex)); }

constexpr bool survives_constexpr() {
  TcpOptions options;
  options.maximum_segment_size = 1460;
  options.timestamps = TcpTimestamps{1, 2};
  std::array<std::byte, kTcpOptionBytesMax> bytes{};
  const auto size = write(options, bytes);
  return TcpOptions::parse(Bytes(bytes).first(*size)) == options;
}
static_assert(survives_constexpr());

TcpFastOpenCookie any_cookie(Rng& rng) {
  const std::size_t size = any_bool(rng) ? 0 : 4 + 2 * rng.below(7);
  return *TcpFastOpenCookie::from_bytes(any_bytes(rng, size), any_bool(rng));
}

TcpOptions any_options(Rng& rng) {
  TcpOptions options;
  if (any_bool(rng)) options.maximum_segment_size = any<std::uint16_t>(rng);
  if (any_bool(rng)) options.window_scale = static_cast<std::uint8_t>(rng.below(15));
  options.sack_permitted = any_bool(rng);
  if (any_bool(rng)) {
    options.timestamps = TcpTimestamps{any<std::uint32_t>(rng), any<std::uint32_t>(rng)};
  }
  for (std::size_t i = rng.below(5); i > 0; --i) {
    options.sack.push_back({any<std::uint32_t>(rng), any<std::uint32_t>(rng)});
  }
  if (any_bool(rng)) {
    options.user_timeout =
        TcpUserTimeout{static_cast<std::uint16_t>(rng.below(0x8000)), any_bool(rng)};
  }
  if (any_bool(rng)) options.fast_open = any_cookie(rng);
  return options;
}

TEST(TcpOptions, ParseUndoesWriteWheneverItFits) {
  Rng rng(18);
  int written = 0;
  for (int i = 0; i < 4 * kRounds; ++i) {
    const TcpOptions options = any_options(rng);
    std::array<std::byte, kTcpOptionBytesMax> bytes{};
    bytes.fill(std::byte{0xff});
    const auto size = write(options, bytes);
    if (!size) continue;
    ++written;
    EXPECT_EQ(*size % 4, 0U);
    EXPECT_EQ(TcpOptions::parse(Bytes(bytes).first(*size)), options);
  }
  EXPECT_GT(written, kRounds);
}

TEST(TcpOptions, ReadsTheSynOfLinux) {
  const TcpOptions options = parsed("020405b4 0402 080a 00000001 00000000 01 030307");
  EXPECT_EQ(options.maximum_segment_size, 1460);
  EXPECT_EQ(options.window_scale, 7);
  EXPECT_TRUE(options.sack_permitted);
  EXPECT_EQ(options.timestamps, (TcpTimestamps{1, 0}));
  EXPECT_FALSE(options.malformed);
}

TEST(TcpOptions, WritesTheSynOfLinux) {
  TcpOptions options;
  options.maximum_segment_size = 1460;
  options.sack_permitted = true;
  options.timestamps = TcpTimestamps{1, 0};
  options.window_scale = 7;
  std::array<std::byte, kTcpOptionBytesMax> bytes{};
  const auto size = write(options, bytes);
  ASSERT_EQ(size, 20U);
  EXPECT_EQ(to_vector(Bytes(bytes).first(*size)),
            from_hex("020405b4 0402 080a 00000001 00000000 01 030307"));
}

TEST(TcpOptions, TheFastPathForTimestampsAgreesWithTheWalk) {
  const TcpOptions fast = parsed("0101 080a 01020304 05060708");
  const TcpOptions slow = parsed("0101 080a 01020304 05060708 00000000");
  EXPECT_EQ(fast.timestamps, (TcpTimestamps{0x0102'0304, 0x0506'0708}));
  EXPECT_EQ(fast, slow);
}

TEST(TcpOptions, ReadsUpToFourSackBlocks) {
  const TcpOptions two = parsed("0101 0512 00000001 00000002 00000005 00000009");
  ASSERT_EQ(two.sack.size(), 2U);
  EXPECT_EQ(two.sack[1], (TcpSackBlock{5, 9}));
  const TcpOptions four =
      parsed("0522 00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008");
  EXPECT_EQ(four.sack.size(), 4U);
  // Longer than any header allows, so only a caller's mistake or a tunnel could show it.
  EXPECT_TRUE(parsed("052a 00000001 00000002 00000003 00000004 00000005 00000006 00000007 "
                     "00000008 00000009 0000000a")
                  .sack.empty());
}

TEST(TcpOptions, ReadsUserTimeoutsInBothUnits) {
  EXPECT_EQ(parsed("1c04 0078").user_timeout->seconds(), 120U);
  EXPECT_EQ(parsed("1c04 8078").user_timeout->seconds(), 7200U);
}

TEST(TcpOptions, ReadsFastOpenInBothKinds) {
  EXPECT_TRUE(parsed("2202").fast_open->is_request());
  EXPECT_FALSE(parsed("2202").fast_open->experimental());
  EXPECT_EQ(to_vector(parsed("220a 0102030405060708").fast_open->bytes()),
            from_hex("0102030405060708"));
  EXPECT_TRUE(parsed("fe04 f989").fast_open->is_request());
  EXPECT_TRUE(parsed("fe04 f989").fast_open->experimental());
  EXPECT_EQ(to_vector(parsed("fe08 f989 01020304").fast_open->bytes()), from_hex("01020304"));
  EXPECT_FALSE(parsed("fe08 1234 01020304").fast_open.has_value());
  EXPECT_FALSE(parsed("fd08 f989 01020304").fast_open.has_value());
}

// RFC 7413 4.1.1 MUST: a cookie that is odd, under 4 or over 16 bytes long is ignored.
TEST(TcpOptions, FastOpenCookiesOfAnIllegalLengthAreIgnored) {
  for (std::size_t size = 0; size <= 20; ++size) {
    std::vector<std::byte> bytes(2 + size);
    bytes[0] = std::byte{34};
    bytes[1] = static_cast<std::byte>(2 + size);
    const bool legal = size == 0 || (size >= 4 && size <= 16 && size % 2 == 0);
    EXPECT_EQ(TcpOptions::parse(bytes).fast_open.has_value(), legal) << size;
  }
}

// RFC 7323 2.3 MUST: a shift count above 14 counts as 14.
TEST(TcpOptions, AWindowScaleAbove14CountsAs14) {
  EXPECT_EQ(parsed("03030e").window_scale, 14);
  EXPECT_EQ(parsed("03030f").window_scale, 14);
  EXPECT_EQ(parsed("0303ff").window_scale, 14);
}

TEST(TcpOptions, RecognisesSignatures) {
  EXPECT_TRUE(parsed("1312 00000000000000000000000000000000").md5_signature);
  EXPECT_FALSE(parsed("1304 0000").md5_signature);
  EXPECT_TRUE(parsed("1d10 0102 000000000000000000000000").authentication);
  EXPECT_FALSE(parsed("1d03 01").authentication);
}

// RFC 9293 3.1 MUST: an option that is not understood is ignored.
TEST(TcpOptions, UnknownOptionsAreSteppedOver) {
  const TcpOptions options = parsed("1e04 0081 ac05 000000 63ff");
  EXPECT_TRUE(options.malformed);
  EXPECT_EQ(parsed("1e04 0081 4d02 020405b4").maximum_segment_size, 1460);
}

TEST(TcpOptions, TheFirstOfTwoCounts) {
  EXPECT_EQ(parsed("020405b4 02040200").maximum_segment_size, 1460);
  EXPECT_EQ(parsed("030301 030302").window_scale, 1);
  EXPECT_EQ(parsed("050a 00000001 00000002 050a 00000003 00000004").sack.size(), 1U);
}

TEST(TcpOptions, NothingBehindTheEndOfTheListCounts) {
  const TcpOptions options = parsed("00 020405b4");
  EXPECT_EQ(options, TcpOptions{});
}

// RFC 9293 3.1 MUST: an illegal option length does no harm.
TEST(TcpOptions, WhatStandsBeforeTheDamageCounts) {
  for (const auto* tail : {"0200", "0201", "0205 05b4", "02ff 05b4", "02", "63", "6300", "6301",
                           "63ff", "080b 00000001 00000002"}) {
    const auto bytes = concatenated({from_hex("030307"), from_hex(tail)});
    const TcpOptions options = TcpOptions::parse(bytes);
    EXPECT_TRUE(options.malformed) << tail;
    EXPECT_EQ(options.window_scale, 7) << tail;
    EXPECT_FALSE(options.maximum_segment_size.has_value()) << tail;
    EXPECT_FALSE(options.timestamps.has_value()) << tail;
  }
}

TEST(TcpOptions, AnOptionWhoseLengthDoesNotFitItsKindIsSkipped) {
  for (const auto* head :
       {"0202", "0203 05", "0205 05b400", "0302", "0304 0707", "0403 00", "0502",
        "0509 00000000000000", "050b 000000000000000000", "0809 00000000000000",
        "080b 000000000000000000", "1c02", "1c03 00", "fe02", "fe03 f9", "fe05 f98901"}) {
    const auto bytes = concatenated({from_hex(head), from_hex("1c04 0001")});
    TcpOptions expected;
    expected.user_timeout = TcpUserTimeout{1, false};
    EXPECT_EQ(TcpOptions::parse(bytes), expected) << head;
  }
}

TEST(TcpOptions, EveryTruncationOfALongListIsSafe) {
  const auto whole = from_hex(
      "020405b4 0402 080a 00000001 00000002 01 030307 2212 "
      "000102030405060708090a0b0c0d0e0f");
  for_every_prefix(whole, [](Bytes bytes) {
    const TcpOptions options = TcpOptions::parse(bytes);
    EXPECT_EQ(options.maximum_segment_size.has_value(), bytes.size() >= 4);
    EXPECT_EQ(options.sack_permitted, bytes.size() >= 6);
    EXPECT_EQ(options.timestamps.has_value(), bytes.size() >= 16);
    EXPECT_EQ(options.window_scale.has_value(), bytes.size() >= 20);
    EXPECT_EQ(options.fast_open.has_value(), bytes.size() >= 38);
  });
}

TEST(TcpOptions, RandomBytesNeverLeadTheWalkAstray) {
  Rng rng(19);
  for (int i = 0; i < kRounds; ++i) {
    auto bytes = any_bytes(rng, rng.below(41));
    for (std::byte& byte : bytes) byte &= std::byte{0x0f};
    std::size_t walked = 0;
    const TcpRawOptions options(bytes);
    auto option = options.begin();
    for (; option != options.end(); ++option) walked += option->size();
    EXPECT_LE(walked, bytes.size());
    EXPECT_EQ(TcpOptions::parse(bytes).malformed, option.malformed());
    if (walked < bytes.size() && !option.malformed()) {
      EXPECT_EQ(bytes[walked], std::byte{0});
    }
  }
}

TEST(TcpRawOptions, HandsOutEveryOptionInOrder) {
  const auto bytes = from_hex("01 6304 abcd 01 0402 00 020405b4");
  std::vector<std::pair<int, std::size_t>> seen;
  for (const TcpRawOption& option : TcpRawOptions(bytes)) {
    seen.emplace_back(static_cast<int>(option.kind), option.data.size());
  }
  EXPECT_EQ(seen, (std::vector<std::pair<int, std::size_t>>{{1, 0}, {0x63, 2}, {1, 0}, {4, 0}}));
}

// RFC 9293 3.1 MUST: what follows the end of the option list is padding of zeros (MUST-69).
TEST(TcpOptionWriter, WritesInTheOrderAskedFor) {
  std::array<std::byte, kTcpOptionBytesMax> bytes{};
  TcpOptionWriter writer(bytes);
  EXPECT_TRUE(writer.window_scale(2));
  EXPECT_TRUE(writer.no_operation());
  EXPECT_TRUE(writer.maximum_segment_size(1000));
  EXPECT_TRUE(writer.raw(static_cast<TcpOptionKind>(99), from_hex("abcd")));
  EXPECT_TRUE(writer.sack_permitted());
  EXPECT_TRUE(writer.user_timeout({3, true}));
  EXPECT_TRUE(writer.end_of_list());
  EXPECT_EQ(writer.pad(), 20U);
  EXPECT_EQ(to_vector(Bytes(bytes).first(20)),
            from_hex("030302 01 020403e8 6304abcd 0402 1c048003 00 00"));
}

TEST(TcpOptionWriter, PadsWithTheFillerAskedFor) {
  std::array<std::byte, kTcpOptionBytesMax> bytes{};
  TcpOptionWriter writer(bytes);
  EXPECT_TRUE(writer.sack_permitted());
  EXPECT_EQ(writer.pad(TcpOptionKind::kNoOperation), 4U);
  EXPECT_EQ(to_vector(Bytes(bytes).first(4)), from_hex("0402 0101"));
  EXPECT_EQ(writer.pad(), 4U);
}

TEST(TcpOptionWriter, WritesNothingWhereAnOptionDoesNotFit) {
  std::array<std::byte, 9> bytes{};
  TcpOptionWriter writer(bytes);
  EXPECT_FALSE(writer.timestamps({1, 2}));
  EXPECT_EQ(writer.size(), 0U);
  EXPECT_TRUE(writer.maximum_segment_size(1));
  EXPECT_FALSE(writer.fast_open(*TcpFastOpenCookie::from_bytes(from_hex("01020304"))));
  EXPECT_EQ(writer.room(), 5U);
  EXPECT_EQ(to_vector(bytes), from_hex("02040001 0000000000"));
}

TEST(TcpOptions, WhatFortyBytesCannotHoldIsNotWritten) {
  TcpOptions options;
  options.timestamps = TcpTimestamps{1, 2};
  for (std::uint32_t i = 0; i < 4; ++i) options.sack.push_back({i, i + 1});
  std::array<std::byte, kTcpOptionBytesMax> bytes{};
  EXPECT_FALSE(write(options, bytes).has_value());
  EXPECT_EQ(tcp_sack_blocks_that_fit(12), 3U);
  EXPECT_EQ(tcp_sack_blocks_that_fit(0), 4U);
  EXPECT_EQ(tcp_sack_blocks_that_fit(32), 0U);
  EXPECT_EQ(tcp_sack_blocks_that_fit(40), 0U);
}

TEST(TcpOptions, SignaturesAreNotWrittenBehindTheBackOfWhoSigns) {
  std::array<std::byte, kTcpOptionBytesMax> bytes{};
  EXPECT_FALSE(write(TcpOptions{.md5_signature = true}, bytes).has_value());
  EXPECT_FALSE(write(TcpOptions{.authentication = true}, bytes).has_value());
}

}  // namespace
}  // namespace strata::wire::tcp_options_test
