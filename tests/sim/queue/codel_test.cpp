// SPDX-License-Identifier: Apache-2.0
#include "sim/queue/codel.h"

#include <cmath>

#include "sim/queue/queue_lab.h"

namespace strata::sim::codel_test {
namespace {

struct CodelTest : QueueTest {
  // One packet comes and one leaves each millisecond, behind `standing` that are there already.
  void run(Codel& queue, std::size_t standing, Duration length, std::uint8_t ecn = 0) {
    for (std::size_t i = 0; i < standing; ++i) put(queue, 1, 1000, ecn);
    for (const Time end = now + length; now < end; now += 1ms) {
      put(queue, 1, 1000, ecn);
      if (const PacketPtr packet = take(queue)) marked += ecn_in(*packet) == 3 ? 1 : 0;
    }
  }
  std::size_t marked = 0;
};

// RFC 8289 4.2: a queue that empties within an interval is no standing queue.
TEST_F(CodelTest, ABurstThatDrainsWithinAnIntervalLosesNothing) {
  Codel queue({});
  for (int i = 0; i < 90; ++i) put(queue, 1);
  for (int i = 0; i < 90; ++i) {
    EXPECT_NE(take(queue), nullptr);
    now += 1ms;
  }
  EXPECT_TRUE(dropped.empty());
  EXPECT_EQ(take(queue), nullptr);
}

TEST_F(CodelTest, DelayBelowTheTargetIsNeverTooMuch) {
  Codel queue({});
  run(queue, 4, 10s);
  EXPECT_TRUE(dropped.empty());
}

// RFC 8289 4.4: with less than a frame waiting, dropping would only idle the link.
TEST_F(CodelTest, TheLastFrameIsNeverDropped) {
  Codel queue({});
  put(queue, 1);
  for (int i = 0; i < 1000; ++i) {
    now += 50ms;
    put(queue, 1);
    EXPECT_NE(take(queue), nullptr);
  }
  EXPECT_TRUE(dropped.empty());
}

// RFC 8289 4.1: while the queue stands, drop n + 1 follows drop n by interval / sqrt(n).
TEST_F(CodelTest, DropsComeAsTheControlLawSays) {
  Codel queue({.packets_max = 4000});
  run(queue, 2000, 3s);
  ASSERT_GT(dropped.size(), 100U);
  // The first packet was late from the moment it had waited for the target.
  const Time first = dropped.front().first;
  EXPECT_GE(first, Time(1s) + 105ms);
  EXPECT_LE(first, Time(1s) + 107ms);
  double due = static_cast<double>(first.time_since_epoch().count());
  for (std::size_t n = 1; n < dropped.size(); ++n) {
    due += 100e6 / std::sqrt(static_cast<double>(n));
    const double at = static_cast<double>(dropped[n].first.time_since_epoch().count());
    // Drops happen when a packet leaves, once a millisecond; and rounding adds up to nothing.
    EXPECT_GE(at, due - 1e3) << n;
    EXPECT_LE(at, due + 1.001e6) << n;
  }
}

TEST_F(CodelTest, BeginsAgainWhereItWasEnoughAShortWhileAgo) {
  Codel queue({});
  run(queue, 60, 2s);
  const std::size_t first_round = dropped.size();
  ASSERT_GT(first_round, 5U);
  while (take(queue) != nullptr) {
  }
  dropped.clear();
  run(queue, 60, 250ms);
  ASSERT_GE(dropped.size(), 2U);
  // Not a whole interval to the second drop, as it would be from the beginning.
  EXPECT_LT(dropped[1].first - dropped[0].first, 70ms);
}

// RFC 8289 5: packets that understand ECN are marked instead, and arrive.
TEST_F(CodelTest, MarksWhatUnderstandsMarks) {
  for (std::uint8_t ecn = 1; ecn <= 2; ++ecn) {
    marked = 0;
    Codel queue({.packets_max = 4000, .marks = true});
    run(queue, 2000, 3s, ecn);
    EXPECT_TRUE(dropped.empty());
    EXPECT_GT(marked, 100U);
  }
  Codel queue({.packets_max = 4000, .marks = true});
  run(queue, 2000, 3s, 0);
  EXPECT_GT(dropped.size(), 100U) << "not ECN-capable";
}

TEST_F(CodelTest, IsBounded) {
  Codel queue({.packets_max = 3});
  for (int i = 0; i < 5; ++i) put(queue, 1);
  EXPECT_EQ(dropped.size(), 2U);
  EXPECT_EQ(queue.packets(), 3U);
  EXPECT_EQ(queue.room(), 0U);
  EXPECT_EQ(queue.bytes(), 3000U);
}

}  // namespace
}  // namespace strata::sim::codel_test
