// SPDX-License-Identifier: Apache-2.0
#include "tcp/doctor.h"

#include <gtest/gtest.h>

namespace strata::tcp::doctor_test {
namespace {

using std::chrono::milliseconds;

// A connection that has sent with all its might for a second.
TcpInfo busy_sender() {
  TcpInfo info;
  info.state = TcpState::kEstablished;
  info.age = info.busy = milliseconds(1000);
  info.send_mss = info.receive_mss = 1460;
  info.peer_window = info.receive_window = 1 << 20;
  info.congestion_window = info.in_flight = info.unacknowledged = 14600;
  info.not_sent = 50'000;
  info.bytes_sent = 1'000'000;
  return info;
}

TEST(Doctor, EachLimitHasItsSigns) {
  struct Case {
    Limit limit;
    void (*change)(TcpInfo& info);
  };
  const Case cases[] = {
      {Limit::kCongestionWindow, [](TcpInfo&) {}},
      {Limit::kOpening, [](TcpInfo& info) { info.state = TcpState::kSynSent; }},
      {Limit::kOver, [](TcpInfo& info) { info.state = TcpState::kTimeWait; }},
      {Limit::kSilence, [](TcpInfo& info) { info.backoffs = 2; }},
      {Limit::kSender, [](TcpInfo& info) { info.busy = milliseconds(100); }},
      {Limit::kSender,
       [](TcpInfo& info) {
         info.not_sent = 0;
         info.in_flight = 2 * 1460;
       }},
      {Limit::kOwnReader,
       [](TcpInfo& info) {
         info.receive_window = 0;
         info.receive_queue = 65536;
       }},
      {Limit::kPeerWindow, [](TcpInfo& info) { info.limited_by_peer_window = milliseconds(500); }},
      {Limit::kSendBuffer, [](TcpInfo& info) { info.limited_by_send_buffer = milliseconds(500); }},
      {Limit::kLoss, [](TcpInfo& info) { info.bytes_retransmitted = 50'000; }},
      {Limit::kPacing,
       [](TcpInfo& info) {
         info.pacing_rate = 1'000'000;
         info.in_flight = 2 * 1460;
       }},
  };
  for (const Case& each : cases) {
    TcpInfo info = busy_sender();
    each.change(info);
    const Diagnosis diagnosis = explain(info, {});
    EXPECT_EQ(static_cast<int>(diagnosis.limit), static_cast<int>(each.limit))
        << sentence_of(each.limit);
    EXPECT_EQ(diagnosis.sentence, sentence_of(each.limit));
  }
}

TEST(Doctor, JudgesOnlyTheTimeSinceThePreviousLook) {
  TcpInfo before = busy_sender();
  before.bytes_retransmitted = 500'000;
  before.limited_by_peer_window = milliseconds(900);
  TcpInfo now = before;
  now.age += milliseconds(1000);
  now.busy += milliseconds(1000);
  now.bytes_sent += 1'000'000;
  EXPECT_EQ(explain(before, {}).limit, Limit::kPeerWindow);
  EXPECT_EQ(explain(now, before).limit, Limit::kCongestionWindow);
}

TEST(Doctor, EveryCauseHasASentenceOfItsOwn) {
  for (std::size_t i = 0; i < kTcpLossCauses; ++i) {
    const std::string_view text = sentence_of(static_cast<TcpLossCause>(i));
    EXPECT_TRUE(text.ends_with('.'));
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_NE(text, sentence_of(static_cast<TcpLossCause>(j)));
    }
  }
}

}  // namespace
}  // namespace strata::tcp::doctor_test
