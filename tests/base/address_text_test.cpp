// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

#include "strata/address.h"
#include "strata/rng.h"

namespace strata::address_text_test {
namespace {

TEST(AddressText, ReadsMacAddresses) {
  EXPECT_EQ(MacAddress::parse("02:00:5e:10:00:FF"), MacAddress::from_value(0x0200'5e10'00ff));
  EXPECT_EQ(MacAddress::parse("02-00-5e-10-00-ff"), MacAddress::from_value(0x0200'5e10'00ff));
  for (const std::string_view text :
       {"", "02:00:5e:10:00", "02:00:5e:10:00:0", "02:00:5e:10:00:000", "02:00:5e:10:00-01",
        "02.00.5e.10.00.01", "0g:00:5e:10:00:01", " 2:00:5e:10:00:01", "+2:00:5e:10:00:01",
        "02:00:5e:10:00:01 "}) {
    EXPECT_EQ(MacAddress::parse(text), std::nullopt) << text;
  }
}

TEST(AddressText, WritesMacAddresses) {
  EXPECT_EQ(to_text(MacAddress::from_value(0x0aff'5e10'0001)).view(), "0a:ff:5e:10:00:01");
}

// RFC 5952 4 MUST: one text for each address: no leading zeros, lower case, the longest run of
// zeros (the first of equals) shortened, a single zero group never.
TEST(AddressText, WritesTheOneCanonicalText) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kCases{{
      {"0:0:0:0:0:0:0:0", "::"},
      {"0:0:0:0:0:0:0:1", "::1"},
      {"1:0:0:0:0:0:0:0", "1::"},
      {"2001:0DB8:0:0:0:0:2:1", "2001:db8::2:1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:db8::0:1", "2001:db8::1"},
      {"0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"},
      {"1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"},
      {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
      {"0:0:1:2:3:4:5:6", "::1:2:3:4:5:6"},
      {"::ABCD", "::abcd"},
      {"fe80::0204:61ff:fe9d:f156", "fe80::204:61ff:fe9d:f156"},
      {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
      {"::ffff:10.0.0.1", "10.0.0.1"},
      {"::ffff:a00:1", "10.0.0.1"},
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
  }};
  for (const auto& [text, canonical] : kCases) {
    const auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_text(*address).view(), canonical);
  }
}

TEST(AddressText, RefusesWhatIsNotAnAddress) {
  for (const std::string_view text : {"",
                                      " ",
                                      "1",
                                      "1.2.3",
                                      "1.2.3.4.5",
                                      "1.2.3.256",
                                      "1.2.3.-4",
                                      "1.2.3.+4",
                                      "01.2.3.4",
                                      "1.2.3.00",
                                      "0x1.2.3.4",
                                      "1.2.3.4 ",
                                      " 1.2.3.4",
                                      "1..2.3",
                                      ".1.2.3",
                                      "1.2.3.",
                                      "1.2.3.4/8",
                                      "1.2.3.99999999999",
                                      ":",
                                      ":::",
                                      "::1::",
                                      "1::2::3",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1:2:3:4:5:6:7:",
                                      ":1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8::",
                                      "::1:2:3:4:5:6:7:8",
                                      "1:2:3:4::5:6:7:8",
                                      "12345::",
                                      "g::",
                                      "::-1",
                                      "::+1",
                                      "::0x1",
                                      "::1%2",
                                      "[::1]",
                                      "::1 ",
                                      "1.2.3.4::",
                                      "::1.2.3.4:5",
                                      "::1.2.3",
                                      "::1.2.3.256",
                                      "::01.2.3.4",
                                      "1:2:3:4:5:6:7:1.2.3.4",
                                      "::1:2:3:4:5:6:1.2.3.4",
                                      "1.2.3.4:80",
                                      "localhost"}) {
    EXPECT_EQ(IpAddress::parse(text), std::nullopt) << text;
  }
  EXPECT_EQ(IpAddress::parse(std::string_view("1.2.3.4\0", 8)), std::nullopt);
}

IpAddress draw(Rng& rng) {
  std::array<std::byte, 16> bytes{};
  // Groups of few values make runs of zeros and of ones.
  for (std::size_t i = 0; i < 16; i += 2) {
    const std::uint64_t group = rng.chance({1, 2}) ? 0 : rng.below(1U << rng.below(17));
    store_big_endian(bytes.data() + i, static_cast<std::uint16_t>(group));
  }
  return IpAddress::from_bytes(bytes);
}

TEST(AddressText, AgreesWithTheSystemAndReadsWhatItWrote) {
  Rng rng(5);
  for (int i = 0; i < 20000; ++i) {
    const IpAddress address =
        rng.chance({1, 4}) ? IpAddress::v4(static_cast<std::uint32_t>(rng.next())) : draw(rng);
    const auto text = to_text(address);
    ASSERT_EQ(IpAddress::parse(text), address) << text.view();
    std::array<char, INET6_ADDRSTRLEN> system{};
    if (address.is_v4()) {
      inet_ntop(AF_INET, address.bytes().data() + 12, system.data(), system.size());
    } else {
      inet_ntop(AF_INET6, address.bytes().data(), system.data(), system.size());
      // The system writes ::a.b.c.d for the deprecated IPv4-compatible addresses.
      if (std::string_view(system.data()).find('.') != std::string_view::npos) continue;
    }
    ASSERT_EQ(text.view(), std::string_view(system.data()));
  }
}

TEST(AddressText, AcceptsWhatTheSystemAccepts) {
  Rng rng(6);
  constexpr std::string_view kAlphabet = "012f:::..5";
  int accepted = 0;
  for (int i = 0; i < 300000; ++i) {
    std::string text(rng.between(2, 12), ' ');
    for (char& c : text) c = kAlphabet[rng.below(kAlphabet.size())];
    std::array<std::byte, 16> system{};
    const bool is_v6 = text.find(':') != std::string::npos;
    const bool is_address = inet_pton(is_v6 ? AF_INET6 : AF_INET, text.c_str(), system.data()) == 1;
    const auto address = IpAddress::parse(text);
    ASSERT_EQ(address.has_value(), is_address) << text;
    if (!address) continue;
    ++accepted;
    if (is_v6) {
      ASSERT_EQ(*address, IpAddress::from_bytes(system)) << text;
    } else {
      ASSERT_EQ(address->v4_value(), load_big_endian<std::uint32_t>(system.data())) << text;
    }
  }
  EXPECT_GT(accepted, 1000);
}

TEST(AddressText, ReadsAndWritesPrefixes) {
  EXPECT_EQ(to_text(Prefix::parse("10.77.0.2/24").value()).view(), "10.77.0.2/24");
  EXPECT_EQ(to_text(Prefix::parse("FD77::0/64").value()).view(), "fd77::/64");
  EXPECT_EQ(to_text(Prefix::parse("0.0.0.0/0").value()).view(), "0.0.0.0/0");
  EXPECT_EQ(Prefix::parse("::/128")->length(), 128U);
  for (const std::string_view text :
       {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8/8",
        "10.0.0.0/ 8", "::/129", "/8", "::ffff:10.0.0.0/104", "10.0.0/8"}) {
    EXPECT_EQ(Prefix::parse(text), std::nullopt) << text;
  }
}

TEST(AddressText, WritesEndpoints) {
  EXPECT_EQ(to_text(Endpoint{IpAddress::v4(1, 2, 3, 4), 80, 0}).view(), "1.2.3.4:80");
  EXPECT_EQ(to_text(Endpoint{IpAddress::v4(169, 254, 3, 4), 80, 7}).view(), "169.254.3.4%7:80");
  EXPECT_EQ(to_text(Endpoint{IpAddress::parse("fe80::1").value(), 80, 2}).view(), "[fe80::1%2]:80");
  EXPECT_EQ(to_text(Endpoint{IpAddress::any_v6(), 0, 0}).view(), "[::]:0");
}

TEST(AddressText, TheLongestTextsFit) {
  const IpAddress longest = IpAddress::v6(~std::uint64_t{0}, ~std::uint64_t{0});
  EXPECT_EQ(to_text(Endpoint{longest, 65535, 65535}).view(),
            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%65535]:65535");
  EXPECT_EQ(to_text(Prefix(longest, 128)).view(), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
}

}  // namespace
}  // namespace strata::address_text_test
