// SPDX-License-Identifier: Apache-2.0
#include "strata/wire/ipv4_options.h"

#include <gtest/gtest.h>

#include "wire/random_values.h"

namespace strata::wire::ipv4_options_test {
namespace {

constexpr IpAddress kA = IpAddress::v4(10, 0, 0, 1);
constexpr IpAddress kB = IpAddress::v4(10, 0, 0, 2);
constexpr IpAddress kC = IpAddress::v4(10, 0, 0, 3);

constexpr bool router_alert_round_trips() {
  Ipv4OptionWriter writer;
  writer.add_router_alert(7);
  Ipv4OptionReader reader(writer.bytes());
  const auto option = reader.next();
  return parse_ipv4_router_alert(*option) == 7 && !reader.next() && !reader.malformed_at();
}
static_assert(router_alert_round_trips());

std::vector<Ipv4Option> read_all(Bytes options) {
  std::vector<Ipv4Option> all;
  Ipv4OptionReader reader(options);
  while (const auto option = reader.next()) all.push_back(*option);
  return all;
}

Ipv4Option only_option(Bytes options) {
  const auto all = read_all(options);
  EXPECT_EQ(all.size(), 1U);
  return all.empty() ? Ipv4Option{} : all.front();
}

TEST(Ipv4Options, WhatIsWrittenIsRead) {
  Rng rng(1);
  for (int round = 0; round < kRounds; ++round) {
    Ipv4OptionWriter writer;
    std::vector<std::pair<std::uint8_t, std::vector<std::byte>>> expected;
    while (rng.below(8) != 0) {
      const auto type = static_cast<std::uint8_t>(rng.between(1, 255));
      auto data =
          type == kIpv4OptionNoOperation ? std::vector<std::byte>{} : any_bytes(rng, rng.below(45));
      const bool fits =
          type == kIpv4OptionNoOperation ? writer.add_no_operation() : writer.add(type, data);
      if (fits) expected.emplace_back(type, std::move(data));
    }
    ASSERT_EQ(writer.bytes().size() % 4, 0U);
    ASSERT_LE(writer.bytes().size(), Ipv4Layout::kOptionsMax);
    const auto all = read_all(writer.bytes());
    ASSERT_EQ(all.size(), expected.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      ASSERT_EQ(all[i].type, expected[i].first);
      ASSERT_TRUE(std::ranges::equal(all[i].data, expected[i].second));
    }
  }
}

TEST(Ipv4Options, AWriterThatIsFullRefusesAndStaysAsItWas) {
  Ipv4OptionWriter writer;
  EXPECT_TRUE(writer.add_record_route(9));  // 39 bytes
  EXPECT_FALSE(writer.add_router_alert());
  EXPECT_TRUE(writer.add_no_operation());
  EXPECT_FALSE(writer.add_no_operation());
  EXPECT_FALSE(writer.add(kIpv4OptionTraceroute, std::vector<std::byte>(300)));
  EXPECT_EQ(writer.bytes().size(), 40U);
  EXPECT_EQ(read_all(writer.bytes()).size(), 2U);
  EXPECT_FALSE(Ipv4OptionWriter{}.add_record_route(10));
  EXPECT_FALSE(Ipv4OptionWriter{}.add_record_route(SIZE_MAX / 2));
  EXPECT_FALSE(Ipv4OptionWriter{}.add_timestamp(true, 5));
}

TEST(Ipv4Options, EndHidesWhatFollowsIt) {
  const auto bytes = from_hex("01 94040000 00 44ff");
  const auto all = read_all(bytes);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].type, kIpv4OptionNoOperation);
  EXPECT_EQ(all[1].type, kIpv4OptionRouterAlert);
  EXPECT_EQ(all[1].offset, 1U);
}

// RFC 1122 3.2.1.8 MUST: a bad option length does no harm; the options before it still count.
TEST(Ipv4Options, ABadLengthEndsTheListAndIsPointedAt) {
  for (const auto* text :
       {"94040000 44", "94040000 4400", "94040000 4401", "94040000 4403", "94040000 44ff0000"}) {
    const auto bytes = from_hex(text);
    Ipv4OptionReader reader(bytes);
    EXPECT_EQ(reader.next()->type, kIpv4OptionRouterAlert) << text;
    EXPECT_FALSE(reader.next()) << text;
    EXPECT_EQ(reader.malformed_at(), 4U) << text;
    EXPECT_FALSE(reader.next()) << text;
  }
}

