// SPDX-License-Identifier: Apache-2.0
// DHCP options: all three areas, long ones, routes, and areas that are cut.
#include "strata/wire/dhcp_options.h"

#include "wire/round_trip.h"

namespace strata::wire::dhcp_options_test {
namespace {

// A message with these options, file and server name.
std::vector<std::byte> message_with(Bytes options, Bytes file = {}, Bytes name = {}) {
  std::vector<std::byte> message(DhcpLayout::kSize);
  write(DhcpHeader{}, std::span<std::byte, DhcpLayout::kSize>(message));
  copy_bytes(file, MutableBytes(message).subspan(DhcpLayout::kFile, file.size()));
  copy_bytes(name, MutableBytes(message).subspan(DhcpLayout::kServerName, name.size()));
  message.insert(message.end(), options.begin(), options.end());
  return message;
}

std::optional<std::vector<std::byte>> find_in(Bytes message, DhcpOption code) {
  std::array<std::byte, 2048> scratch;
  const auto data = DhcpOptions(*DhcpView::parse(message)).find(code, scratch);
  return data ? std::optional(to_vector(*data)) : std::nullopt;
}

TEST(DhcpOptions, OptionsComeBack) {
  Rng rng(1);
  for (int i = 0; i < kRounds / 4; ++i) {
    std::array<std::byte, 4096> out;
    DhcpWriter writer({}, out);
    std::vector<std::vector<std::byte>> values;
    for (std::uint8_t code = 1; code < 6; ++code) {
      values.push_back(any_bytes(rng, rng.below(700)));
      ASSERT_TRUE(writer.add(static_cast<DhcpOption>(code), Bytes(values.back())));
    }
    const Bytes message = writer.finish();
    EXPECT_GE(message.size(), DhcpWriter::kSizeMin);
    for (std::uint8_t code = 1; code < 6; ++code) {
      EXPECT_EQ(find_in(message, static_cast<DhcpOption>(code)), values[code - 1U]);
    }
    EXPECT_FALSE(find_in(message, DhcpOption::kRouter) == std::nullopt);
    EXPECT_FALSE(find_in(message, DhcpOption{99}).has_value());
  }
}

TEST(DhcpOptions, NumbersAndAddressesMustHaveTheirSize) {
  const auto bytes = message_with(from_hex("35 01 05 33 04 00000e10 1a 02 05dc 3a 03 010203 ff"));
  const DhcpOptions options(*DhcpView::parse(bytes));
  EXPECT_EQ(options.message_type(), DhcpMessageType::kAck);
  EXPECT_EQ(options.find_u32(DhcpOption::kLeaseTime), 3600U);
  EXPECT_EQ(options.find_u16(DhcpOption::kInterfaceMtu), 1500);
  EXPECT_FALSE(options.find_u32(DhcpOption::kRenewalTime).has_value());
  EXPECT_EQ(options.find_address(DhcpOption::kLeaseTime), IpAddress::v4(0, 0, 14, 16));
}

// RFC 2131 4.1 MUST: with option 52 the file and the server name hold options, too; the option
// field is read first, then the file, then the name.
TEST(DhcpOptions, OverloadedFieldsAreReadInOrder) {
  const auto file = from_hex("0c 01 62 ff");
  const auto name = from_hex("0c 01 63 ff");
  const auto plain = [&](std::string_view overload) {
    return find_in(message_with(from_hex(overload), file, name), DhcpOption::kHostName);
  };
  EXPECT_EQ(plain("0c 01 61 ff"), from_hex("61"));
  EXPECT_EQ(plain("34 01 01 0c 01 61 ff"), from_hex("61 62"));
  EXPECT_EQ(plain("34 01 02 0c 01 61 ff"), from_hex("61 63"));
  EXPECT_EQ(plain("0c 01 61 34 01 03 ff"), from_hex("61 62 63"));
}

// RFC 3396 7 MUST: parts of an option are put together in the order in which they come.
TEST(DhcpOptions, PartsOfALongOptionArePutTogether) {
  const auto bytes = message_with(from_hex("0c 02 6162 01 04 ffffff00 00 0c 01 63 ff"));
  EXPECT_EQ(find_in(bytes, DhcpOption::kHostName), from_hex("616263"));
  std::array<std::byte, 2> small{};
  EXPECT_FALSE(DhcpOptions(*DhcpView::parse(bytes)).find(DhcpOption::kHostName, small));
}

TEST(DhcpOptions, WhatFollowsTheEndIsNotRead) {
  EXPECT_FALSE(find_in(message_with(from_hex("ff 0c 01 61")), DhcpOption::kHostName));
}

TEST(DhcpOptions, ACutAreaIsMalformed) {
  const auto whole = from_hex("35 01 05 0c 03 616263");
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const auto bytes = message_with(Bytes(whole).first(size));
    const DhcpOptions options(*DhcpView::parse(bytes));
    EXPECT_EQ(options.is_malformed(), size != 0 && size != 3 && size != whole.size()) << size;
  }
}

TEST(DhcpOptions, TheWriterRefusesWhatDoesNotFit) {
  std::array<std::byte, 300> out{};
  DhcpWriter writer({}, out);
  EXPECT_FALSE(writer.add(DhcpOption::kHostName, Bytes(std::vector<std::byte>(58))));
  EXPECT_TRUE(writer.add(DhcpOption::kHostName, Bytes(std::vector<std::byte>(57))));
  EXPECT_EQ(writer.finish().size(), 300U);
}

TEST(DhcpOptions, RoutesComeBack) {
  Rng rng(2);
  for (int i = 0; i < kRounds; ++i) {
    const auto length = static_cast<unsigned>(rng.below(33));
    const DhcpRoute route{Prefix(any_v4(rng), length).network(), any_v4(rng)};
    std::array<std::byte, 9> out{};
    const std::size_t size = write_dhcp_route(route, out);
    EXPECT_EQ(size, 5 + (length + 7) / 8);
    DhcpRouteReader reader(Bytes(out).first(size));
    EXPECT_EQ(reader.next(), route);
    EXPECT_FALSE(reader.next() || reader.is_malformed());
    DhcpRouteReader cut(Bytes(out).first(size - 1));
    EXPECT_FALSE(cut.next());
    EXPECT_TRUE(cut.is_malformed());
  }
}

// As in RFC 3442: 10.27.129.0/24 is 24.10.27.129, 10.229.0.128/25 is 25.10.229.0.128.
TEST(DhcpOptions, RoutesAreWrittenAsTheRfcShows) {
  const auto bytes = from_hex("18 0a1b81 0a000001 19 0ae500ff 0a000002 21 00000000 00 00000000");
  DhcpRouteReader reader(bytes);
  EXPECT_EQ(reader.next()->destination, *Prefix::parse("10.27.129.0/24"));
  // Bits beyond the mask are masked out before use.
  EXPECT_EQ(reader.next()->destination, *Prefix::parse("10.229.0.128/25"));
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.is_malformed());
}

}  // namespace
}  // namespace strata::wire::dhcp_options_test
