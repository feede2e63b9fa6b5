// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/half_opens.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "strata/rng.h"
#include "tcp/isn.h"
#include "tcp/support/opening.h"

namespace strata::tcp::half_opens_test {
namespace {

using namespace std::chrono_literals;
using testing::flow_of;
using testing::kSecrets;
using testing::kStart;
using testing::options_of;
using testing::segment;
using testing::usual_options;
using wire::kTcpAck;
using wire::kTcpFin;
using wire::kTcpRst;
using wire::kTcpSyn;

constexpr std::uint32_t kIrs = 7000;

class Server {
 public:
  explicit Server(std::uint32_t backlog = 10, const TcpSocketOptions& options = {},
                  const TcpConfig& told = {})
      : config(told) {
    const auto opened = listeners.open({IpAddress::any_v4(), 80, kNoInterface}, backlog, options);
    handle = opened.value_or(Handle{});
  }

  HeapMemory memory;
  TcpConfig config;
  Listeners listeners{memory, 8, {1, 2}};
  ReplyBudgets budgets{1000, 1000, 1};
  HalfOpens half_opens{memory, config, kSecrets, listeners, budgets};
  Handle handle;
  Time now = kStart;

  Listener& listener() { return *listeners.find(handle); }
  HalfOpens::Outcome hear(const Segment& arrived) {
    const std::uint32_t hash = hash_of(kSecrets.flows, arrived.flow);
    const Index index = half_opens.find(arrived.flow, hash);
    if (index != kNoIndex) return half_opens.on_segment(index, arrived, now);
    return half_opens.on_listen(listener(), arrived, hash, 1500, {}, now);
  }
  HalfOpens::Outcome syn(std::uint32_t client, std::uint32_t timestamp = 5000) {
    Segment arrived = segment(flow_of(client), kTcpSyn, kIrs);
    arrived.options = usual_options(timestamp);
    return hear(arrived);
  }
  HalfOpens::Outcome ack(std::uint32_t client, const Outgoing& syn_ack, wire::TcpFlags flags,
                         std::uint32_t text = 0) {
    Segment arrived =
        segment(flow_of(client), flags, kIrs + 1, syn_ack.header.sequence_number + 1, text);
    arrived.options.timestamps = wire::TcpTimestamps{
        5001, options_of(syn_ack).timestamps.value_or(wire::TcpTimestamps{}).value};
    return hear(arrived);
  }
};

// RFC 9293 3.10.7.2 MUST: a SYN is answered by a SYN-ACK.
TEST(HalfOpens, OpenFromASynToAnAck) {
  Server server;
  EXPECT_EQ(server.syn(1).drop, DropReason::kNone);
  EXPECT_EQ(server.half_opens.size(), 1U);
  EXPECT_TRUE(server.half_opens.has_outgoing());
  const auto syn_ack = server.half_opens.next_outgoing(server.now);
  ASSERT_TRUE(syn_ack);
  EXPECT_EQ(syn_ack->flow, flow_of(1));
  EXPECT_EQ(syn_ack->header.acknowledgment_number, kIrs + 1);
  EXPECT_FALSE(server.half_opens.next_outgoing(server.now));
  server.now += 30ms;
  const auto outcome = server.ack(1, *syn_ack, kTcpAck);
  ASSERT_TRUE(outcome.opened);
  EXPECT_EQ(outcome.opened->iss.value(), syn_ack->header.sequence_number);
  EXPECT_EQ(outcome.opened->irs, SequenceNumber(kIrs));
  EXPECT_EQ(outcome.opened->round_trip, Duration(30ms));
  EXPECT_EQ(outcome.opened->negotiated.send_scale, 7);
  EXPECT_EQ(outcome.opened->listener, server.handle.index);
  // Until the owner has made the connection, the entry stays.
  EXPECT_EQ(server.half_opens.size(), 1U);
  server.half_opens.finish(outcome.opened->half_open);
  EXPECT_EQ(server.half_opens.size(), 0U);
  EXPECT_EQ(server.listener().half_open, 0U);
  EXPECT_EQ(server.half_opens.next_deadline(), std::nullopt);
}

// RFC 9293 3.10.7.2 MUST: RST is ignored, ACK is answered by a reset, and all else but SYN dropped.
TEST(HalfOpens, JudgeWhatIsNoSyn) {
  Server server;
  const auto both = server.hear(segment(flow_of(1), kTcpSyn | kTcpRst, 1));
  EXPECT_EQ(both.drop, DropReason::kTcpResetRefused);
  EXPECT_EQ(server.half_opens.size(), 0U);
  const auto reset = server.hear(segment(flow_of(1), kTcpRst, 1));
  EXPECT_EQ(reset.drop, DropReason::kTcpResetRefused);
  EXPECT_FALSE(reset.reply);
  const auto ack = server.hear(segment(flow_of(1), kTcpAck, 1, 99));
  EXPECT_EQ(ack.drop, DropReason::kTcpNoSocket);
  ASSERT_TRUE(ack.reply);
  EXPECT_EQ(ack.reply->header.flags, kTcpRst);
  EXPECT_EQ(ack.reply->header.sequence_number, 99U);
  const auto syn_ack = server.hear(segment(flow_of(1), kTcpSyn | kTcpAck, 1, 99));
  ASSERT_TRUE(syn_ack.reply);
  const auto fin = server.hear(segment(flow_of(1), kTcpFin, 1));
  EXPECT_EQ(fin.drop, DropReason::kTcpUnacceptable);
  EXPECT_FALSE(fin.reply);
  EXPECT_EQ(server.half_opens.size(), 0U);
}

TEST(HalfOpens, UseTheNumberThatATimeWaitLeft) {
  Server server;
  const Segment syn = segment(flow_of(1), kTcpSyn, kIrs);
  const std::uint32_t hash = hash_of(kSecrets.flows, syn.flow);
  const auto outcome = server.half_opens.on_listen(server.listener(), syn, hash, 1500,
                                                   SequenceNumber(424242), server.now);
  EXPECT_EQ(outcome.drop, DropReason::kNone);
  EXPECT_EQ(server.half_opens.next_outgoing(server.now)->header.sequence_number, 424242U);
}

// RFC 9293 3.10.7.4 MUST: a RST in SYN-RECEIVED brings a passive open back to LISTEN.
TEST(HalfOpens, VanishWithAReset) {
  Server server;
  (void)server.syn(1);
  ASSERT_TRUE(server.half_opens.next_outgoing(server.now));
  const auto blind = server.hear(segment(flow_of(1), kTcpRst, kIrs + 2));
  EXPECT_EQ(blind.drop, DropReason::kTcpResetRefused);
  ASSERT_TRUE(blind.reply);
  EXPECT_EQ(blind.reply->header.flags, kTcpAck);
  EXPECT_EQ(server.half_opens.size(), 1U);
  (void)server.hear(segment(flow_of(1), kTcpRst, kIrs + 1));
  EXPECT_EQ(server.half_opens.size(), 0U);
}

// RFC 9293 3.8.1 MUST: a SYN-ACK is sent again with back-off, and given up at last.
TEST(HalfOpens, RepeatTheSynAckAndGiveUp) {
  TcpConfig config;
  config.syn_ack_retries = 2;
  Server server(10, {}, config);
  (void)server.syn(1);
  const auto first = server.half_opens.next_outgoing(server.now);
  ASSERT_TRUE(first);
  for (const Duration wait : {Duration(1s), Duration(2s)}) {
    EXPECT_EQ(server.half_opens.next_deadline(), server.now + wait);
    server.now += wait;
    server.half_opens.on_deadline(server.now);
    const auto again = server.half_opens.next_outgoing(server.now);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->header.sequence_number, first->header.sequence_number);
  }
  server.now += 4s;
  server.half_opens.on_deadline(server.now);
  EXPECT_EQ(server.half_opens.size(), 0U);
  EXPECT_EQ(server.half_opens.counters().timed_out, 1U);
  EXPECT_EQ(server.half_opens.counters().retransmitted, 2U);
}

TEST(HalfOpens, RepeatTheSynAckAtOnceWhenTheSynComesAgain) {
  Server server;
  (void)server.syn(1);
  const auto first = server.half_opens.next_outgoing(server.now);
  server.now += 500ms;
  EXPECT_EQ(server.syn(1).drop, DropReason::kTcpSynRefused);
  const auto second = server.half_opens.next_outgoing(server.now);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->header.sequence_number, second->header.sequence_number);
  EXPECT_EQ(server.half_opens.next_deadline(), server.now + 1s);
}

