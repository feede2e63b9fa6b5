// SPDX-License-Identifier: Apache-2.0
// What an answer says about a name, and all that it may not say.
#include "dns/reply.h"

#include "dns/dns_testing.h"

namespace strata::dns::reply_test {
namespace {

using wire::DnsSection;
using wire::DnsType;

Response response(std::uint8_t code = 0) {
  return Response({}, {name_of("www.test"), DnsType::kA, wire::DnsClass::kInternet}, code);
}
Reply read(const Response& made, DnsType type = DnsType::kA) {
  const auto bytes = made.bytes();
  return read_reply(*wire::DnsView::parse(bytes), name_of("www.test"), type);
}

TEST(Reply, ChainsAreFollowedInAnyOrderAndHoldAsLongAsTheirWeakestLink) {
  const Reply reply = read(response()
                               .address("c.test", "192.0.2.1", 300)
                               .alias("b.test", "c.test", 20)
                               .address("c.test", "192.0.2.2", 400)
                               .alias("www.test", "b.test", 100));
  EXPECT_EQ(reply.kind, Reply::Kind::kAddresses);
  EXPECT_EQ(reply.addresses.count, 2);
  EXPECT_EQ(reply.lifetime_s, 20U);
}

// RFC 5452 6 MUST: what does not hang together with the question is not believed.
TEST(Reply, RecordsOfOtherNamesAreNotLookedAt) {
  const Reply reply = read(response()
                               .address("bank.test", "203.0.113.66")
                               .add(DnsSection::kAdditional, "www.test", DnsType::kA, 60,
                                    wire::dns_address_data(address_of("203.0.113.66")).bytes())
                               .authority("test"));
  EXPECT_EQ(reply.kind, Reply::Kind::kNoData);
}

TEST(Reply, AnAuthorityElsewhereSaysNothing) {
  EXPECT_EQ(read(response(3).authority("other.test")).lifetime_s, 0U);
  EXPECT_EQ(read(response(3).authority("test", 7)).lifetime_s, 7U);
}

TEST(Reply, ALoopOfAliasesIsBroken) {
  EXPECT_EQ(read(response().alias("www.test", "www.test")).kind, Reply::Kind::kBroken);
  EXPECT_EQ(read(response().alias("www.test", "b.test").alias("b.test", "www.test")).kind,
            Reply::Kind::kBroken);
}

TEST(Reply, AReferralIsNoHelp) {
  EXPECT_EQ(read(response().add(DnsSection::kAuthority, "test", DnsType::kNs, 60,
                                name_of("ns.test").bytes()))
                .kind,
            Reply::Kind::kBroken);
}

TEST(Reply, AnAliasAloneLeadsOn) {
  const Reply reply = read(response().alias("www.test", "b.example"));
  EXPECT_EQ(reply.kind, Reply::Kind::kAlias);
  EXPECT_EQ(reply.target, name_of("b.example"));
}

TEST(Reply, ASecondAliasOfANameIsLeftOut) {
  const Reply reply =
      read(response().alias("www.test", "b.example").alias("www.test", "c.example"));
  EXPECT_EQ(reply.target, name_of("b.example"));
}

// RFC 2181 8: a time to live with its top bit set is zero.
TEST(Reply, AnImpossibleLifetimeIsZero) {
  EXPECT_EQ(read(response().address("www.test", "192.0.2.1", 0x8000'0000)).lifetime_s, 0U);
}

TEST(Reply, MappedAddressesInAaaaAreLeftOut) {
  const IpAddress mapped = address_of("::ffff:192.0.2.1");
  Response made = response();
  made.add(DnsSection::kAnswer, "www.test", DnsType::kAaaa, 60, mapped.bytes());
  EXPECT_EQ(read(made, DnsType::kAaaa).kind, Reply::Kind::kNoData);
}

TEST(Reply, AddressesAreBoundedAndToldOnce) {
  Response made = response();
  for (int i = 0; i < 40; ++i) made.address("www.test", "192.0.2." + std::to_string(i / 2));
  EXPECT_EQ(read(made).addresses.count, kAddressesMax);
}

TEST(Reply, BothHalvesOfTheResponseCodeCount) {
  const wire::DnsRecord opt = wire::DnsOpt{.extended_code = 1}.record();
  std::array<std::byte, 64> out{};
  wire::DnsWriter writer({.is_response = true}, out);
  ASSERT_TRUE(writer.add(opt, {}));
  EXPECT_EQ(response_code(*wire::DnsView::parse(writer.bytes())), 16);
}

}  // namespace
}  // namespace strata::dns::reply_test
