// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/slot.h"

#include <gtest/gtest.h>

#include "strata/memory.h"
#include "tcp/congestion/bbr.h"
#include "tcp/congestion/congestion_testing.h"
#include "tcp/congestion/registry.h"

namespace strata::tcp::congestion::slot_test {
namespace {

TEST(CongestionSlot, HoldsRenoUntilAnotherIsChosen) {
  const CongestionSlot slot(Feeder::usual_start());
  EXPECT_EQ(slot->name(), "reno");
  EXPECT_EQ(slot->cwnd(), 10 * kMss);
}

TEST(CongestionSlot, TakesMemoryOnlyForWhatIsLarge) {
  HeapMemory memory;
  {
    CongestionSlot slot(Feeder::usual_start());
    for (const Algorithm* algorithm : {&kReno, &kCubic, &kDctcp}) {
      ASSERT_TRUE(slot.try_start(*algorithm, memory, Feeder::usual_start()));
      EXPECT_EQ(slot->name(), algorithm->name);
      EXPECT_EQ(memory.bytes_used(), 0U);
    }
    ASSERT_TRUE(slot.try_start(kBbr, memory, Feeder::usual_start()));
    EXPECT_EQ(memory.bytes_used(), sizeof(BbrMachine));
    ASSERT_TRUE(slot.try_start(kBbr, memory, Feeder::usual_start()));
    EXPECT_EQ(memory.bytes_used(), sizeof(BbrMachine)) << "the first gave its block back";
  }
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(CongestionSlot, StaysAsItWasWithoutMemory) {
  HeapMemory memory(100);
  CongestionSlot slot(Feeder::usual_start());
  ASSERT_TRUE(slot.try_start(kCubic, memory, Feeder::usual_start()));
  EXPECT_FALSE(slot.try_start(kBbr, memory, Feeder::usual_start()));
  EXPECT_FALSE(slot.try_change(kBbr, memory, Feeder::usual_start()));
  EXPECT_EQ(slot->name(), "cubic");
  EXPECT_EQ(slot->cwnd(), 10 * kMss);
}

TEST(CongestionSlot, AChangeKeepsTheWindow) {
  HeapMemory memory;
  CongestionSlot slot(Feeder::usual_start());
  slot->on_congestion({.flight_size = 8 * kMss});
  slot->on_recovery_exit(Time{});
  for (const Algorithm* algorithm : {&kCubic, &kBbr, &kReno}) {
    ASSERT_TRUE(slot.try_change(*algorithm, memory, Feeder::usual_start()));
    EXPECT_EQ(slot->name(), algorithm->name);
    EXPECT_EQ(slot->cwnd(), 4 * kMss);
  }
}

// What a user's own control looks like: a window that never moves.
class Fixed final : public CongestionControl {
 public:
  [[nodiscard]] std::string_view name() const override { return "fixed"; }
  [[nodiscard]] bool try_start(Memory&, const StartEvent& start) override {
    cwnd_ = start.initial_window;
    return true;
  }
  void on_congestion(const CongestionEvent&) override { ssthresh_ = cwnd_; }
  void on_undo(Time) override {}
  void on_recovery_exit(Time) override {}
  void on_ack(const AckEvent&) override {}
  void on_rto(const RtoEvent&) override {}
  void on_idle_restart(const IdleEvent&) override {}
  void on_window_unused(Time, std::uint32_t) override {}
  void on_mss_change(std::uint32_t) override {}
};

TEST(CongestionSlot, HoldsAUsersOwn) {
  static constexpr Algorithm kFixed = algorithm_of<Fixed>("fixed");
  Feeder feeder(kFixed);
  ASSERT_TRUE(feeder.started());
  EXPECT_EQ(feeder->name(), "fixed");
  for (int i = 0; i < 5; ++i) feeder.round();
  feeder.lose();
  EXPECT_EQ(feeder->cwnd(), 10 * kMss);
}

}  // namespace
}  // namespace strata::tcp::congestion::slot_test