TEST(HalfOpens, WaitForRoomInTheAcceptQueue) {
  Server server(0);
  (void)server.syn(1);
  const auto syn_ack = server.half_opens.next_outgoing(server.now);
  ASSERT_TRUE(syn_ack);
  ASSERT_TRUE(server.listener().accept_queue.try_push({5, 5}));
  const auto refused = server.ack(1, *syn_ack, kTcpAck);
  EXPECT_EQ(refused.drop, DropReason::kTcpAcceptQueueFull);
  EXPECT_FALSE(refused.reply || refused.opened);
  EXPECT_EQ(server.syn(2).drop, DropReason::kTcpAcceptQueueFull);
  EXPECT_EQ(server.half_opens.counters().accept_overflows, 2U);
  (void)server.listener().accept_queue.pop();
  EXPECT_TRUE(server.ack(1, *syn_ack, kTcpAck).opened);
}

TEST(HalfOpens, DeferUntilTextComesOrTimeHasPassed) {
  TcpSocketOptions options;
  options.defer_accept = 3s;  // one second and two
  Server server(10, options);
  (void)server.syn(1);
  (void)server.syn(2);
  const auto first = server.half_opens.next_outgoing(server.now);
  const auto second = server.half_opens.next_outgoing(server.now);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(server.ack(1, *first, kTcpAck).drop, DropReason::kNone);
  EXPECT_FALSE(server.ack(1, *first, kTcpAck).opened);
  EXPECT_TRUE(server.ack(1, *first, kTcpAck, 10).opened);
  EXPECT_FALSE(server.ack(2, *second, kTcpAck).opened);
  EXPECT_TRUE(server.ack(2, *second, kTcpAck | kTcpFin).opened);
  // Both have answered: nothing is repeated until the time has passed.
  server.now += 1s;
  server.half_opens.on_deadline(server.now);
  EXPECT_FALSE(server.half_opens.has_outgoing());
  server.now += 2s;
  server.half_opens.on_deadline(server.now);
  ASSERT_TRUE(server.half_opens.next_outgoing(server.now));
  EXPECT_TRUE(server.ack(1, *first, kTcpAck).opened);
}