TEST(Ipv4Options, RandomBytesAreReadToTheirEndOrToAFault) {
  Rng rng(2);
  for (int round = 0; round < kRounds * 5; ++round) {
    const auto bytes = any_bytes(rng, rng.below(41));
    std::size_t end = 0;
    for (const Ipv4Option& option : read_all(bytes)) {
      ASSERT_EQ(option.offset, end);
      const std::size_t head = option.type == kIpv4OptionNoOperation ? 1 : 2;
      end = option.offset + head + option.data.size();
      ASSERT_LE(end, bytes.size());
      static_cast<void>(Ipv4RouteOptionView::parse(option));
      static_cast<void>(Ipv4TimestampOptionView::parse(option));
    }
  }
}

TEST(Ipv4Options, TheTypeByteSaysWhoCopiesIt) {
  EXPECT_TRUE(Ipv4Option{.type = kIpv4OptionLooseSourceRoute}.is_copied());
  EXPECT_FALSE(Ipv4Option{.type = kIpv4OptionRecordRoute}.is_copied());
  EXPECT_EQ(Ipv4Option{.type = kIpv4OptionTimestamp}.option_class(), 2U);
  EXPECT_EQ(Ipv4Option{.type = kIpv4OptionTimestamp}.number(), 4U);
  EXPECT_EQ(Ipv4Option{.type = kIpv4OptionRouterAlert}.number(), 20U);
}

// RFC 791 3.2 MUST: options with the copied flag go into all fragments, the others into the first.
TEST(Ipv4Options, OnlyCopiedOptionsGoIntoLaterFragments) {
  Ipv4OptionWriter writer;
  writer.add_no_operation();
  writer.add_record_route(1);
  writer.add_router_alert(3);
  const IpAddress hops[] = {kB};
  writer.add_source_route(true, hops);
  const Ipv4OptionWriter copied = copied_options(writer.bytes());
  const auto all = read_all(copied.bytes());
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].type, kIpv4OptionRouterAlert);
  EXPECT_EQ(all[1].type, kIpv4OptionStrictSourceRoute);
}

TEST(Ipv4Options, ARouteIsRecordedUntilItsSlotsAreUsed) {
  Ipv4OptionWriter writer;
  writer.add_record_route(2);
  std::vector<std::byte> options(writer.bytes().begin(), writer.bytes().end());
  EXPECT_TRUE(std::ranges::equal(options, from_hex("070b04 00000000 00000000 00")));
  EXPECT_EQ(record_address(options, only_option(options), kA), Ipv4OptionUpdate::kRecorded);
  EXPECT_EQ(record_address(options, only_option(options), kB), Ipv4OptionUpdate::kRecorded);
  EXPECT_EQ(record_address(options, only_option(options), kC), Ipv4OptionUpdate::kUnchanged);
  EXPECT_TRUE(std::ranges::equal(options, from_hex("070b0c 0a000001 0a000002 00")));
  const auto view = Ipv4RouteOptionView::parse(only_option(options));
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->is_complete());
  EXPECT_EQ(view->slots_used(), 2U);
  EXPECT_EQ(view->address(1), kB);
  EXPECT_FALSE(view->next_hop());
}

TEST(Ipv4Options, ASourceRouteNamesItsNextHop) {
  const IpAddress hops[] = {kB, kC};
  Ipv4OptionWriter writer;
  writer.add_source_route(false, hops);
  std::vector<std::byte> options(writer.bytes().begin(), writer.bytes().end());
  EXPECT_EQ(only_option(options).type, kIpv4OptionLooseSourceRoute);
  EXPECT_EQ(Ipv4RouteOptionView::parse(only_option(options))->next_hop(), kB);
  EXPECT_EQ(record_address(options, only_option(options), kA), Ipv4OptionUpdate::kRecorded);
  EXPECT_EQ(Ipv4RouteOptionView::parse(only_option(options))->next_hop(), kC);
  EXPECT_EQ(Ipv4RouteOptionView::parse(only_option(options))->address(0), kA);
}

TEST(Ipv4Options, RoutesWithABadPointerAreRefused) {
  for (const auto& [text, error] : {std::pair{"0702", ParseError::kTooShort},
                                    {"0703 00", ParseError::kBadValue},
                                    {"0707 03 00000000", ParseError::kBadValue},
                                    {"0707 05 00000000", ParseError::kBadValue},
                                    // Room for two bytes behind the pointer, as RFC 791 forbids.
                                    {"0705 04 0000", ParseError::kBadLength},
                                    {"9402", ParseError::kBadValue}}) {
    const auto bytes = from_hex(text);
    const auto view = Ipv4RouteOptionView::parse(only_option(bytes));
    ASSERT_FALSE(view) << text;
    EXPECT_EQ(view.error(), error) << text;
  }
  // No slot at all is a route that is complete.
  EXPECT_TRUE(Ipv4RouteOptionView::parse(only_option(from_hex("070304")))->is_complete());
}

