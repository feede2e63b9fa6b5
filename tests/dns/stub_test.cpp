// SPDX-License-Identifier: Apache-2.0
// Look-ups from question to answer: candidates, families, aliases, the cache, special names.
#include "dns/stub.h"

#include <array>
#include <set>

#include "dns/dns_testing.h"

namespace strata::dns::stub_test {
namespace {

using std::chrono::seconds;
using wire::DnsType;

TEST(Stub, AsksForBothFamiliesAtOnceAndTellsBoth) {
  StubTesting test;
  test.lookup("www.example.org", Family::kBoth);
  ASSERT_EQ(test.queries.size(), 2U);
  const Query a = test.next_query();
  const Query aaaa = test.next_query();
  EXPECT_TRUE(a.wants("www.example.org", DnsType::kA));
  EXPECT_TRUE(aaaa.wants("www.example.org", DnsType::kAaaa));
  test.answer(aaaa, test.to(aaaa).address("www.example.org", "2001:db8::1"));
  EXPECT_TRUE(test.answers.empty());
  test.answer(a, test.to(a).address("www.example.org", "192.0.2.1"));
  const Answer answer = test.only_answer();
  EXPECT_EQ(answer.failure, Failure::kNone);
  EXPECT_EQ(answer.addresses, (std::vector{address_of("192.0.2.1"), address_of("2001:db8::1")}));
  EXPECT_TRUE(test.open.empty());
  EXPECT_FALSE(test.stub.next_deadline().has_value());
}

TEST(Stub, WithOneFamilyInHandTheOtherIsGivenASecond) {
  StubTesting test;
  test.lookup("www.example.org", Family::kBoth);
  const Query a = test.next_query();
  test.answer(a, test.to(a).address("www.example.org", "192.0.2.1"));
  test.pass(std::chrono::milliseconds(999));
  EXPECT_TRUE(test.answers.empty());
  test.pass(std::chrono::milliseconds(1));
  EXPECT_EQ(test.only_answer().addresses.size(), 1U);
  EXPECT_TRUE(test.open.empty());
}

TEST(Stub, LiteralsAreTheirOwnAnswer) {
  StubTesting test;
  test.lookup("192.0.2.7", Family::kBoth);
  EXPECT_EQ(test.only_answer().addresses, std::vector{address_of("192.0.2.7")});
  test.lookup("2001:db8::7", Family::kBoth);
  EXPECT_EQ(test.only_answer().addresses, std::vector{address_of("2001:db8::7")});
  test.lookup("2001:db8::7", Family::kIpv4);
  EXPECT_EQ(test.only_answer().failure, Failure::kNoData);
  EXPECT_TRUE(test.queries.empty());
}

// RFC 6761 6.3 SHOULD: localhost and names below it are the loopback addresses and are not asked.
TEST(Stub, LocalhostIsAtHome) {
  StubTesting test;
  for (const char* const name : {"localhost", "LocalHost.", "db.localhost"}) {
    test.lookup(name, Family::kBoth);
    EXPECT_EQ(test.only_answer().addresses,
              (std::vector{IpAddress::loopback_v4(), IpAddress::loopback_v6()}));
  }
  EXPECT_TRUE(test.queries.empty());
}

// RFC 6761 6.4 SHOULD: names below invalid do not exist and are not asked.
// RFC 7686 2 MUST: neither are names below onion.
TEST(Stub, NamesOfNobodyAreNotAsked) {
  StubTesting test;
  for (const char* const name : {"x.invalid", "abc.onion"}) {
    test.lookup(name);
    EXPECT_EQ(test.only_answer().failure, Failure::kNoName);
  }
  EXPECT_TRUE(test.queries.empty());
}

TEST(Stub, TheHostsFileStandsAboveServers) {
  StubTesting test;
  EXPECT_EQ(test.stub.hosts().read("192.0.2.9 printer\n"), 0U);
  test.lookup("Printer", Family::kBoth);
  EXPECT_EQ(test.only_answer().addresses, std::vector{address_of("192.0.2.9")});
  test.lookup("printer", Family::kIpv6);
  EXPECT_EQ(test.only_answer().failure, Failure::kNoData);
  EXPECT_TRUE(test.queries.empty());
}

TEST(Stub, ShortNamesGoThroughTheSearchListFirst) {
  StubTesting test;
  test.stub.set_search(std::array{name_of("a.test"), name_of("b.test")});
  test.lookup("www");
  for (const char* const wanted : {"www.a.test", "www.b.test", "www"}) {
    const Query query = test.next_query();
    EXPECT_TRUE(query.wants(wanted, DnsType::kA)) << wanted;
    test.answer(query, test.to(query, 3));
  }
  EXPECT_EQ(test.only_answer().failure, Failure::kNoName);
}

TEST(Stub, NamesWithADotAreFirstTriedAsTheyAre) {
  StubTesting test;
  test.stub.set_search(std::array{name_of("a.test")});
  test.lookup("www.b");
  for (const char* const wanted : {"www.b", "www.b.a.test"}) {
    const Query query = test.next_query();
    EXPECT_TRUE(query.wants(wanted, DnsType::kA)) << wanted;
    test.answer(query, test.to(query, 3));
  }
  EXPECT_EQ(test.only_answer().failure, Failure::kNoName);
  test.lookup("www.");
  const Query query = test.next_query();
  EXPECT_TRUE(query.wants("www", DnsType::kA));
  test.answer(query, test.to(query, 3));
  EXPECT_EQ(test.only_answer().failure, Failure::kNoName);
  EXPECT_TRUE(test.queries.empty());
}

TEST(Stub, ANameWithoutThisFamilyIsToldFromNoNameAtAll) {
  StubTesting test;
  test.stub.set_search(std::array{name_of("a.test")});
  test.lookup("www");
  Query query = test.next_query();
  test.answer(query, test.to(query).authority("a.test"));
  query = test.next_query();
  test.answer(query, test.to(query, 3));
  EXPECT_EQ(test.only_answer().failure, Failure::kNoData);
}

TEST(Stub, AliasesThatLeaveTheAnswerAreAskedOn) {
  StubTesting test;
  test.lookup("www.example.org");
  Query query = test.next_query();
  test.answer(query, test.to(query).alias("www.example.org", "cdn.example.net", 30));
  query = test.next_query();
  EXPECT_TRUE(query.wants("cdn.example.net", DnsType::kA));
  test.answer(query, test.to(query).address("cdn.example.net", "192.0.2.1", 300));
  EXPECT_EQ(test.only_answer().addresses, std::vector{address_of("192.0.2.1")});
  // Kept under the name that was asked for, as long as the whole chain holds.
  test.lookup("www.example.org");
  EXPECT_EQ(test.only_answer().addresses.size(), 1U);
  EXPECT_EQ(test.stub.counters().cache_hits, 1U);
  test.pass(seconds(30));
  test.lookup("www.example.org");
  EXPECT_EQ(test.queries.size(), 1U);
}

TEST(Stub, AChainOfAliasesWithoutEndIsGivenUp) {
  StubTesting test;
  test.lookup("n0.test");
  int asked = 0;
  for (int number = 0; !test.queries.empty() && asked < 1000; ++asked) {
    const Query query = test.next_query();
    const std::string name = "n" + std::to_string(number) + ".test";
    const bool is_next = query.wants(name, DnsType::kA);
    const std::string asked_for = is_next ? name : "n" + std::to_string(--number) + ".test";
    EXPECT_TRUE(query.wants(asked_for, DnsType::kA));
    test.answer(query, test.to(query).alias(asked_for, "n" + std::to_string(++number) + ".test"));
  }
  EXPECT_LT(asked, 100);
  EXPECT_EQ(test.only_answer().failure, Failure::kServerFailed);
  EXPECT_TRUE(test.open.empty());
}

TEST(Stub, EqualLookupsShareOneQuestion) {
  StubTesting test;
  const LookupId first = test.lookup("www.example.org");
  EXPECT_EQ(test.lookup("WWW.example.org"), first);
  EXPECT_NE(test.lookup("www.example.org", Family::kIpv6), first);
  EXPECT_EQ(test.queries.size(), 2U);
}

TEST(Stub, AnswersAreKeptAsLongAsTheyHold) {
  StubTesting test;
  test.lookup("www.example.org");
  Query query = test.next_query();
  test.answer(query, test.to(query).address("www.example.org", "192.0.2.1", 10));
  (void)test.only_answer();
  test.pass(seconds(9));
  test.lookup("WWW.example.org");
  EXPECT_EQ(test.only_answer().addresses.size(), 1U);
  test.pass(seconds(1));
  test.lookup("www.example.org");
  EXPECT_EQ(test.queries.size(), 1U);
}

// RFC 2308 5 MUST: "no such name" is kept for the lesser of the SOA's own time and its minimum.
// RFC 2308 5 SHOULD: without an SOA it is not kept.
TEST(Stub, NegativeAnswersAreKeptAsTheAuthoritySays) {
  StubTesting test;
  test.lookup("no.example.org");
  Query query = test.next_query();
  test.answer(query, test.to(query, 3).authority("example.org", 20, 3600));
  EXPECT_EQ(test.only_answer().failure, Failure::kNoName);
  test.pass(seconds(19));
  test.lookup("no.example.org");
  EXPECT_EQ(test.only_answer().failure, Failure::kNoName);
  test.pass(seconds(1));
  test.lookup("no.example.org");
  query = test.next_query();
  test.answer(query, test.to(query, 3));
  EXPECT_EQ(test.only_answer().failure, Failure::kNoName);
  test.lookup("no.example.org");
  EXPECT_EQ(test.queries.size(), 1U);
}

TEST(Stub, AQuestionForRecordsGetsTheMessage) {
  StubTesting test;
  ASSERT_TRUE(test.stub.on_question(name_of("x.test"), DnsType::kTxt, test.now));
  test.pull();
  const Query query = test.next_query();
  EXPECT_TRUE(query.wants("x.test", DnsType::kTxt));
  const auto text = std::array{std::byte{1}, std::byte{'a'}};
  Response response = test.to(query);
  response.add(wire::DnsSection::kAnswer, "x.test", DnsType::kTxt, 1, text);
  test.answer(query, response);
  EXPECT_EQ(test.only_answer().message, response.bytes());
}

TEST(Stub, WithoutServersItSaysSo) {
  StubTesting test({}, 0);
  test.lookup("www.example.org", Family::kBoth);
  EXPECT_EQ(test.only_answer().failure, Failure::kNoServers);
}

TEST(Stub, WhatIsCancelledIsNeverTold) {
  StubTesting test;
  const LookupId id = test.lookup("www.example.org", Family::kBoth);
  test.stub.on_cancel(id);
  test.pull();
  EXPECT_TRUE(test.open.empty());
  EXPECT_TRUE(test.answers.empty());
  EXPECT_EQ(test.stub.lookups_under_way(), 0U);
}

TEST(Stub, LookupsAreBounded) {
  StubTesting test([](Config& config) { config.lookups_max = 4; });
  for (int i = 0; i < 4; ++i) test.lookup("n" + std::to_string(i) + ".test");
  EXPECT_EQ(test.stub.on_lookup("n4.test", Family::kBoth, test.now).error(), Error::kOutOfMemory);
  EXPECT_EQ(test.stub.on_lookup("a..b", Family::kBoth, test.now).error(), Error::kInvalidArgument);
}

TEST(Stub, AnAddressThatCannotBeReadIsNotAskedOfAServer) {
  StubTesting test;
  for (const char* const text : {"fe80::1%eth0", "10.0.0.1:80", "fe80::g", "[::1]"}) {
    const auto id = test.stub.on_lookup(text, Family::kBoth, test.now);
    ASSERT_FALSE(id.has_value()) << text;
    EXPECT_EQ(id.error(), Error::kInvalidArgument) << text;
  }
}

TEST(Stub, APolicySaysWhichNamesAreShort) {
  StubTesting test;
  const std::array domains{name_of("lan")};
  test.stub.set_search(domains);
  test.lookup("db.rack1");
  EXPECT_TRUE(test.next_query().wants("db.rack1", wire::DnsType::kA));
  test.stub.set_policy({.ndots = 2});
  test.lookup("db.rack2");
  EXPECT_TRUE(test.next_query().wants("db.rack2.lan", wire::DnsType::kA));
}

TEST(Stub, APolicySaysHowLongAndHowOften) {
  StubTesting test;
  test.stub.set_policy({.timeout_first = seconds(1), .rounds = 1});
  test.lookup("www.example.org");
  test.pass(std::chrono::milliseconds(999));
  EXPECT_TRUE(test.answers.empty());
  test.pass(std::chrono::milliseconds(1));
  EXPECT_EQ(test.only_answer().failure, Failure::kNoAnswer);
}

}  // namespace
}  // namespace strata::dns::stub_test