TEST(HalfOpens, AnswerWithCookiesWhenTheBacklogIsFull) {
  Server server(3);
  for (std::uint32_t client = 0; client < 4; ++client) EXPECT_FALSE(server.syn(client).reply);
  const auto outcome = server.syn(4);
  ASSERT_TRUE(outcome.reply);
  EXPECT_EQ(server.half_opens.size(), 4U);
  EXPECT_EQ(server.half_opens.counters().cookies_out, 1U);
  server.now += 1s;
  const auto opened = server.ack(4, *outcome.reply, kTcpAck).opened;
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->half_open, kNoIndex);
  EXPECT_EQ(opened->negotiated.send_scale, 7);
  EXPECT_TRUE(opened->negotiated.sack);
  const auto forged = server.hear(segment(flow_of(5), kTcpAck, kIrs + 1, 12345));
  EXPECT_EQ(forged.drop, DropReason::kTcpNoSocket);
  ASSERT_TRUE(forged.reply);
  EXPECT_TRUE(forged.reply->header.flags.rst());
  // RFC 4987 3.6: long after the attack nobody looks for cookies any more.
  server.now += 10min;
  EXPECT_FALSE(server.ack(4, *outcome.reply, kTcpAck).opened);
}

TEST(HalfOpens, RefuseWhatDoesNotFitTheBacklogWithoutCookies) {
  TcpConfig config;
  config.syn_cookies = false;
  Server server(3, {}, config);
  for (std::uint32_t client = 0; client < 4; ++client) (void)server.syn(client);
  EXPECT_EQ(server.syn(4).drop, DropReason::kTcpBacklogFull);
  EXPECT_FALSE(server.syn(4).reply);
}

