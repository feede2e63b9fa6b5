// SPDX-License-Identifier: Apache-2.0
// Record data: each type comes back, and data of the wrong length is refused.
#include "strata/wire/dns_record.h"

#include "wire/round_trip.h"

namespace strata::wire::dns_record_test {
namespace {

// A message with one record of these bytes.
class OneRecord {
 public:
  OneRecord(DnsType type, Bytes data) {
    DnsWriter writer({}, out_);
    EXPECT_TRUE(writer.add(DnsRecord{.name = *DnsName::parse("x.example"), .type = type}, data));
    record_ = DnsView::parse(writer.bytes())->records().next();
  }
  const DnsRecordView& operator*() const { return *record_; }

 private:
  std::array<std::byte, 1024> out_{};
  std::optional<DnsRecordView> record_;
};

TEST(DnsRecord, AddressesComeBack) {
  Rng rng(1);
  for (int i = 0; i < kRounds; ++i) {
    const IpAddress v4 = any_v4(rng);
    const IpAddress v6 = any_unicast_v6(rng);
    EXPECT_EQ(dns_address(*OneRecord(DnsType::kA, dns_address_data(v4).bytes())), v4);
    EXPECT_EQ(dns_address(*OneRecord(DnsType::kAaaa, dns_address_data(v6).bytes())), v6);
  }
  for (std::size_t size = 0; size < 20; ++size) {
    const std::vector<std::byte> data(size);
    EXPECT_EQ(dns_address(*OneRecord(DnsType::kA, data)).has_value(), size == 4);
    EXPECT_EQ(dns_address(*OneRecord(DnsType::kAaaa, data)).has_value(), size == 16);
    EXPECT_FALSE(dns_address(*OneRecord(DnsType::kTxt, data)));
  }
}

TEST(DnsRecord, AuthorityComesBack) {
  Rng rng(2);
  for (int i = 0; i < kRounds; ++i) {
    const DnsSoa soa{.primary = *DnsName::parse("ns.example"),
                     .mailbox = *DnsName::parse("admin.example"),
                     .serial = any<std::uint32_t>(rng),
                     .refresh_s = any<std::uint32_t>(rng),
                     .retry_s = any<std::uint32_t>(rng),
                     .expire_s = any<std::uint32_t>(rng),
                     .minimum_s = any<std::uint32_t>(rng)};
    std::array<std::byte, DnsSoa::kSizeMax> out;
    const std::size_t size = write_soa(soa, out);
    ASSERT_NE(size, 0U);
    EXPECT_EQ(DnsSoa::parse(*OneRecord(DnsType::kSoa, Bytes(out).first(size))), soa);
    EXPECT_FALSE(DnsSoa::parse(*OneRecord(DnsType::kSoa, Bytes(out).first(size - 1))));
    EXPECT_FALSE(DnsSoa::parse(*OneRecord(DnsType::kTxt, Bytes(out).first(size))));
    EXPECT_EQ(write_soa(soa, MutableBytes(out).first(size - 1)), 0U);
  }
}

TEST(DnsRecord, ServiceComesBack) {
  Rng rng(3);
  for (int i = 0; i < kRounds; ++i) {
    const DnsSrv srv{any<std::uint16_t>(rng), any<std::uint16_t>(rng), any<std::uint16_t>(rng),
                     *DnsName::parse("host.example")};
    std::array<std::byte, 300> out;
    const std::size_t size = write_srv(srv, out);
    ASSERT_NE(size, 0U);
    EXPECT_EQ(DnsSrv::parse(*OneRecord(DnsType::kSrv, Bytes(out).first(size))), srv);
    for (std::size_t cut = 0; cut < size; ++cut) {
      EXPECT_FALSE(DnsSrv::parse(*OneRecord(DnsType::kSrv, Bytes(out).first(cut))));
    }
  }
}

TEST(DnsRecord, TargetsFillTheirData) {
  const auto exact = from_hex("01 61 00");
  const auto longer = from_hex("01 61 00 00");
  EXPECT_EQ(*dns_target(*OneRecord(DnsType::kCname, exact)), DnsName::parse("a")->view());
  EXPECT_TRUE(dns_target(*OneRecord(DnsType::kPtr, exact)));
  EXPECT_FALSE(dns_target(*OneRecord(DnsType::kCname, longer)));
  EXPECT_FALSE(dns_target(*OneRecord(DnsType::kCname, Bytes(exact).first(2))));
  EXPECT_FALSE(dns_target(*OneRecord(DnsType::kA, exact)));
}

TEST(DnsRecord, TextIsStringsBehindTheirLengths) {
  const auto data = from_hex("02 6869 00 01 78");
  const OneRecord record(DnsType::kTxt, data);
  auto reader = DnsTextReader::parse(*record);
  ASSERT_TRUE(reader.has_value());
  EXPECT_EQ(to_vector(*reader->next()), from_hex("6869"));
  EXPECT_TRUE(reader->next()->empty());
  EXPECT_EQ(to_vector(*reader->next()), from_hex("78"));
  EXPECT_FALSE(reader->next().has_value());
  EXPECT_FALSE(DnsTextReader::parse(*OneRecord(DnsType::kTxt, Bytes(data).first(2))));
}

TEST(DnsRecord, OptComesBack) {
  Rng rng(4);
  for (int i = 0; i < kRounds; ++i) {
    const DnsOpt opt{any<std::uint16_t>(rng), any<std::uint8_t>(rng), any<std::uint8_t>(rng),
                     any_bool(rng)};
    std::array<std::byte, 64> out{};
    DnsWriter writer({}, out);
    ASSERT_TRUE(writer.add(opt.record(), {}));
    const auto view = DnsView::parse(writer.bytes());
    EXPECT_EQ(DnsOpt::parse(*view->records().next()), opt);
  }
}

// RFC 6891 6.1.2 MUST: the name of an OPT record is the root.
TEST(DnsRecord, AnOptWithANameIsRefused) {
  EXPECT_FALSE(DnsOpt::parse(*OneRecord(DnsType::kOpt, {})));
}

}  // namespace
}  // namespace strata::wire::dns_record_test
