// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/loss_detection.h"

#include <gtest/gtest.h>

namespace strata::tcp::loss_detection_test {
namespace {

using namespace std::chrono_literals;

SequenceNumber at(std::uint32_t offset) { return SequenceNumber(0xffff'f800U + offset); }

struct Lab {
  HeapMemory memory;
  Slab<Record> records{memory, 1000};
  RetransmissionQueue sent{memory};
  LossDetection rack;
  ReorderingMemory reordering;
  Rtt rtt;
  Time now{1s};

  Lab() {
    rtt.on_sample(100ms, 1);
    rtt.on_minimum_sample(80ms, now);
    for (std::uint32_t i = 0; i < 5; ++i) {
      (void)sent.append(records, at(i * 100), at(i * 100 + 100), now);
      now += 1ms;
    }
  }
  ~Lab() { sent.clear(records); }

  void deliver(std::uint32_t segment, bool answers_earlier = false) {
    const std::size_t position = sent.position_of(at(segment * 100));
    const Record& record = sent.at(records, position);
    rack.on_delivered({.end = record.end,
                       .sent_time = record.sent_time,
                       .was_retransmitted = record.was_retransmitted(),
                       .answers_earlier = answers_earlier},
                      rtt.min_rtt(), 100, reordering, now);
    (void)sent.mark_sacked(records, position);
  }
  std::vector<std::uint32_t> lost(Duration window) {
    std::vector<std::uint32_t> all;
    while (true) {
      const Index index = rack.next_expired(sent, records, window, now);
      if (index == kNoIndex) return all;
      const SequenceNumber begin = sent.named(records, index).begin;
      all.push_back(distance(at(0), begin) / 100);
      sent.mark_lost(records, sent.position_of(begin), TcpLossCause::kReordering);
    }
  }
};

using Segments = std::vector<std::uint32_t>;

// RFC 8985 6.2 MUST: what was sent before something delivered, a round trip and the reordering
// window ago, is lost; what was sent after is not.
TEST(LossDetection, MarksWhatWasSentBeforeAndIsOverdue) {
  Lab lab;
  lab.now = Time{1s} + 102ms;
  lab.deliver(2);  // its round trip: 100 ms
  EXPECT_EQ(lab.lost(20ms), Segments{});
  EXPECT_EQ(lab.rack.deadline(), Time{1s} + 120ms);
  lab.now = Time{1s} + 120ms;
  EXPECT_EQ(lab.lost(20ms), (Segments{0}));
  EXPECT_EQ(lab.rack.deadline(), Time{1s} + 121ms);
  lab.now = Time{1s} + 121ms;
  EXPECT_EQ(lab.lost(20ms), (Segments{1}));
  EXPECT_EQ(lab.rack.deadline(), std::nullopt) << "3 and 4 were sent later";
}

// RFC 8985 6.2 MUST: without reordering seen, the window is nothing in recovery and from three
// SACKed segments on.
TEST(LossDetection, WaitsForNobodyOnceThreeAreSacked) {
  Lab lab;
  const auto window = [&](bool in_recovery, std::uint32_t sacked) {
    return LossDetection::reordering_window({in_recovery, sacked}, lab.rtt, lab.reordering);
  };
  EXPECT_EQ(window(false, 2), 20ms);  // a quarter of the least round trip
  EXPECT_EQ(window(false, 3), 0ms);
  EXPECT_EQ(window(true, 0), 0ms);
  lab.reordering.seen = true;
  EXPECT_EQ(window(false, 3), 20ms);
  EXPECT_EQ(window(true, 0), 20ms);
}

// RFC 8985 6.2 MUST: a segment delivered out of order, and sent only once, shows reordering.
TEST(LossDetection, SeesReordering) {
  Lab lab;
  lab.now += 100ms;
  lab.deliver(3);
  EXPECT_FALSE(lab.reordering.seen);
  lab.deliver(1);
  EXPECT_TRUE(lab.reordering.seen);
  EXPECT_EQ(lab.rack.reordering(), 2U);
}

TEST(LossDetection, ARetransmissionIsNoReordering) {
  Lab lab;
  lab.now += 100ms;
  lab.deliver(3);
  lab.sent.mark_lost(lab.records, 0, TcpLossCause::kReordering);
  lab.sent.mark_sent(lab.records, 0, lab.now);
  lab.now += 100ms;
  lab.deliver(0);
  EXPECT_FALSE(lab.reordering.seen);
}

// RFC 8985 6.2 MUST: each round trip with a D-SACK widens the window by a quarter of the least
// round trip, up to SRTT; 16 recoveries without one narrow it again.
TEST(LossDetection, WindowFollowsDuplicates) {
  Lab lab;
  lab.reordering.seen = true;
  const auto window = [&] {
    return LossDetection::reordering_window({false, 0}, lab.rtt, lab.reordering);
  };
  lab.rack.on_dsack(at(500), lab.reordering);
  EXPECT_EQ(window(), 40ms);
  lab.rack.on_dsack(at(600), lab.reordering);  // the same round trip
  EXPECT_EQ(window(), 40ms);
  lab.rack.on_una(at(500));
  for (std::uint32_t i = 0; i < 10; ++i) {
    lab.rack.on_dsack(at(600 + i), lab.reordering);
    lab.rack.on_una(at(600 + i));
  }
  EXPECT_EQ(window(), 100ms) << "SRTT at most";
  for (int i = 0; i < 15; ++i) LossDetection::on_recovery_left(lab.reordering);
  EXPECT_EQ(window(), 100ms);
  LossDetection::on_recovery_left(lab.reordering);
  EXPECT_EQ(window(), 20ms);
}

// RFC 8985 6.2 MUST: an acknowledgement sooner than the least round trip, or of an older timestamp,
// is for the first transmission and moves nothing.
TEST(LossDetection, IgnoresAnswersToEarlierTransmissions) {
  for (const bool by_timestamp : {false, true}) {
    Lab lab;
    lab.sent.mark_lost(lab.records, 0, TcpLossCause::kReordering);
    lab.now += 100ms;
    lab.sent.mark_sent(lab.records, 0, lab.now);
    lab.now += by_timestamp ? 200ms : 10ms;
    lab.deliver(0, by_timestamp);
    EXPECT_EQ(lab.lost(0ms), Segments{});
  }
}

TEST(LossDetection, FindsARetransmissionThatWasLostAgain) {
  Lab lab;
  lab.sent.mark_lost(lab.records, 0, TcpLossCause::kReordering);
  lab.now += 10ms;
  lab.sent.mark_sent(lab.records, 0, lab.now);
  lab.now += 1ms;
  (void)lab.sent.append(lab.records, at(500), at(600), lab.now);
  lab.now += 100ms;
  lab.deliver(5);
  EXPECT_EQ(lab.lost(0ms), (Segments{1, 2, 3, 4, 0}));
}

// RFC 8985 6.3 MUST: at a timeout only what was out for long enough counts as lost.
TEST(LossDetection, TellsWhatIsOverdueAtATimeout) {
  Lab lab;
  lab.now = Time{1s} + 100ms;
  lab.deliver(0);
  lab.now = Time{1s} + 103ms;
  EXPECT_TRUE(lab.rack.is_overdue(lab.sent.at(lab.records, 2), 0ms, lab.now));
  EXPECT_FALSE(lab.rack.is_overdue(lab.sent.at(lab.records, 4), 0ms, lab.now));
}

}  // namespace
}  // namespace strata::tcp::loss_detection_test
