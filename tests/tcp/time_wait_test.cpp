// SPDX-License-Identifier: Apache-2.0
#include "tcp/time_wait.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "strata/rng.h"
#include "tcp/support/opening.h"

namespace strata::tcp::time_wait_test {
namespace {

using namespace std::chrono_literals;
using testing::flow_of;
using testing::kSecrets;
using testing::kStart;
using testing::options_of;
using testing::segment;
using wire::kTcpAck;
using wire::kTcpFin;
using wire::kTcpRst;
using wire::kTcpSyn;

constexpr std::uint32_t kSndNxt = 1000;
constexpr std::uint32_t kRcvNxt = 0xffff'fffe;

struct Waits {
  explicit Waits(const TcpConfig& told = {}) : config(told) {}

  TcpConfig config;
  HeapMemory memory;
  ReplyBudget budget{1000, 1};
  TimeWaits waits{memory, config, kSecrets};

  static std::uint32_t hash(const Flow& flow) { return hash_of(kSecrets.flows, flow); }
  bool add(std::uint32_t client, Time now, std::optional<std::uint32_t> ts_recent = {}) {
    return waits.add({.flow = flow_of(client),
                      .snd_nxt = SequenceNumber(kSndNxt),
                      .rcv_nxt = SequenceNumber(kRcvNxt),
                      .ts_recent = ts_recent,
                      .window = 500},
                     hash(flow_of(client)), now);
  }
  Index find(std::uint32_t client) const {
    return waits.find(flow_of(client), hash(flow_of(client)));
  }
  void expire(Time now) {
    waits.on_deadline(now, [](std::uint16_t) {});
  }
};

// RFC 9293 3.6.1 MUST: a connection that closed actively lingers in TIME-WAIT for 2 MSL.
TEST(TimeWaits, LastAsLongAsConfigured) {
  Waits each;
  ASSERT_TRUE(each.add(1, kStart));
  ASSERT_TRUE(each.add(2, kStart + 1s));
  EXPECT_NE(each.find(1), kNoIndex);
  EXPECT_EQ(each.waits.next_deadline(), kStart + 60s);
  each.expire(kStart + 60s - 1ns);
  EXPECT_EQ(each.waits.size(), 2U);
  each.expire(kStart + 60s);
  EXPECT_EQ(each.find(1), kNoIndex);
  EXPECT_NE(each.find(2), kNoIndex);
  EXPECT_EQ(each.waits.next_deadline(), kStart + 61s);
  each.expire(kStart + 61s);
  EXPECT_EQ(each.memory.bytes_used(), 0U);
}

struct Row {
  const char* what;
  wire::TcpFlags flags;
  std::uint32_t seq;
  std::uint32_t text;
  DropReason drop;
  bool answers;
  bool restarts;
};

// RFC 9293 3.10.7.4 MUST: the peer's FIN is acknowledged again and restarts the 2 MSL.
// RFC 1337 3 SHOULD: RST is ignored in TIME-WAIT.
TEST(TimeWaits, JudgeWhatStillComes) {
  using enum DropReason;
  const Row rows[] = {
      {"FIN again", kTcpFin | kTcpAck, kRcvNxt - 1, 0, kTcpUnacceptable, true, true},
      {"FIN again with text", kTcpFin | kTcpAck, kRcvNxt - 101, 100, kTcpUnacceptable, true, true},
      {"another FIN", kTcpFin | kTcpAck, kRcvNxt + 7, 0, kTcpUnacceptable, true, false},
      {"RST that hits", kTcpRst, kRcvNxt, 0, kTcpResetRefused, false, false},
      {"RST elsewhere", kTcpRst | kTcpAck, 7, 0, kTcpResetRefused, false, false},
      {"ACK in place", kTcpAck, kRcvNxt, 0, kTcpUnacceptable, false, false},
      {"old ACK", kTcpAck, kRcvNxt - 50, 0, kTcpUnacceptable, true, false},
      {"old text", kTcpAck, kRcvNxt - 50, 20, kTcpUnacceptable, true, false},
      {"new text", kTcpAck, kRcvNxt, 20, kTcpUnacceptable, true, false},
      {"SYN-ACK", kTcpSyn | kTcpAck, 7, 0, kTcpUnacceptable, true, false},
      {"nothing", {}, 7, 0, kTcpUnacceptable, false, false},
      {"old SYN", kTcpSyn, kRcvNxt - 1, 0, kTcpSynRefused, true, false},
  };
  for (const Row& row : rows) {
    Waits each;
    ASSERT_TRUE(each.add(1, kStart));
    const Segment arrived = segment(flow_of(1), row.flags, row.seq, kSndNxt, row.text);
    const auto outcome =
        each.waits.on_segment(each.find(1), arrived, true, each.budget, kStart + 5s);
    EXPECT_EQ(outcome.verdict.drop, row.drop) << row.what;
    EXPECT_EQ(outcome.reply.has_value(), row.answers) << row.what;
    EXPECT_EQ(each.waits.next_deadline(), kStart + (row.restarts ? 65s : 60s)) << row.what;
    EXPECT_FALSE(outcome.verdict.reuse_with) << row.what;
  }
}

TEST(TimeWaits, AnswerWhereTheConnectionEnded) {
  Waits each;
  ASSERT_TRUE(each.add(1, kStart, 777));
  const Outgoing ack = each.waits.reply_to(each.find(1), kStart);
  EXPECT_EQ(ack.flow, flow_of(1));
  EXPECT_EQ(ack.header.flags, kTcpAck);
  EXPECT_EQ(ack.header.sequence_number, kSndNxt);
  EXPECT_EQ(ack.header.acknowledgment_number, kRcvNxt);
  EXPECT_EQ(ack.header.window, 500);
  EXPECT_EQ(options_of(ack).timestamps->echo_reply, 777U);
}

// RFC 5961 7 SHOULD: what strangers may cause is limited; the peer's own FIN is always answered.
TEST(TimeWaits, AnswerStrangersWithinTheBudgetOnly) {
  Waits each;
  ReplyBudget none(0, 1);
  ASSERT_TRUE(each.add(1, kStart));
  const Segment old = segment(flow_of(1), kTcpAck, kRcvNxt - 50);
  EXPECT_FALSE(each.waits.on_segment(each.find(1), old, true, none, kStart).reply);
  const Segment fin = segment(flow_of(1), kTcpFin | kTcpAck, kRcvNxt - 1);
  EXPECT_TRUE(each.waits.on_segment(each.find(1), fin, true, none, kStart).reply);
}

// RFC 5961 4.2 SHOULD: a SYN that nobody can take is challenged, not passed over in silence.
TEST(TimeWaits, ChallengeASynWhereNobodyListens) {
  Waits each;
  ASSERT_TRUE(each.add(1, kStart));
  const Segment syn = segment(flow_of(1), kTcpSyn, kRcvNxt + 1000);
  EXPECT_TRUE(
      each.waits.on_segment(each.find(1), syn, true, each.budget, kStart).verdict.reuse_with);
  const auto alone = each.waits.on_segment(each.find(1), syn, false, each.budget, kStart);
  EXPECT_FALSE(alone.verdict.reuse_with);
  ASSERT_TRUE(alone.reply);
  EXPECT_EQ(alone.reply->header.flags, kTcpAck);
}

struct SynRow {
  const char* what;
  std::optional<std::uint32_t> before;  // the last timestamp of the old connection
  std::optional<std::uint32_t> now;     // the SYN's
  std::int32_t ahead;                   // of RCV.NXT
  bool is_new;
  bool is_new_without_6191;
};

// RFC 6191 2 SHOULD: a SYN with a greater timestamp, or else number, makes a new connection.
// RFC 9293 3.6.1 MAY: a connection is reopened from TIME-WAIT with a number above the old ones.
TEST(TimeWaits, MakePlaceForANewConnection) {
  const SynRow rows[] = {
      {"both, later", 100, 101, -5, true, false},
      {"both, same, ahead", 100, 100, 5, true, true},
      {"both, same, behind", 100, 100, -5, false, false},
      {"both, earlier, ahead", 100, 99, 5, false, false},
      {"before only, ahead", 100, {}, 5, true, true},
      {"before only, behind", 100, {}, -5, false, false},
      {"now only, behind", {}, 7, -5, true, false},
      {"neither, ahead", {}, {}, 1, true, true},
      {"neither, in place", {}, {}, 0, false, false},
      {"neither, behind", {}, {}, -5, false, false},
  };
  for (const bool uses_6191 : {true, false}) {
    for (const SynRow& row : rows) {
      TcpConfig config;
      config.time_wait_reuse = uses_6191;
      Waits each(config);
      ASSERT_TRUE(each.add(1, kStart, row.before));
      Segment syn = segment(flow_of(1), kTcpSyn, kRcvNxt + static_cast<std::uint32_t>(row.ahead));
      if (row.now) syn.options.timestamps = wire::TcpTimestamps{*row.now, 0};
      const auto verdict = each.waits.judge(each.find(1), syn);
      EXPECT_EQ(verdict.reuse_with.has_value(), uses_6191 ? row.is_new : row.is_new_without_6191)
          << row.what;
      EXPECT_EQ(verdict.answers, !verdict.reuse_with) << row.what;
      if (verdict.reuse_with) {
        EXPECT_GT(*verdict.reuse_with - SequenceNumber(kSndNxt), 65535);
      }
    }
  }
}

TEST(TimeWaits, LetOurProgramConnectAgainWhenTimestampsTellTheDifference) {
  Waits each;
  ASSERT_TRUE(each.add(1, kStart, 100));
  ASSERT_TRUE(each.add(2, kStart));
  EXPECT_FALSE(each.waits.reusable_with(each.find(1), kStart));
  const auto iss = each.waits.reusable_with(each.find(1), kStart + 10ms);
  ASSERT_TRUE(iss);
  EXPECT_GT(*iss - SequenceNumber(kSndNxt), 65535);
  EXPECT_FALSE(each.waits.reusable_with(each.find(2), kStart + 59s));
}

TEST(TimeWaits, ShedTheOldestWhenAllPlacesAreTaken) {
  TcpConfig config;
  config.time_waits_max = 100;
  Waits each(config);
  for (std::uint32_t client = 0; client < 100; ++client) {
    EXPECT_EQ(each.waits.next_shed(), std::nullopt);
    ASSERT_TRUE(each.add(client, kStart));
  }
  EXPECT_EQ(each.waits.next_shed(), 80);
  ASSERT_TRUE(each.add(100, kStart));
  EXPECT_EQ(each.waits.size(), 100U);
  EXPECT_EQ(each.find(0), kNoIndex);
  EXPECT_NE(each.find(1), kNoIndex);
}

TEST(TimeWaits, ExpireInBoundedSteps) {
  Waits each;
  for (std::uint32_t client = 0; client < 10'000; ++client) ASSERT_TRUE(each.add(client, kStart));
  each.expire(kStart + 60s);
  EXPECT_EQ(each.waits.size(), 10'000U - 4096U);
  EXPECT_LE(each.waits.next_deadline(), kStart + 60s);
}

TEST(TimeWaits, TakeAtMost64BytesEachOfEitherFamily) {
  Waits each;
  const std::uint32_t count = std::getenv("STRATA_FULL") != nullptr ? 1'000'000 : 200'000;
  for (std::uint32_t client = 0; client < count; ++client) {
    Flow flow = flow_of(client);
    if (client % 2 == 0) {
      flow.local_address = IpAddress::v6(0xfd77'0000'0000'0000, 1);
      flow.remote_address = IpAddress::v6(0xfd77'0000'0000'0000, client);
    }
    ASSERT_TRUE(each.waits.add({.flow = flow}, Waits::hash(flow), kStart));
  }
  EXPECT_EQ(each.waits.size(), count);
  EXPECT_LE(each.waits.bytes_used(), std::size_t{64} * count);
}

TEST(TimeWaits, ComeBackFromASnapshot) {
  Waits before;
  for (std::uint32_t client = 0; client < 50; ++client) {
    ASSERT_TRUE(before.add(client, kStart + client * 1s,
                           client % 2 == 0 ? std::optional<std::uint32_t>(client) : std::nullopt));
  }
  Waits after;
  const Time later = kStart + 55s;
  before.waits.for_each([&](Index index) {
    ASSERT_TRUE(after.waits.restore(before.waits.snapshot(index, later), kStart));
  });
  EXPECT_EQ(after.waits.next_deadline(), kStart + 5s);
  for (std::uint32_t client = 0; client < 50; ++client) {
    ASSERT_NE(after.find(client), kNoIndex);
    EXPECT_EQ(after.waits[after.find(client)], before.waits[before.find(client)]);
  }
  TimeWaitSnapshot saved = before.waits.snapshot(before.find(0), later);
  EXPECT_FALSE(after.waits.restore(saved, kStart));
  saved.time_wait.flow = flow_of(1000);
  saved.version = 99;
  EXPECT_FALSE(after.waits.restore(saved, kStart));
}

TEST(TimeWaits, RememberNothingWithoutMemory) {
  for (std::size_t limit = 0; limit < 8000; limit += 500) {
    TcpConfig config;
    HeapMemory memory(limit);
    TimeWaits waits(memory, config, kSecrets);
    const bool fits = waits.add({.flow = flow_of(1)}, Waits::hash(flow_of(1)), kStart);
    EXPECT_EQ(waits.size(), fits ? 1U : 0U);
    if (!fits) {
      EXPECT_EQ(memory.bytes_used(), 0U);
    }
  }
}

}  // namespace
}  // namespace strata::tcp::time_wait_test
