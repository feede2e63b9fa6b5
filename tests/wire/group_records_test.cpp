// SPDX-License-Identifier: Apache-2.0
// Group records and source lists of both families.
#include "strata/wire/group_records.h"

#include "wire/round_trip.h"

namespace strata::wire::group_records_test {
namespace {

template <template <std::size_t> class AddressField>
std::vector<std::byte> record_bytes(const GroupRecordHeader& header,
                                    std::span<const IpAddress> sources) {
  using Layout = GroupRecordLayout<AddressField>;
  const std::size_t sources_size = sources.size() * AddressField<0>::kEnd;
  std::vector<std::byte> bytes(Layout::kSize + sources_size + header.auxiliary_words * 4U);
  write_group_record<AddressField>(
      header, std::span<std::byte, Layout::kSize>(bytes.data(), Layout::kSize));
  const std::size_t written =
      write_addresses<AddressField>(sources, MutableBytes(bytes).subspan(Layout::kSize));
  EXPECT_EQ(written, sources.size());
  return bytes;
}

template <template <std::size_t> class AddressField, typename AnyAddress>
void expect_records_survive(AnyAddress any_address) {
  Rng rng(7);
  for (int i = 0; i < 300; ++i) {
    std::vector<IpAddress> sources(rng.below(6));
    for (IpAddress& source : sources) source = any_address(rng);
    const GroupRecordHeader header{
        .type = static_cast<GroupRecordType>(any<std::uint8_t>(rng)),
        .auxiliary_words = static_cast<std::uint8_t>(rng.below(4)),
        .source_count = static_cast<std::uint16_t>(sources.size()),
        .group = any_address(rng),
    };
    const auto bytes = record_bytes<AddressField>(header, sources);
    const auto view = GroupRecordView<AddressField>::parse(bytes);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->header(), header);
    EXPECT_EQ(view->auxiliary_data().size(), header.auxiliary_words * 4U);
    ASSERT_EQ(view->sources().size(), sources.size());
    for (std::size_t s = 0; s < sources.size(); ++s) EXPECT_EQ(view->sources()[s], sources[s]);
    std::vector<IpAddress> iterated;
    for (const IpAddress source : view->sources()) iterated.push_back(source);
    EXPECT_EQ(iterated, sources);
    expect_refused_below<GroupRecordView<AddressField>>(bytes, bytes.size());
  }
}

TEST(GroupRecords, ParseUndoesWriteInBothFamilies) {
  expect_records_survive<Ipv4Field>([](Rng& rng) { return any_v4(rng); });
  expect_records_survive<Ipv6Field>([](Rng& rng) { return any_unicast_v6(rng); });
}

TEST(GroupRecords, AuxiliaryDataIsSteppedOver) {
  const auto bytes = from_hex(
      "04 02 0001 e1000001 0a000001 deadbeef cafef00d "
      "01 00 0000 e1000002");
  const auto records = GroupRecords<Ipv4Field>::parse(bytes, 2);
  ASSERT_TRUE(records.has_value());
  std::vector<IpAddress> groups;
  for (const auto record : *records) groups.push_back(record.group());
  EXPECT_EQ(groups, (std::vector{IpAddress::v4(225, 0, 0, 1), IpAddress::v4(225, 0, 0, 2)}));
}

TEST(GroupRecords, BytesBehindTheLastRecordAreLeftOut) {
  const auto bytes = from_hex("01 00 0000 e1000001 ff ff ff");
  EXPECT_EQ(GroupRecords<Ipv4Field>::parse(bytes, 1)->bytes().size(), 8U);
  EXPECT_EQ(GroupRecords<Ipv4Field>::parse(bytes, 0)->size(), 0U);
  EXPECT_FALSE(GroupRecords<Ipv4Field>::parse(bytes, 2).has_value());
}

TEST(GroupRecords, CountsThatLieAreRefused) {
  for (const auto* hex : {"01 00 0001 e1000001", "01 00 ffff e1000001 0a000001",
                          "01 01 0000 e1000001", "01 ff 0000 e1000001 00000000"}) {
    EXPECT_EQ(GroupRecordView<Ipv4Field>::parse(from_hex(hex)).error(), ParseError::kBadLength)
        << hex;
  }
}

TEST(GroupRecords, WritesNoMoreAddressesThanFit) {
  const std::array sources{IpAddress::v4(1), IpAddress::v4(2), IpAddress::v4(3)};
  std::array<std::byte, 11> out{};
  EXPECT_EQ(write_addresses<Ipv4Field>(sources, out), 2U);
  EXPECT_EQ(to_vector(out), from_hex("00000001 00000002 000000"));
}

}  // namespace
}  // namespace strata::wire::group_records_test
