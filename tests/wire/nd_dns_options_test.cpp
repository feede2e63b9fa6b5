// SPDX-License-Identifier: Apache-2.0
// The DNS options of router advertisements: round trips, golden bytes, malformed names.
#include "strata/wire/nd_dns_options.h"

#include "wire/round_trip.h"

namespace strata::wire::nd_dns_options_test {
namespace {

std::vector<std::vector<std::byte>> names_in(Bytes bytes) {
  std::vector<std::vector<std::byte>> names;
  for (const Bytes name : DomainNames(bytes)) names.push_back(to_vector(name));
  return names;
}

TEST(NdDnsOptions, ServersComeBack) {
  Rng rng(14);
  for (std::size_t count = 1; count <= 127; ++count) {
    std::vector<IpAddress> servers(count);
    for (IpAddress& server : servers) server = any_unicast_v6(rng);
    std::array<std::byte, 2040> out{};
    out.fill(std::byte{0xff});
    const auto lifetime = any<std::uint32_t>(rng);
    const std::size_t size = write_recursive_dns_servers(lifetime, servers, out);
    ASSERT_EQ(size, 8 + 16 * count);
    const auto view = RecursiveDnsServersView::parse(*NdOptionView::parse(Bytes(out).first(size)));
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->lifetime_s(), lifetime);
    std::vector<IpAddress> read;
    for (const IpAddress server : view->servers()) read.push_back(server);
    EXPECT_EQ(read, servers);
  }
}

TEST(NdDnsOptions, ServersAreNotWrittenWhereTheyDoNotFit) {
  std::array<std::byte, 4096> out{};
  const std::vector<IpAddress> many(128, IpAddress::loopback_v6());
  EXPECT_EQ(write_recursive_dns_servers(1, many, out), 0U);
  EXPECT_EQ(write_recursive_dns_servers(1, {}, out), 0U);
  EXPECT_EQ(write_recursive_dns_servers(1, std::span(many).first(1), MutableBytes(out).first(23)),
            0U);
}

// RFC 8106 5.3.1 MUST: the option's length is at least 3 and odd, else it is discarded.
TEST(NdDnsOptions, ServersOfAnImpossibleLengthAreRefused) {
  for (std::uint8_t length = 1; length < 10; ++length) {
    std::vector<std::byte> bytes(length * 8U);
    bytes[0] = std::byte{25};
    bytes[1] = std::byte{length};
    EXPECT_EQ(RecursiveDnsServersView::parse(*NdOptionView::parse(bytes)).has_value(),
              length >= 3 && length % 2 == 1)
        << int{length};
  }
}

TEST(NdDnsOptions, ReadsAKnownSearchList) {
  const auto bytes = from_hex(
      "1f 04 0000 00000e10 "
      "07 6578616d706c65 03 6f7267 00 "
      "03 6c616e 00 000000000000");
  const auto option = NdOptionView::parse(bytes);
  ASSERT_TRUE(option.has_value());
  const auto view = DnsSearchListView::parse(*option);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->lifetime_s(), 3600U);
  std::vector<std::vector<std::byte>> names;
  for (const Bytes name : view->names()) names.push_back(to_vector(name));
  EXPECT_EQ(names, (std::vector{from_hex("076578616d706c65036f726700"), from_hex("036c616e00")}));
}

TEST(NdDnsOptions, ASearchListComesBack) {
  const std::array encoded{from_hex("076578616d706c65036f726700"), from_hex("036c616e00")};
  const std::array<Bytes, 2> names{encoded[0], encoded[1]};
  std::array<std::byte, 64> out{};
  out.fill(std::byte{0xff});
  ASSERT_EQ(write_dns_search_list(60, names, out), 32U);
  const auto view = DnsSearchListView::parse(*NdOptionView::parse(out));
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->lifetime_s(), 60U);
  std::vector<std::vector<std::byte>> read;
  for (const Bytes name : view->names()) read.push_back(to_vector(name));
  EXPECT_EQ(read, (std::vector{encoded[0], encoded[1]}));
  EXPECT_EQ(write_dns_search_list(60, names, MutableBytes(out).first(31)), 0U);
  EXPECT_EQ(write_dns_search_list(60, {}, out), 0U);
}

TEST(NdDnsOptions, ASearchListWithoutRoomForANameIsRefused) {
  const auto bytes = from_hex("1f 01 0000 00000e10");
  EXPECT_EQ(DnsSearchListView::parse(*NdOptionView::parse(bytes)).error(), ParseError::kBadLength);
}

TEST(NdDnsOptions, TheWalkOverNamesEndsAtTheFirstMalformedOne) {
  EXPECT_TRUE(names_in(from_hex("00 00 01 61 00")).empty());  // padding
  EXPECT_TRUE(names_in(from_hex("01 61")).empty());           // no final zero
  EXPECT_TRUE(names_in(from_hex("05 6161")).empty());         // a cut label
  EXPECT_TRUE(names_in(from_hex("c0 00 00")).empty());        // compression
  EXPECT_EQ(names_in(from_hex("01 61 00 c0 00 01 62 00")).size(), 1U);
}

TEST(NdDnsOptions, ANameIsAtMost255BytesLong) {
  const auto label = concatenated({from_hex("3f"), std::vector<std::byte>(63, std::byte{'a'})});
  const auto last = [](std::uint8_t size) {
    return concatenated({std::array{std::byte{size}}, std::vector<std::byte>(size, std::byte{'b'}),
                         from_hex("00")});
  };
  EXPECT_EQ(names_in(concatenated({label, label, label, last(61)})).size(), 1U);
  EXPECT_EQ(names_in(concatenated({label, label, label, last(62)})).size(), 0U);
}

TEST(NdDnsOptions, NoBytesLeadTheWalkAstray) {
  Rng rng(15);
  for (int i = 0; i < kRounds; ++i) {
    auto bytes = any_bytes(rng, rng.below(80));
    for (std::byte& byte : bytes) byte &= std::byte{0x07};
    std::size_t walked = 0;
    for (const auto& name : names_in(bytes)) walked += name.size();
    EXPECT_LE(walked, bytes.size());
  }
}

}  // namespace
}  // namespace strata::wire::nd_dns_options_test