TEST(HalfOpens, GiveUpTheOldestWhenTheTableIsFullWithoutCookies) {
  TcpConfig config;
  config.syn_cookies = false;
  config.half_open_max = 4;
  Server server(100, {}, config);
  for (std::uint32_t client = 0; client < 4; ++client) (void)server.syn(client);
  // While none of them was answered yet, there is nobody to give up.
  EXPECT_EQ(server.syn(9).drop, DropReason::kTcpTableFull);
  while (server.half_opens.next_outgoing(server.now)) {
  }
  EXPECT_EQ(server.syn(4).drop, DropReason::kNone);
  EXPECT_EQ(server.half_opens.size(), 4U);
  EXPECT_EQ(server.half_opens.counters().shed, 1U);
  EXPECT_EQ(server.half_opens.find(flow_of(0), hash_of(kSecrets.flows, flow_of(0))), kNoIndex);
}

TEST(HalfOpens, GoWithTheirListener) {
  Server server;
  for (std::uint32_t client = 0; client < 5; ++client) (void)server.syn(client);
  ASSERT_TRUE(server.half_opens.next_outgoing(server.now));
  server.half_opens.close_listener(server.handle.index);
  EXPECT_EQ(server.half_opens.size(), 0U);
  EXPECT_FALSE(server.half_opens.next_outgoing(server.now));
  server.listeners.close(server.handle);
  EXPECT_EQ(server.memory.bytes_used(), 0U);
}

TcpSocketOptions fast_open_options() {
  TcpSocketOptions options;
  options.fast_open = true;
  return options;
}

Segment fast_open_syn(std::uint32_t client, const wire::TcpFastOpenCookie& cookie) {
  Segment syn = segment(flow_of(client), kTcpSyn, kIrs, 0, 100);
  syn.options = usual_options();
  syn.options.fast_open = cookie;
  return syn;
}

wire::TcpFastOpenCookie cookie_given_to(Server& server, std::uint32_t client) {
  (void)server.hear(fast_open_syn(client, {}));
  const auto syn_ack = server.half_opens.next_outgoing(server.now);
  EXPECT_EQ(syn_ack->header.acknowledgment_number, kIrs + 1);
  (void)server.hear(segment(flow_of(client), kTcpRst, kIrs + 1));
  return options_of(*syn_ack).fast_open.value_or(wire::TcpFastOpenCookie{});
}

// RFC 7413 4.2.2 MUST: who asks gets a cookie; who shows it may send text with his SYN.
TEST(HalfOpens, OpenAtOnceForAFastOpenCookie) {
  Server server(10, fast_open_options());
  const auto cookie = cookie_given_to(server, 1);
  ASSERT_FALSE(cookie.is_request());
  const auto outcome = server.hear(fast_open_syn(1, cookie));
  ASSERT_TRUE(outcome.opened && outcome.opened->handshake);
  EXPECT_TRUE(outcome.opened->negotiated.fast_open);
  Handshake handshake = *outcome.opened->handshake;
  EXPECT_EQ(handshake.rcv_nxt(), SequenceNumber(kIrs + 101));
  EXPECT_EQ(server.half_opens.size(), 0U);
}

// RFC 7413 4.2.2 MUST: without a valid cookie the text is not taken, and a new cookie is given.
TEST(HalfOpens, TakeNoTextForAForgedCookie) {
  Server server(10, fast_open_options());
  const auto cookie = cookie_given_to(server, 1);
  EXPECT_FALSE(server.hear(fast_open_syn(2, cookie)).opened);
  const auto syn_ack = server.half_opens.next_outgoing(server.now);
  ASSERT_TRUE(syn_ack);
  EXPECT_EQ(syn_ack->header.acknowledgment_number, kIrs + 1);
  ASSERT_TRUE(options_of(*syn_ack).fast_open);
  EXPECT_NE(*options_of(*syn_ack).fast_open, cookie);
}

