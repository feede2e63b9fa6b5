// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/negotiation.h"

#include <gtest/gtest.h>

#include <vector>

#include "tcp/isn.h"
#include "tcp/support/opening.h"

namespace strata::tcp::negotiation_test {
namespace {

using namespace std::chrono_literals;
using testing::flow_of;
using testing::kStart;
using testing::segment;
using testing::usual_options;
using wire::kTcpAck;
using wire::kTcpCwr;
using wire::kTcpEce;
using wire::kTcpSyn;

Terms usual_terms(bool is_active = true, const TcpSocketOptions& options = {}) {
  return Terms::of({}, options, true, 1500, is_active);
}

std::vector<int> kinds_of(const wire::TcpOptions& options) {
  const Outgoing out = compose(flow_of(1), kTcpSyn, {}, {}, 0, options, {});
  std::vector<int> kinds;
  for (const auto& option : wire::TcpRawOptions(Bytes(out.option_bytes).first(out.option_size()))) {
    kinds.push_back(static_cast<int>(option.kind));
  }
  return kinds;
}

TEST(SynOptions, StandInTheOrderMiddleboxesKnowBest) {
  EXPECT_EQ(kinds_of(syn_options(usual_terms(), kStart)), (std::vector{2, 4, 8, 1, 3}));
  Terms without_timestamps = usual_terms();
  without_timestamps.timestamps = false;
  EXPECT_EQ(kinds_of(syn_options(without_timestamps, kStart)), (std::vector{2, 1, 1, 4, 1, 3}));
  wire::TcpOptions fast_open = syn_options(usual_terms(), kStart);
  fast_open.fast_open = wire::TcpFastOpenCookie{};
  EXPECT_EQ(kinds_of(fast_open), (std::vector{2, 4, 8, 1, 3, 34, 1, 1}));
}

// RFC 9293 3.7.1 MUST: the MSS is sent in every SYN and is what fits the MTU behind bare headers.
TEST(SynOptions, AnnounceAnMssThatFitsTheMtu) {
  EXPECT_EQ(mss_for(1500, true), 1460);
  EXPECT_EQ(mss_for(1500, false), 1440);
  EXPECT_EQ(mss_for(0, true), kMssMin);
  EXPECT_EQ(mss_for(UINT32_MAX, false), 65534);
  EXPECT_EQ(syn_options(usual_terms(), kStart).maximum_segment_size, 1460);
  TcpSocketOptions options;
  options.mss_max = 1000;
  EXPECT_EQ(usual_terms(true, options).receive_mss, 1000);
  options.mss_max = 1;
  EXPECT_EQ(usual_terms(true, options).receive_mss, kMssMin);
}

// RFC 5482 3.1 MAY: the user timeout is announced, in seconds or, when too long, in minutes.
TEST(SynOptions, AnnounceTheUserTimeout) {
  TcpSocketOptions options;
  options.user_timeout = 90s;
  // RFC 5482 3: off unless asked for.
  EXPECT_FALSE(syn_options(usual_terms(true, options), kStart).user_timeout);
  options.user_timeout_option = true;
  const auto told = syn_options(usual_terms(true, options), kStart).user_timeout;
  EXPECT_EQ(told, (wire::TcpUserTimeout{90, false}));
  options.user_timeout = 24h;
  const auto minutes = syn_options(usual_terms(true, options), kStart).user_timeout;
  EXPECT_EQ(minutes, (wire::TcpUserTimeout{1440, true}));
}

// RFC 9293 3.7.1 MUST: without an MSS option, 536 for IPv4 and 1220 for IPv6 are assumed.
TEST(SendMss, HasADefaultForEachFamily) {
  EXPECT_EQ(send_mss_of({}, true), 536);
  EXPECT_EQ(send_mss_of({}, false), 1220);
}

TEST(SendMss, IsNeverSoSmallThatSegmentsAreAllHeader) {
  for (const int absurd : {0, 1, 7, 87}) {
    wire::TcpOptions options;
    options.maximum_segment_size = static_cast<std::uint16_t>(absurd);
    EXPECT_EQ(send_mss_of(options, true), kMssMin) << absurd;
  }
  wire::TcpOptions most;
  most.maximum_segment_size = 65535;
  EXPECT_EQ(send_mss_of(most, true), 65535);
}

// RFC 7323 2.2 MUST: the window of a SYN is never scaled, and shifts are at most 14.
TEST(WindowScale, IsTheLeastThatLetsTheWindowGrowToTheBuffer) {
  const struct {
    std::uint32_t buffer;
    int shift;
  } rows[] = {{1, 0},      {65535, 0},     {65536, 1},      {131071, 1},
              {131072, 2}, {6U << 20U, 7}, {1U << 30U, 14}, {UINT32_MAX, 14}};
  for (const auto& row : rows) {
    TcpConfig config;
    config.receive_buffer_max = row.buffer;
    EXPECT_EQ(receive_scale_for(config, {}), row.shift) << row.buffer;
    TcpSocketOptions options;
    options.receive_buffer = row.buffer;
    EXPECT_EQ(receive_scale_for({}, options), row.shift) << row.buffer;
    EXPECT_LE(Terms::of(config, {}, true, 1500, true).window, 65535);
  }
  TcpSocketOptions clamped;
  clamped.window_clamp = 60'000;
  EXPECT_EQ(receive_scale_for({}, clamped), 0);
  EXPECT_EQ(first_window({}, clamped), 60'000U);
}

// RFC 7323 2.2 MUST: scaling, and 3.2: timestamps, only when both SYNs have the option.
// RFC 2018 2 MUST: SACK only when both SYNs have permitted it.
TEST(Agreement, HoldsWhatBothEndsSaidAndNothingElse) {
  for (unsigned ours = 0; ours < 8; ++ours) {
    for (unsigned theirs = 0; theirs < 8; ++theirs) {
      Terms terms = usual_terms(false);
      terms.window_scaling = (ours & 1U) != 0;
      terms.timestamps = (ours & 2U) != 0;
      terms.sack = (ours & 4U) != 0;
      Segment syn = segment(flow_of(1), kTcpSyn, 1);
      if ((theirs & 1U) != 0) syn.options.window_scale = std::uint8_t{9};
      if ((theirs & 2U) != 0) syn.options.timestamps = wire::TcpTimestamps{77, 0};
      syn.options.sack_permitted = (theirs & 4U) != 0;
      const Negotiated agreed = agree(terms, syn);
      const unsigned both = ours & theirs;
      EXPECT_EQ(agreed.window_scaling, (both & 1U) != 0);
      EXPECT_EQ(agreed.timestamps, (both & 2U) != 0);
      EXPECT_EQ(agreed.sack, (both & 4U) != 0);
      EXPECT_EQ(agreed.send_scale, (both & 1U) != 0 ? 9 : 0);
      EXPECT_EQ(agreed.receive_scale, (both & 1U) != 0 ? 7 : 0);
      EXPECT_EQ(agreed.ts_recent, (both & 2U) != 0 ? 77U : 0U);
      // RFC 7323 3.2: a SYN-ACK offers what the SYN offered, and nothing else.
      const wire::TcpOptions answer = syn_ack_options(agreed, terms, kStart);
      EXPECT_EQ(answer.window_scale.has_value(), agreed.window_scaling);
      EXPECT_EQ(answer.timestamps.has_value(), agreed.timestamps);
      EXPECT_EQ(answer.sack_permitted, agreed.sack);
      if (agreed.timestamps) {
        EXPECT_EQ(answer.timestamps->echo_reply, 77U);
      }
    }
  }
}

// RFC 3168 6.1.1 MUST: ECN only after an ECN-setup SYN and an ECN-setup SYN-ACK.
TEST(Agreement, UsesEcnOnlyAfterBothSetups) {
  EXPECT_TRUE(is_ecn_setup(kTcpSyn | kTcpEce | kTcpCwr));
  EXPECT_FALSE(is_ecn_setup(kTcpSyn | kTcpEce));
  EXPECT_FALSE(is_ecn_setup(kTcpSyn | kTcpCwr));
  EXPECT_FALSE(is_ecn_setup(kTcpSyn));
  EXPECT_TRUE(is_ecn_setup(kTcpSyn | kTcpAck | kTcpEce));
  // Some hosts and middleboxes send back all bits as they came.
  EXPECT_FALSE(is_ecn_setup(kTcpSyn | kTcpAck | kTcpEce | kTcpCwr));
  EXPECT_FALSE(is_ecn_setup(kTcpSyn | kTcpAck));
}

TEST(Agreement, AnswersEcnWhereItDoesNotAskForIt) {
  TcpConfig config;
  config.ecn = TcpEcn::kAccept;
  EXPECT_FALSE(Terms::of(config, {}, true, 1500, true).ecn);
  EXPECT_TRUE(Terms::of(config, {}, true, 1500, false).ecn);
  config.ecn = TcpEcn::kOff;
  EXPECT_FALSE(Terms::of(config, {}, true, 1500, false).ecn);
  config.ecn = TcpEcn::kRequest;
  EXPECT_TRUE(Terms::of(config, {}, true, 1500, true).ecn);
}

TEST(Agreement, KeepsThePeersUserTimeout) {
  Segment syn = segment(flow_of(1), kTcpSyn, 1);
  syn.options.user_timeout = wire::TcpUserTimeout{30, true};
  EXPECT_EQ(agree(usual_terms(), syn).user_timeout, (wire::TcpUserTimeout{30, true}));
}

TEST(Compose, LeavesOutWhatFortyBytesCannotHold) {
  wire::TcpOptions options = usual_options();
  options.user_timeout = wire::TcpUserTimeout{30, false};
  const std::array<std::byte, 16> longest{};
  options.fast_open = wire::TcpFastOpenCookie::from_bytes(longest);
  const Outgoing out = compose(flow_of(1), kTcpSyn, {}, {}, 0, options, {});
  const wire::TcpOptions written = testing::options_of(out);
  EXPECT_FALSE(written.user_timeout);
  EXPECT_TRUE(written.fast_open);
  options.sack.push_back({1, 2});
  EXPECT_FALSE(testing::options_of(compose(flow_of(1), kTcpSyn, {}, {}, 0, options, {})).fast_open);
}

TEST(Compose, SpeaksAsTheSocketWasTold) {
  TcpSocketOptions socket;
  socket.hop_limit = 7;
  socket.traffic_class = 0xb9;
  socket.bound_interface = 3;
  const Outgoing out = compose(flow_of(1), kTcpSyn, {}, {}, 0, {}, socket);
  EXPECT_EQ(out.hop_limit, 7);
  EXPECT_EQ(out.traffic_class, 0xb8);
  EXPECT_EQ(out.bound_interface, 3);
  // RFC 3168 6.1.1: a SYN is not ECN-capable.
  EXPECT_EQ(out.ecn, EcnCodepoint::kNotEct);
}

}  // namespace
}  // namespace strata::tcp::negotiation_test