TEST(Ipv4Options, TimesAreRecordedAndThenCountedAsOverflow) {
  Ipv4OptionWriter writer;
  writer.add_timestamp(true, 1);
  std::vector<std::byte> options(writer.bytes().begin(), writer.bytes().end());
  EXPECT_EQ(record_time(options, only_option(options), kA, 0x01020304),
            Ipv4OptionUpdate::kRecorded);
  EXPECT_TRUE(std::ranges::equal(options, from_hex("440c 0d 01 0a000001 01020304")));
  for (unsigned missed = 1; missed <= 15; ++missed) {
    EXPECT_EQ(record_time(options, only_option(options), kB, 5), Ipv4OptionUpdate::kRecorded);
    EXPECT_EQ(Ipv4TimestampOptionView::parse(only_option(options))->overflow(), missed);
  }
  EXPECT_EQ(record_time(options, only_option(options), kB, 5), Ipv4OptionUpdate::kOverflow);
  const auto view = Ipv4TimestampOptionView::parse(only_option(options));
  EXPECT_EQ(view->address(0), kA);
  EXPECT_EQ(view->time(0), 0x01020304U);
}

TEST(Ipv4Options, TimesWithoutAddressesTakeFourBytesEach) {
  Ipv4OptionWriter writer;
  writer.add_timestamp(false, 2);
  std::vector<std::byte> options(writer.bytes().begin(), writer.bytes().end());
  EXPECT_EQ(record_time(options, only_option(options), kA, 7), Ipv4OptionUpdate::kRecorded);
  const auto view = Ipv4TimestampOptionView::parse(only_option(options));
  EXPECT_EQ(view->slots(), 2U);
  EXPECT_EQ(view->slots_used(), 1U);
  EXPECT_EQ(view->time(0), 7U);
  EXPECT_FALSE(view->address(0));
}

TEST(Ipv4Options, APrespecifiedSlotWaitsForItsHost) {
  const IpAddress hosts[] = {kB};
  Ipv4OptionWriter writer;
  writer.add_timestamp(hosts);
  std::vector<std::byte> options(writer.bytes().begin(), writer.bytes().end());
  EXPECT_EQ(record_time(options, only_option(options), kA, 9), Ipv4OptionUpdate::kUnchanged);
  EXPECT_EQ(record_time(options, only_option(options), kB, 9), Ipv4OptionUpdate::kRecorded);
  EXPECT_EQ(record_time(options, only_option(options), kC, 9), Ipv4OptionUpdate::kUnchanged);
  EXPECT_EQ(Ipv4TimestampOptionView::parse(only_option(options))->overflow(), 0U);
  EXPECT_EQ(Ipv4TimestampOptionView::parse(only_option(options))->time(0), 9U);
}

TEST(Ipv4Options, TimestampsWithBadFieldsAreRefused) {
  for (const auto& [text, error] : {std::pair{"4403 05", ParseError::kTooShort},
                                    {"4404 0502", ParseError::kBadValue},
                                    {"4404 0504", ParseError::kBadValue},
                                    {"4404 0400", ParseError::kBadValue},
                                    {"4408 0600 00000000", ParseError::kBadValue},
                                    {"4406 0500 0000", ParseError::kBadLength},
                                    {"4408 0501 00000000", ParseError::kBadLength}}) {
    const auto bytes = from_hex(text);
    const auto view = Ipv4TimestampOptionView::parse(only_option(bytes));
    ASSERT_FALSE(view) << text;
    EXPECT_EQ(view.error(), error) << text;
  }
}

TEST(Ipv4Options, SecurityAndRouterAlertAreRead) {
  const auto bytes = from_hex("8204 ab80 94040001");
  const auto all = read_all(bytes);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(parse_ipv4_security(all[0])->classification, 0xab);
  EXPECT_EQ(parse_ipv4_security(all[0])->authorities.size(), 1U);
  EXPECT_EQ(parse_ipv4_router_alert(all[1]), 1);
  EXPECT_EQ(parse_ipv4_security(all[1]).error(), ParseError::kBadValue);
  EXPECT_EQ(parse_ipv4_router_alert(all[0]).error(), ParseError::kBadValue);
  EXPECT_EQ(parse_ipv4_router_alert(only_option(from_hex("9403 00"))).error(),
            ParseError::kBadLength);
  EXPECT_EQ(parse_ipv4_security(only_option(from_hex("8202"))).error(), ParseError::kTooShort);
}

}  // namespace
}  // namespace strata::wire::ipv4_options_test