// RFC 7413 5.1 MUST: the number of connections opened so that are not confirmed yet is limited.
TEST(HalfOpens, LimitWhatIsOpenBeforeItIsConfirmed) {
  Server server(2, fast_open_options());
  std::array<wire::TcpFastOpenCookie, 3> cookies;
  for (std::uint32_t i = 0; i < 3; ++i) cookies[i] = cookie_given_to(server, i);
  for (std::uint32_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(server.hear(fast_open_syn(i, cookies[i])).opened);
    ++server.listener().fast_open_pending;
  }
  EXPECT_FALSE(server.hear(fast_open_syn(2, cookies[2])).opened);
  EXPECT_EQ(server.half_opens.size(), 1U);
}

TEST(HalfOpens, KnowNoFastOpenWhereNobodyAskedForIt) {
  Server server;
  (void)server.hear(fast_open_syn(1, {}));
  const auto syn_ack = server.half_opens.next_outgoing(server.now);
  ASSERT_TRUE(syn_ack);
  EXPECT_FALSE(options_of(*syn_ack).fast_open);
}

TEST(HalfOpens, SpendNoMoreThanTheBudgetOnReplies) {
  Server server;
  int resets = 0;
  for (std::uint32_t client = 0; client < 20'000; ++client) {
    resets += server.hear(segment(flow_of(client), kTcpAck, 1, 99)).reply ? 1 : 0;
  }
  EXPECT_GE(resets, 500);
  EXPECT_LE(resets, 1500);
  EXPECT_EQ(server.memory.bytes_used() > 0, true);
}

// RFC 4987 3.6 MAY: with SYN cookies a flood costs no memory, and an honest client connects.
TEST(HalfOpens, StayWithinTheirMemoryUnderAFlood) {
  TcpConfig config;
  config.half_open_max = 4096;
  Server server(100'000, {}, config);
  std::size_t most = 0;
  for (std::uint32_t client = 0; client < 500'000; ++client) {
    (void)server.syn(client);
    if (client % 8 == 0) (void)server.half_opens.next_outgoing(server.now);
    if (client % 1024 == 0) {
      server.now += 2ms;
      server.half_opens.on_deadline(server.now);
      most = std::max(most, server.half_opens.bytes_used());
    }
  }
  EXPECT_LE(most, std::size_t{4096} * 104);
  EXPECT_LE(server.half_opens.size(), 4096U);
  EXPECT_GE(server.half_opens.counters().cookies_out, 490'000U);
  const auto outcome = server.syn(600'000);
  ASSERT_TRUE(outcome.reply);
  EXPECT_TRUE(server.ack(600'000, *outcome.reply, kTcpAck).opened);
}

TEST(HalfOpens, TakeAtMost96BytesEach) {
  TcpConfig config;
  const std::uint32_t count = std::getenv("STRATA_FULL") != nullptr ? 1'000'000 : 200'000;
  config.half_open_max = count;
  Server server(count, {}, config);
  for (std::uint32_t client = 0; client < count; ++client) {
    ASSERT_EQ(server.syn(client).drop, DropReason::kNone);
  }
  EXPECT_LE(server.half_opens.bytes_used(), std::size_t{96} * count);
}

TEST(HalfOpens, DoWithoutMemory) {
  Server server;
  HeapMemory none(100);
  HalfOpens half_opens(none, server.config, kSecrets, server.listeners, server.budgets);
  const Segment syn = segment(flow_of(1), kTcpSyn, kIrs);
  const auto outcome = half_opens.on_listen(server.listener(), syn, 1, 1500, {}, server.now);
  EXPECT_EQ(outcome.drop, DropReason::kTcpTableFull);
  EXPECT_EQ(none.bytes_used(), 0U);
}

}  // namespace
}  // namespace strata::tcp::half_opens_test
