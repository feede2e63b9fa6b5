// SPDX-License-Identifier: Apache-2.0
// DNS records in words.
#include "service/names/record_text.h"

#include <gtest/gtest.h>

#include <array>
#include <initializer_list>

namespace strata::service::record_text_test {
namespace {

using wire::DnsType;

std::string text_of(DnsType type, std::initializer_list<int> octets) {
  std::vector<std::byte> data;
  for (const int octet : octets) data.push_back(static_cast<std::byte>(octet));
  std::array<std::byte, 512> out{};
  wire::DnsWriter writer({}, out);
  EXPECT_TRUE(writer.add(wire::DnsRecord{.type = type}, data));
  return data_text(*wire::DnsView::parse(writer.bytes())->records().next());
}

TEST(RecordText, EachTypeIsWrittenAsPeopleKnowIt) {
  EXPECT_EQ(text_of(DnsType::kA, {192, 0, 2, 1}), "192.0.2.1");
  EXPECT_EQ(text_of(DnsType::kCname, {1, 'a', 2, 'b', 'c', 0}), "a.bc.");
  EXPECT_EQ(text_of(DnsType::kMx, {0, 10, 1, 'm', 0}), "10 m.");
  EXPECT_EQ(text_of(DnsType::kSrv, {0, 1, 0, 2, 0, 80, 1, 'h', 0}), "1 2 80 h.");
  EXPECT_EQ(text_of(DnsType::kTxt, {2, 'a', '"', 1, 7}), R"("a\"" "\007")");
  EXPECT_EQ(
      text_of(DnsType::kSoa, {0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5}),
      ". . 1 2 3 4 5");
}

TEST(RecordText, WhatCannotBeReadIsDigits) {
  EXPECT_EQ(text_of(DnsType::kA, {1, 2}), "\\# 2 0102");
  EXPECT_EQ(text_of(DnsType{65}, {}), "\\# 0");
}

TEST(RecordText, OddLettersInNamesAreEscaped) {
  const std::array name{std::byte{3}, std::byte{'a'}, std::byte{'.'}, std::byte{1}, std::byte{0}};
  EXPECT_EQ(to_text(*wire::DnsNameView::parse(name, 0)), "a\\.\\001.");
  EXPECT_EQ(to_text(wire::DnsName{}.view()), ".");
}

TEST(RecordText, TypesHaveNamesOrNumbers) {
  EXPECT_EQ(parse_dns_type("aaaa"), DnsType::kAaaa);
  EXPECT_EQ(parse_dns_type("TYPE65"), DnsType{65});
  for (const char* const wrong : {"", "TYPE", "TYPE0", "TYPE65536", "TYPE6x", "AB"}) {
    EXPECT_FALSE(parse_dns_type(wrong)) << wrong;
  }
  EXPECT_EQ(to_text(DnsType::kSrv), "SRV");
  EXPECT_EQ(to_text(DnsType{65}), "TYPE65");
}

}  // namespace
}  // namespace strata::service::record_text_test
