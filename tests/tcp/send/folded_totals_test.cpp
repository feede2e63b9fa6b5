// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/folded_totals.h"

#include <gtest/gtest.h>

#include "tcp/send/flight.h"

namespace strata::tcp::folded_totals_test {
namespace {

using namespace std::chrono_literals;

Totals usual() {
  Totals totals;
  totals.bytes_acknowledged = 1'000'000;
  totals.bytes_retransmitted = 2'896;
  totals.bytes_sent = 1'002'896;
  totals.data_segments_sent = 700;
  totals.delivered = 1'000'001;
  totals.lost = 2'896;
  totals.delivery_rate = 64 * 12'345;
  totals.rate_is_application_limited = true;
  totals.retransmits = {1, 2, 3, 4, 5, 6, 7, 255};
  totals.recoveries = 2;
  totals.timeouts = 3;
  totals.undone = 4;
  totals.duplicates_reported = 5;
  totals.reordering = 6;
  totals.busy = 1s;
  totals.limited_by_peer_window = 256ms;
  totals.limited_by_send_buffer = 512ms;
  totals.reordering_memory = {.multiplier = 5, .rounds_left = 16, .seen = true};
  totals.validation.pipe_acks = {1, 9000, 3};
  totals.validation.validated_at = Time(77s);
  (void)totals.path.on_mss(TcpPathProbing::kBlackHole, 1460, Time{});
  return totals;
}

TEST(FoldedTotals, GivesBackWhatWasFolded) {
  const Totals before = usual();
  ASSERT_TRUE(FoldedTotals::fits(before));
  const Totals after = FoldedTotals(before).unfold(1460);
  EXPECT_EQ(after.bytes_sent, before.bytes_sent);
  EXPECT_EQ(after.bytes_retransmitted, before.bytes_retransmitted);
  EXPECT_EQ(after.bytes_acknowledged, before.bytes_acknowledged);
  EXPECT_EQ(after.data_segments_sent, before.data_segments_sent);
  EXPECT_EQ(after.delivered, before.delivered);
  EXPECT_EQ(after.lost, before.lost);
  EXPECT_EQ(after.delivery_rate, before.delivery_rate);
  EXPECT_TRUE(after.rate_is_application_limited);
  EXPECT_EQ(after.retransmits, before.retransmits);
  EXPECT_EQ(after.recoveries, before.recoveries);
  EXPECT_EQ(after.timeouts, before.timeouts);
  EXPECT_EQ(after.undone, before.undone);
  EXPECT_EQ(after.duplicates_reported, before.duplicates_reported);
  EXPECT_EQ(after.reordering, before.reordering);
  EXPECT_EQ(after.busy, before.busy);
  EXPECT_EQ(after.limited_by_peer_window, before.limited_by_peer_window);
  EXPECT_EQ(after.limited_by_send_buffer, before.limited_by_send_buffer);
  EXPECT_EQ(after.reordering_memory.multiplier, 5);
  EXPECT_EQ(after.reordering_memory.rounds_left, 16);
  EXPECT_TRUE(after.reordering_memory.seen);
  EXPECT_EQ(after.validation.pipe_ack(), 9000U);
  EXPECT_EQ(after.validation.validated_at, Time(77s));
  EXPECT_TRUE(after.path.is_off());
}

TEST(FoldedTotals, RoundsTimesWithoutAPreference) {
  Totals totals = usual();
  totals.busy = 127ns;
  EXPECT_EQ(FoldedTotals(totals).unfold(1460).busy, 0ns);
  totals.busy = 128ns;
  EXPECT_EQ(FoldedTotals(totals).unfold(1460).busy, 256ns);
}

TEST(FoldedTotals, DoesNotForgetASlowRate) {
  Totals totals = usual();
  totals.delivery_rate = 1;
  EXPECT_EQ(FoldedTotals(totals).unfold(1460).delivery_rate, 64U);
}

// Each of these has more to tell than the folded form has room for.
TEST(FoldedTotals, SaysWhatDoesNotFitAndKeepsItAtItsMost) {
  using Change = void (*)(Totals&);
  for (const Change change : {
           Change([](Totals& t) { t.bytes_sent = t.bytes_acknowledged += 1ULL << 32U; }),
           Change([](Totals& t) { ++t.bytes_sent; }),
           Change([](Totals& t) { t.delivered += 256; }),
           Change([](Totals& t) { t.delivered = 0; }),
           Change([](Totals& t) { t.lost = 1ULL << 32U; }),
           Change([](Totals& t) { t.data_segments_sent = 1ULL << 32U; }),
           Change([](Totals& t) { t.busy = 1h; }),
           Change([](Totals& t) { t.delivery_rate = UINT64_MAX; }),
           Change([](Totals& t) { t.retransmits[3] = 256; }),
           Change([](Totals& t) { t.recoveries = 256; }),
           Change([](Totals& t) { t.timeouts = 256; }),
           Change([](Totals& t) { t.undone = 256; }),
           Change([](Totals& t) { t.duplicates_reported = 256; }),
           Change([](Totals& t) { t.reordering = 256; }),
           Change([](Totals& t) { (void)t.path.on_mss(TcpPathProbing::kAlways, 1460, Time{}); }),
       }) {
    Totals totals = usual();
    change(totals);
    EXPECT_FALSE(FoldedTotals::fits(totals));
    const Totals cut = FoldedTotals(totals).unfold(1460);
    EXPECT_LE(cut.bytes_acknowledged, totals.bytes_acknowledged);
    EXPECT_LE(cut.timeouts, totals.timeouts);
    EXPECT_LE(cut.busy, totals.busy);
  }
}

}  // namespace
}  // namespace strata::tcp::folded_totals_test
