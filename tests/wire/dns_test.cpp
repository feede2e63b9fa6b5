// SPDX-License-Identifier: Apache-2.0
// DNS messages: round trips, a golden answer, and messages that are cut.
#include "strata/wire/dns.h"

#include <string>

#include "strata/wire/dns_record.h"
#include "wire/round_trip.h"

namespace strata::wire::dns_test {
namespace {

constexpr bool survives_constexpr() {
  std::array<std::byte, 64> bytes{};
  DnsWriter writer({.id = 7, .recursion_desired = true}, bytes);
  const DnsQuestion question{*DnsName::parse("a.example"), DnsType::kAaaa, DnsClass::kInternet};
  const bool fits = writer.add(question);
  const auto view = DnsView::parse(writer.bytes());
  return fits && view->id() == 7 && view->question()->values() == question;
}
static_assert(survives_constexpr());

DnsHeader any_header(Rng& rng) {
  return {.id = any<std::uint16_t>(rng),
          .is_response = any_bool(rng),
          .opcode = static_cast<DnsOpcode>(rng.below(16)),
          .is_authoritative = any_bool(rng),
          .is_truncated = any_bool(rng),
          .recursion_desired = any_bool(rng),
          .recursion_available = any_bool(rng),
          .authentic_data = any_bool(rng),
          .checking_disabled = any_bool(rng),
          .response_code = static_cast<std::uint8_t>(rng.below(16)),
          .question_count = 0,
          .answer_count = any<std::uint16_t>(rng),
          .authority_count = any<std::uint16_t>(rng),
          .additional_count = any<std::uint16_t>(rng)};
}

DnsName any_name(Rng& rng) {
  std::string text;
  for (std::uint64_t labels = rng.below(6); labels > 0; --labels) {
    for (std::uint64_t left = rng.between(1, 30); left > 0; --left) {
      text += static_cast<char>(rng.between('a', 'z'));
    }
    text += '.';
  }
  return text.empty() ? DnsName{} : *DnsName::parse(text);
}

TEST(Dns, AHeaderComesBack) {
  Rng rng(1);
  for (int i = 0; i < kRounds; ++i) expect_round_trip<DnsView, DnsLayout::kSize>(any_header(rng));
}

TEST(Dns, WhatIsWrittenIsRead) {
  Rng rng(2);
  std::array<std::byte, 4096> out;
  for (int i = 0; i < kRounds / 4; ++i) {
    DnsHeader header = any_header(rng);
    DnsWriter writer(header, out);
    const DnsQuestion question{any_name(rng), static_cast<DnsType>(rng.next()),
                               static_cast<DnsClass>(rng.next())};
    ASSERT_TRUE(writer.add(question));
    std::vector<DnsRecord> records;
    std::vector<std::vector<std::byte>> data;
    for (const auto section :
         {DnsSection::kAnswer, DnsSection::kAuthority, DnsSection::kAdditional}) {
      for (std::uint64_t left = rng.below(4); left > 0; --left) {
        records.push_back({section, any_name(rng), static_cast<DnsType>(rng.next()),
                           static_cast<DnsClass>(rng.next()), any<std::uint32_t>(rng)});
        data.push_back(any_bytes(rng, rng.below(40)));
        ASSERT_TRUE(writer.add(records.back(), data.back()));
      }
    }
    const auto view = DnsView::parse(writer.bytes());
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->question()->values(), question);
    auto reader = view->records();
    for (std::size_t j = 0; j < records.size(); ++j) {
      const auto record = reader.next();
      ASSERT_TRUE(record.has_value());
      EXPECT_EQ(record->section, records[j].section);
      EXPECT_EQ(DnsName(record->name), records[j].name);
      EXPECT_EQ(record->type, records[j].type);
      EXPECT_EQ(record->klass, records[j].klass);
      EXPECT_EQ(record->time_to_live_s, records[j].time_to_live_s);
      EXPECT_EQ(to_vector(record->data()), data[j]);
    }
    EXPECT_FALSE(reader.next().has_value());
    EXPECT_FALSE(reader.is_malformed());
  }
}

// An answer of dnsmasq to www.example.test A, compressed.
constexpr std::string_view kAnswer =
    "1234 8580 0001 0001 0000 0001  03 777777 07 6578616d706c65 04 74657374 00 0001 0001"
    "c00c 0001 0001 0000003c 0004 0a010203   00 0029 04d0 00000000 0000";

TEST(Dns, ReadsAKnownAnswer) {
  const auto bytes = from_hex(kAnswer);
  const auto view = DnsView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  const DnsHeader header = view->header();
  EXPECT_TRUE(header.is_response && header.is_authoritative && header.recursion_available);
  EXPECT_FALSE(header.is_truncated);
  EXPECT_EQ(view->question()->name, DnsName::parse("www.example.test")->view());
  auto records = view->records();
  const auto answer = records.next();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->name, view->question()->name);
  EXPECT_EQ(dns_address(*answer), IpAddress::v4(10, 1, 2, 3));
  EXPECT_EQ(answer->time_to_live_s, 60U);
  const auto opt = records.next();
  ASSERT_TRUE(opt.has_value());
  EXPECT_EQ(DnsOpt::parse(*opt)->udp_payload_max, 1232U);
  EXPECT_FALSE(records.next().has_value());
}

TEST(Dns, ACutMessageEndsMalformedButWithoutHarm) {
  const auto bytes = from_hex(kAnswer);
  for_every_prefix(bytes, [&](Bytes prefix) {
    const auto view = DnsView::parse(prefix);
    EXPECT_EQ(view.has_value(), prefix.size() >= 34) << prefix.size();
    if (!view) return;
    auto records = view->records();
    while (const auto record = records.next()) (void)record->data();
    EXPECT_EQ(records.is_malformed(), prefix.size() != bytes.size()) << prefix.size();
  });
}

TEST(Dns, TheWriterRefusesWhatDoesNotFitAndKeepsTheRest) {
  std::array<std::byte, 40> out{};
  DnsWriter writer({}, out);
  ASSERT_TRUE(writer.add({*DnsName::parse("a.example"), DnsType::kA, DnsClass::kInternet}));
  const auto before = to_vector(writer.bytes());
  EXPECT_FALSE(writer.add({*DnsName::parse("b.example"), DnsType::kA, DnsClass::kInternet}));
  EXPECT_FALSE(writer.add(DnsRecord{.name = *DnsName::parse("b.example")}, {}));
  EXPECT_EQ(to_vector(writer.bytes()), before);
}

TEST(Dns, CountsThatPromiseTooMuchAreSeen) {
  EXPECT_FALSE(DnsView::parse(from_hex("0000 0000 0001 0000 0000 0000")));
  const auto bytes = from_hex("0000 0000 0000 ffff 0000 0000");
  const auto view = DnsView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_FALSE(view->question().has_value());
  auto records = view->records();
  EXPECT_FALSE(records.next().has_value());
  EXPECT_TRUE(records.is_malformed());
}

}  // namespace
}  // namespace strata::wire::dns_test
