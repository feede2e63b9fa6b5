// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/syn_cookies.h"

#include <gtest/gtest.h>

#include "strata/rng.h"
#include "tcp/isn.h"
#include "tcp/support/opening.h"

namespace strata::tcp::syn_cookies_test {
namespace {

using namespace std::chrono_literals;
using testing::End;
using testing::flow_of;
using testing::kStart;
using testing::options_of;
using testing::segment;
using wire::kTcpAck;
using wire::kTcpCwr;
using wire::kTcpEce;
using wire::kTcpSyn;

constexpr std::uint32_t kIrs = 0xffff'ffff;

// The ACK with which an honest peer answers.
Segment answer_to(const Outgoing& syn_ack, const Segment& syn) {
  Segment ack = segment(syn.flow, kTcpAck, syn_ack.header.acknowledgment_number,
                        syn_ack.header.sequence_number + 1);
  if (const auto timestamps = options_of(syn_ack).timestamps) {
    ack.options.timestamps =
        wire::TcpTimestamps{syn.options.timestamps->value + 3, timestamps->value};
  }
  return ack;
}

Segment syn_with(const Flow& flow, unsigned scale, bool timestamps, bool sack, bool ecn,
                 std::uint16_t mss) {
  Segment syn = segment(flow, ecn ? kTcpSyn | kTcpEce | kTcpCwr : kTcpSyn, kIrs);
  if (scale <= wire::kTcpWindowScaleMax) {
    syn.options.window_scale = static_cast<std::uint8_t>(scale);
  }
  if (timestamps) syn.options.timestamps = wire::TcpTimestamps{77, 0};
  syn.options.sack_permitted = sack;
  syn.options.maximum_segment_size = mss;
  return syn;
}

void expect_round_trip(const End& end, const Segment& syn, bool timestamps) {
  const Outgoing syn_ack = cookie_reply_to(syn, end.context(), kStart);
  EXPECT_EQ(syn_ack.header.acknowledgment_number, kIrs + 1);
  const auto opening = open_cookie(answer_to(syn_ack, syn), end.context(), kStart + 100ms);
  ASSERT_TRUE(opening);
  EXPECT_EQ(opening->iss.value(), syn_ack.header.sequence_number);
  EXPECT_EQ(opening->irs, SequenceNumber(kIrs));
  Terms terms = Terms::of(end.config, end.options, true, 1500, false);
  terms.timestamp_offset = timestamp_offset(end.secrets.timestamps, end.flow);
  Negotiated expected = agree(terms, syn);
  EXPECT_LE(opening->negotiated.send_mss, expected.send_mss);
  EXPECT_GE(opening->negotiated.send_mss * 5, expected.send_mss * 2);
  expected.send_mss = opening->negotiated.send_mss;
  if (timestamps) {
    expected.ts_recent = 80;
  } else {
    expected.window_scaling = expected.sack = expected.ecn = false;
    expected.send_scale = expected.receive_scale = 0;
  }
  EXPECT_EQ(opening->negotiated, expected);
  // RFC 7323 3.2: what the SYN-ACK promised is what the connection does.
  const wire::TcpOptions promised = options_of(syn_ack);
  EXPECT_EQ(promised.sack_permitted, expected.sack);
  EXPECT_EQ(promised.window_scale.has_value(), expected.window_scaling);
  EXPECT_EQ(syn_ack.header.flags.ece(), expected.ecn);
}

// RFC 4987 3.6 MAY: the cookie, and the timestamp, carry all that the SYN agreed to.
TEST(SynCookies, BringBackEveryCombinationOfOptions) {
  const End end{.config = {}, .options = {}, .flow = flow_of(1)};
  for (unsigned scale = 0; scale <= 15; ++scale) {
    for (unsigned bits = 0; bits < 8; ++bits) {
      const bool timestamps = (bits & 1U) != 0;
      for (const int mss : {88, 536, 1000, 1220, 1360, 1440, 1460, 4312, 8960}) {
        const Segment syn = syn_with(end.flow, scale, timestamps, (bits & 2U) != 0,
                                     (bits & 4U) != 0, static_cast<std::uint16_t>(mss));
        expect_round_trip(end, syn, timestamps);
      }
    }
  }
}

TEST(SynCookies, KeepTheCommonSizesExactly) {
  const End end{.config = {}, .options = {}, .flow = flow_of(1)};
  for (const int mss : {536, 1220, 1440, 1460}) {
    const Segment syn = syn_with(end.flow, 7, true, true, true, static_cast<std::uint16_t>(mss));
    const Outgoing syn_ack = cookie_reply_to(syn, end.context(), kStart);
    const auto opening = open_cookie(answer_to(syn_ack, syn), end.context(), kStart);
    ASSERT_TRUE(opening);
    EXPECT_EQ(opening->negotiated.send_mss, mss);
  }
}

TEST(SynCookies, AreGoodForOneToTwoPeriods) {
  const End end{.config = {}, .options = {}, .flow = flow_of(1)};
  const Segment syn = syn_with(end.flow, 7, true, true, true, 1460);
  for (const Duration into : {Duration(0s), Duration(30s), Duration(63s)}) {
    const Time sent = Time(64s * 100) + into;
    const Segment ack = answer_to(cookie_reply_to(syn, end.context(), sent), syn);
    EXPECT_TRUE(open_cookie(ack, end.context(), sent + 64s));
    EXPECT_FALSE(open_cookie(ack, end.context(), sent + 128s));
  }
}

TEST(SynCookies, AreOfOneFlowOneNumberAndOneKey) {
  const End end{.config = {}, .options = {}, .flow = flow_of(1)};
  const Segment syn = syn_with(end.flow, 7, true, true, true, 1460);
  const Segment ack = answer_to(cookie_reply_to(syn, end.context(), kStart), syn);
  ASSERT_TRUE(open_cookie(ack, end.context(), kStart));
  for (const Flow& flow : {flow_of(2), flow_of(1, 40001)}) {
    const End other{.config = {}, .options = {}, .flow = flow};
    EXPECT_FALSE(open_cookie(ack, other.context(), kStart));
  }
  const End stranger{
      .config = {}, .options = {}, .flow = end.flow, .secrets = Secrets::derive({9, 9})};
  EXPECT_FALSE(open_cookie(ack, stranger.context(), kStart));
  Segment shifted = answer_to(cookie_reply_to(syn, end.context(), kStart), syn);
  shifted.seq += 1;
  EXPECT_FALSE(open_cookie(shifted, end.context(), kStart));
}

TEST(SynCookies, AreNotForgedInAMillionTries) {
  const End end{.config = {}, .options = {}, .flow = flow_of(1)};
  Rng rng(5);
  int forged = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const auto guess = static_cast<std::uint32_t>(rng.next());
    forged += open_cookie(segment(end.flow, kTcpAck, 1, guess), end.context(), kStart) ? 1 : 0;
  }
  EXPECT_LE(forged, 1);  // expected 0.004
}

// The clock never seems to run ahead, nor more than two of its steps behind.
TEST(SynCookies, BendTheTimestampBackwardsOnly) {
  const End end{.config = {}, .options = {}, .flow = flow_of(1)};
  const std::uint32_t offset = timestamp_offset(end.secrets.timestamps, end.flow);
  for (int i = 0; i < 200; ++i) {
    const Time now = kStart + i * 1ms;
    const Segment syn = syn_with(end.flow, 14, true, true, i % 2 == 0, 1460);
    const auto stamp = options_of(cookie_reply_to(syn, end.context(), now)).timestamps;
    ASSERT_TRUE(stamp);
    const std::int32_t behind =
        SequenceNumber(timestamp_clock(now) + offset) - SequenceNumber(stamp->value);
    EXPECT_GE(behind, 0);
    EXPECT_LE(behind, 127);
  }
}

}  // namespace
}  // namespace strata::tcp::syn_cookies_test
