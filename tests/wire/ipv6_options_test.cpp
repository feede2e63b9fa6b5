// SPDX-License-Identifier: Apache-2.0
#include "strata/wire/ipv6_options.h"

#include <gtest/gtest.h>

#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv6_extension.h"
#include "wire/random_values.h"

namespace strata::wire::ipv6_options_test {
namespace {

static_assert(ipv6_router_alert_header(kIpProtocolIcmpv6)[2] == std::byte{5});

struct Reading {
  std::vector<Ipv6Option> options;
  std::optional<Ipv6OptionReader::Fault> fault;
};

Reading read_all(Bytes area, Ipv6OptionLimits limits = {}) {
  Reading reading;
  Ipv6OptionReader reader(area, limits);
  while (const auto option = reader.next()) reading.options.push_back(*option);
  EXPECT_FALSE(reader.next());
  reading.fault = reader.fault();
  return reading;
}

// RFC 3810 5 MUST: MLD messages travel with a router alert of value 0 in a hop-by-hop header.
TEST(Ipv6Options, TheRouterAlertHeaderIsTheOneOfMld) {
  const auto header = ipv6_router_alert_header(kIpProtocolIcmpv6);
  EXPECT_TRUE(std::ranges::equal(header, from_hex("3a00 0502 0000 0100")));
  const auto reading = read_all(Ipv6OptionsView::parse(header)->options());
  ASSERT_EQ(reading.options.size(), 1U);
  EXPECT_EQ(parse_ipv6_router_alert(reading.options[0]), kIpv6RouterAlertMld);
  EXPECT_FALSE(reading.fault);
}

TEST(Ipv6Options, WhatIsWrittenIsRead) {
  Rng rng(1);
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::byte> out(rng.between(8, 2100), std::byte{0xee});
    Ipv6OptionWriter writer(out, any<std::uint8_t>(rng));
    std::vector<std::pair<Ipv6Option, std::size_t>> expected;
    std::vector<std::vector<std::byte>> data;
    while (rng.below(10) != 0) {
      const std::size_t alignment = std::size_t{1} << rng.below(4);
      const std::size_t offset = rng.below(alignment);
      data.push_back(any_bytes(rng, rng.below(300)));
      const auto type = static_cast<std::uint8_t>(rng.between(2, 255));
      if (writer.add(type, data.back(), alignment, offset)) {
        expected.push_back({{type, offset, data.back()}, alignment});
      }
    }
    const std::size_t size = writer.finish();
    ASSERT_LE(size, out.size());
    const auto view = Ipv6OptionsView::parse(out);
    ASSERT_TRUE(view);
    ASSERT_EQ(view->bytes().size(), size);
    const auto reading = read_all(view->options(), {.options = 1000});
    ASSERT_FALSE(reading.fault);
    ASSERT_EQ(reading.options.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto& [option, alignment] = expected[i];
      ASSERT_EQ(reading.options[i].type, option.type);
      ASSERT_TRUE(std::ranges::equal(reading.options[i].data, option.data));
      // The options area begins two bytes into the header, from which alignment counts.
      ASSERT_EQ((reading.options[i].offset + 2) % alignment, option.offset);
    }
  }
}

TEST(Ipv6Options, AWriterThatIsFullRefusesAndStaysAsItWas) {
  std::array<std::byte, 15> out{};
  Ipv6OptionWriter writer(out, kIpProtocolUdp);
  EXPECT_TRUE(writer.add_router_alert());
  EXPECT_FALSE(writer.add(0x3e, std::vector<std::byte>(1)));
  EXPECT_EQ(writer.finish(), 8U);
  EXPECT_EQ(read_all(Ipv6OptionsView::parse(out)->options()).options.size(), 1U);
}

TEST(Ipv6Options, TheLongestHeaderHas2048Bytes) {
  std::vector<std::byte> out(3000);
  Ipv6OptionWriter writer(out, kIpProtocolUdp);
  while (writer.add(0x3e, std::vector<std::byte>(253))) {
  }
  while (writer.add(0x3e, {})) {
  }
  EXPECT_EQ(writer.finish(), 2048U);
  EXPECT_EQ(out[1], std::byte{0xff});
}

// RFC 8200 4.2 MUST: the highest two bits of an unknown option's type say what to do.
TEST(Ipv6Options, TheTypeSaysWhatToDoWithTheUnknown) {
  EXPECT_EQ(Ipv6Option{.type = 0x05}.if_unknown(), Ipv6UnknownOption::kSkip);
  EXPECT_EQ(Ipv6Option{.type = 0x63}.if_unknown(), Ipv6UnknownOption::kDiscard);
  EXPECT_EQ(Ipv6Option{.type = 0x8b}.if_unknown(), Ipv6UnknownOption::kDiscardAndReport);
  EXPECT_EQ(Ipv6Option{.type = 0xc2}.if_unknown(),
            Ipv6UnknownOption::kDiscardAndReportUnlessMulticast);
  EXPECT_FALSE(Ipv6Option{.type = 0x05}.may_change());
  EXPECT_TRUE(Ipv6Option{.type = 0x23}.may_change());
}

TEST(Ipv6Options, AnOptionThatRunsOutOfTheHeaderIsPointedAt) {
  for (const auto* text :
       {"0502 0000 3e", "0502 0000 3e01", "0502 0000 01ff", "0502 0000 3e03 0000"}) {
    const auto bytes = from_hex(text);
    const auto reading = read_all(bytes);
    ASSERT_EQ(reading.options.size(), 1U) << text;
    ASSERT_TRUE(reading.fault) << text;
    EXPECT_EQ(reading.fault->error, ParseError::kBadLength) << text;
    EXPECT_EQ(reading.fault->offset, 4U) << text;
  }
}

// RFC 8504 5.3 MAY: limit options that are not padding to eight.
TEST(Ipv6Options, TheNinthOptionIsTooMany) {
  std::vector<std::byte> area;
  for (int i = 0; i < 9; ++i) {
    const auto option = from_hex("3e00");
    EXPECT_EQ(read_all(area).fault.has_value(), false);
    area.insert(area.end(), option.begin(), option.end());
  }
  const auto reading = read_all(area);
  EXPECT_EQ(reading.options.size(), 8U);
  ASSERT_TRUE(reading.fault);
  EXPECT_EQ(reading.fault->error, ParseError::kBadValue);
  EXPECT_EQ(reading.fault->offset, 16U);
  EXPECT_FALSE(read_all(area, {.options = 9}).fault);
}

// RFC 8504 5.3 MAY: limit padding to seven bytes in a row, and require PadN to hold zeros.
TEST(Ipv6Options, PaddingIsSkippedWithinItsLimits) {
  EXPECT_FALSE(read_all(from_hex("00000000000000")).fault);
  EXPECT_TRUE(read_all(from_hex("0000000000000000")).fault);
  EXPECT_FALSE(read_all(from_hex("01050000000000")).fault);
  EXPECT_TRUE(read_all(from_hex("0106000000000000")).fault);
  EXPECT_TRUE(read_all(from_hex("010100 0103000000")).fault);
  EXPECT_FALSE(read_all(from_hex("01050000000000 3e00 01050000000000")).fault);
  EXPECT_TRUE(read_all(from_hex("010101")).fault);
  EXPECT_FALSE(read_all(from_hex("010101"), {.nonzero_padding_ok = true}).fault);
}

TEST(Ipv6Options, RandomBytesAreReadToTheirEndOrToAFault) {
  Rng rng(2);
  for (int round = 0; round < kRounds * 5; ++round) {
    const auto bytes = any_bytes(rng, rng.below(64));
    for (const Ipv6Option& option : read_all(bytes).options) {
      ASSERT_LE(option.offset + 2 + option.data.size(), bytes.size());
    }
  }
}

TEST(Ipv6Options, AJumbogramIsRecognisedByItsLength) {
  const auto jumbo = [](std::string_view text) {
    const auto bytes = from_hex(text);
    return parse_ipv6_jumbo(read_all(bytes).options.at(0));
  };
  EXPECT_EQ(jumbo("c204 00010000"), 0x10000U);
  EXPECT_EQ(jumbo("c204 0000ffff").error(), ParseError::kBadValue);
  EXPECT_EQ(jumbo("c203 000100").error(), ParseError::kBadLength);
  EXPECT_EQ(jumbo("0502 0000").error(), ParseError::kBadValue);
}

TEST(Ipv6Options, RouterAlertAndHomeAddressCheckTheirSize) {
  const auto alert = from_hex("0501 00");
  EXPECT_EQ(parse_ipv6_router_alert(read_all(alert).options.at(0)).error(), ParseError::kBadLength);
  const auto home = from_hex("c910 20010db8000000000000000000000001");
  EXPECT_EQ(parse_ipv6_home_address(read_all(home).options.at(0)),
            IpAddress::v6(0x2001'0db8'0000'0000, 1));
  const auto cut = from_hex("c904 20010db8");
  EXPECT_EQ(parse_ipv6_home_address(read_all(cut).options.at(0)).error(), ParseError::kBadLength);
}

}  // namespace
}  // namespace strata::wire::ipv6_options_test
