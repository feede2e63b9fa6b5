// SPDX-License-Identifier: Apache-2.0
// Questions to servers: chance, strangers, silence, faults, truncation, servers without EDNS.
#include <set>

#include "dns/dns_testing.h"
#include "strata/rng.h"

namespace strata::dns::stub_exchange_test {
namespace {

using std::chrono::seconds;
using wire::DnsType;

// RFC 5452 9.2 MUST: ids and source ports cannot be foretold; each attempt has its own.
TEST(StubExchange, EachQuestionHasItsOwnIdAndPort) {
  StubTesting test([](Config& config) { config.lookups_max = 1000; });
  std::set<std::uint16_t> ids;
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 1000; ++i) test.lookup("n" + std::to_string(i) + ".test");
  for (const Query& query : test.queries) {
    ids.insert(query.header.id);
    ports.insert(query.source_port);
  }
  EXPECT_GT(ids.size(), 980U);
  EXPECT_GT(ports.size(), 980U);
}

TEST(StubExchange, ATakenPortIsExchangedForAnother) {
  StubTesting test;
  test.lookup("www.test");
  const Query first = test.next_query();
  test.stub.on_exchange_failed(first.exchange, Error::kAddressInUse, test.now);
  test.pull();
  const Query second = test.next_query();
  EXPECT_NE(second.source_port, first.source_port);
  EXPECT_EQ(second.server, first.server);
}

TEST(StubExchange, WhereEveryPortIsTakenALookUpEnds) {
  StubTesting test;
  test.lookup("www.test");
  for (int draws = 0; draws < 1000 && !test.queries.empty(); ++draws) {
    const Query query = test.next_query();
    test.stub.on_exchange_failed(query.exchange, Error::kAddressInUse, test.now);
    test.pull();
  }
  EXPECT_TRUE(test.queries.empty());
  EXPECT_EQ(test.stub.lookups_under_way(), 0U);
}

// RFC 5452 9.1 MUST: only what comes from the server asked, to the port it was asked from, with the
// same id and question, is an answer.
TEST(StubExchange, StrangersAreNotHeard) {
  StubTesting test;
  test.lookup("www.test");
  const Query query = test.next_query();
  const auto forged = [&](auto change) {
    Query bent = query;
    change(bent);
    test.answer(bent, test.to(bent).address("www.test", "203.0.113.66"));
  };
  forged([](Query& bent) { ++bent.header.id; });
  forged([](Query& bent) { bent.question.name = name_of("wwx.test"); });
  forged([](Query& bent) { bent.question.type = DnsType::kAaaa; });
  forged([](Query& bent) { bent.question.klass = wire::DnsClass{3}; });
  forged([](Query& bent) { bent.server = server_of(9); });
  forged([](Query& bent) { ++bent.server.port; });
  EXPECT_EQ(test.stub.counters().strangers, 6U);
  EXPECT_TRUE(test.answers.empty());
  test.answer(query, test.to(query).address("www.test", "192.0.2.1"));
  EXPECT_EQ(test.only_answer().addresses, std::vector{address_of("192.0.2.1")});
}

TEST(StubExchange, AQuestionIsNoAnswer) {
  StubTesting test;
  test.lookup("www.test");
  const Query query = test.next_query();
  std::array<std::byte, 64> out{};
  wire::DnsWriter writer(query.header, out);
  ASSERT_TRUE(writer.add(query.question));
  test.answer(query, std::vector(writer.bytes().begin(), writer.bytes().end()));
  EXPECT_EQ(test.stub.counters().strangers, 1U);
}

TEST(StubExchange, AnAnswerToAnEarlierAttemptIsLate) {
  StubTesting test;
  test.lookup("www.test");
  const Query first = test.next_query();
  test.pass(seconds(2));
  const Query second = test.next_query();
  test.answer(first, test.to(first).address("www.test", "203.0.113.66"));
  EXPECT_TRUE(test.answers.empty());
  test.answer(second, test.to(second).address("www.test", "192.0.2.1"));
  EXPECT_EQ(test.only_answer().addresses, std::vector{address_of("192.0.2.1")});
}

TEST(StubExchange, WhoIsBeingGuessedAtTurnsToTcp) {
  StubTesting test;
  test.lookup("www.test");
  Query query = test.next_query();
  for (unsigned i = 0; i < kStrangersMax; ++i) {
    Query bent = query;
    bent.header.id = static_cast<std::uint16_t>(query.header.id + i + 1);
    test.answer(bent, test.to(bent).address("www.test", "203.0.113.66"));
  }
  query = test.next_query();
  EXPECT_TRUE(query.is_stream);
  test.answer(query, test.to(query).address("www.test", "192.0.2.1"));
  EXPECT_EQ(test.only_answer().addresses, std::vector{address_of("192.0.2.1")});
}

TEST(StubExchange, MixedCaseMustComeBackAsItWas) {
  StubTesting test([](Config& config) { config.mix_case = true; });
  test.lookup("averylongnamewithletters.test");
  const Query query = test.next_query();
  EXPECT_FALSE(query.question.name.is_identical(name_of("averylongnamewithletters.test").view()));
  Query lower = query;
  lower.question.name = query.question.name.lower_case();
  test.answer(lower, test.to(lower).address("averylongnamewithletters.test", "203.0.113.66"));
  EXPECT_EQ(test.stub.counters().strangers, 1U);
  test.answer(query, test.to(query).address("averylongnamewithletters.test", "192.0.2.1"));
  EXPECT_EQ(test.only_answer().addresses.size(), 1U);
}

TEST(StubExchange, ASilentServerGivesWayToTheNext) {
  StubTesting test({}, 2);
  test.lookup("www.test");
  EXPECT_EQ(test.next_query().server, server_of(1));
  test.pass(seconds(2));
  Query query = test.next_query();
  EXPECT_EQ(query.server, server_of(2));
  test.answer(query, test.to(query).address("www.test", "192.0.2.1"));
  EXPECT_EQ(test.only_answer().addresses.size(), 1U);
  // It is asked last for a while.
  test.lookup("other.test");
  EXPECT_EQ(test.next_query().server, server_of(2));
  test.pass(seconds(2));
  EXPECT_EQ(test.next_query().server, server_of(1));
}

TEST(StubExchange, SilenceEverywhereEndsAfterThreeRounds) {
  StubTesting test({}, 2);
  test.lookup("www.test");
  test.pass(std::chrono::milliseconds(27'999));  // 2 + 2 + 4 + 4 + 8 + 8
  EXPECT_TRUE(test.answers.empty());
  test.pass(std::chrono::milliseconds(1));
  EXPECT_EQ(test.only_answer().failure, Failure::kNoAnswer);
  EXPECT_EQ(test.stub.counters().queries, 6U);
  EXPECT_TRUE(test.open.empty());
}

TEST(StubExchange, AServerThatCannotBeReachedIsLeftAtOnce) {
  StubTesting test({}, 2);
  test.lookup("www.test");
  test.stub.on_exchange_failed(test.next_query().exchange, Error::kPortUnreachable, test.now);
  test.pull();
  EXPECT_EQ(test.next_query().server, server_of(2));
}

TEST(StubExchange, RotationBeginsWithAnotherServerEachTime) {
  StubTesting test([](Config& config) { config.policy.rotate = true; }, 3);
  for (int i = 0; i < 6; ++i) {
    test.lookup("n" + std::to_string(i) + ".test");
    EXPECT_EQ(test.next_query().server, server_of(i % 3 + 1));
  }
}

TEST(StubExchange, AFaultyServerGivesWayToTheNext) {
  StubTesting test({}, 2);
  test.lookup("www.test");
  Query query = test.next_query();
  test.answer(query, test.to(query, 2));
  query = test.next_query();
  EXPECT_EQ(query.server, server_of(2));
  test.answer(query, test.to(query).address("www.test", "192.0.2.1"));
  EXPECT_EQ(test.only_answer().addresses.size(), 1U);
}

TEST(StubExchange, FaultsEverywhereAreToldAsSuch) {
  StubTesting test;
  test.lookup("www.test");
  for (int i = 0; i < 3; ++i) {
    const Query query = test.next_query();
    test.answer(query, test.to(query, 5));
  }
  EXPECT_EQ(test.only_answer().failure, Failure::kServerFailed);
}

// RFC 7766 5 MUST: a truncated answer is asked for again over TCP, at the same server.
TEST(StubExchange, TruncationLeadsToTcp) {
  StubTesting test({}, 2);
  test.lookup("www.test");
  Query query = test.next_query();
  auto cut = test.to(query).address("www.test", "203.0.113.66").bytes();
  cut[2] |= std::byte{0x02};
  test.answer(query, cut);
  query = test.next_query();
  EXPECT_TRUE(query.is_stream);
  EXPECT_EQ(query.server, server_of(1));
  test.answer(query, test.to(query).address("www.test", "192.0.2.1"));
  EXPECT_EQ(test.only_answer().addresses, std::vector{address_of("192.0.2.1")});
}

TEST(StubExchange, AStreamThatStallsIsGivenUp) {
  StubTesting test({}, 2);
  test.lookup("www.test");
  const Query query = test.next_query();
  auto cut = test.to(query).bytes();
  cut[2] |= std::byte{0x02};
  test.answer(query, cut);
  EXPECT_TRUE(test.next_query().is_stream);
  test.pass(seconds(5));
  EXPECT_EQ(test.next_query().server, server_of(2));
}

// RFC 6891 6.2.2 MAY: a server that answers FORMERR to EDNS is asked again without, and remembered.
TEST(StubExchange, AServerWithoutEdnsIsAskedWithout) {
  for (const bool has_question : {true, false}) {
    StubTesting test;
    test.lookup("www.test");
    Query query = test.next_query();
    EXPECT_TRUE(query.has_edns);
    auto refusal = test.to(query, 1).bytes();
    if (!has_question) {
      refusal.resize(wire::DnsLayout::kSize);
      refusal[5] = std::byte{0};
    }
    test.answer(query, refusal);
    query = test.next_query();
    EXPECT_FALSE(query.has_edns);
    test.answer(query, test.to(query).address("www.test", "192.0.2.1"));
    EXPECT_EQ(test.only_answer().addresses.size(), 1U);
    test.lookup("other.test");
    EXPECT_FALSE(test.next_query().has_edns);
  }
}

TEST(StubExchange, TheLastRoundGoesWithoutEdnsForThoseWhoDropIt) {
  StubTesting test;
  test.lookup("www.test");
  EXPECT_TRUE(test.next_query().has_edns);
  test.pass(seconds(2));
  EXPECT_TRUE(test.next_query().has_edns);
  test.pass(seconds(4));
  EXPECT_FALSE(test.next_query().has_edns);
}

TEST(StubExchange, NonsenseEndsAsAFaultWhateverItIs) {
  Rng rng(7);
  for (int round = 0; round < 300; ++round) {
    StubTesting test({}, 2);
    test.lookup("www.test", Family::kBoth);
    for (int i = 0; i < 400 && !test.queries.empty(); ++i) {
      const Query query = test.next_query();
      auto bytes = test.to(query, static_cast<std::uint8_t>(rng.below(6)))
                       .alias("www.test", "a.test")
                       .address("a.test", "192.0.2.1")
                       .authority("test")
                       .bytes();
      // The header and the question stay, or nothing of it would be read.
      for (std::uint64_t bent = rng.below(12); bent > 0; --bent) {
        bytes[rng.between(26, bytes.size() - 1)] = static_cast<std::byte>(rng.next());
      }
      bytes.resize(rng.between(26, bytes.size()));
      test.answer(query, bytes);
    }
    test.pass(std::chrono::minutes(5));
    EXPECT_EQ(test.answers.size(), 1U);
    EXPECT_TRUE(test.open.empty());
  }
}

}  // namespace
}  // namespace strata::dns::stub_exchange_test
