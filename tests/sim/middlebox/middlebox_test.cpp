// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sim/lab.h"
#include "strata/sim_middlebox.h"

namespace strata::sim::middlebox_test {
namespace {

// Rules of one's own: every frame is kept for a while, and one in four is answered, too.
class Slow final : public MiddleboxRules {
 public:
  void on_frame(Side from, PacketPtr frame, Time now, Ways& ways) override {
    if (++seen_ % 4 == 0) {
      if (PacketPtr copy = frame->copy(ways.pool())) ways.send(from, std::move(copy));
    }
    kept_.push_back({std::move(frame), from, now + 3ms});
  }
  [[nodiscard]] std::optional<Time> next_deadline() const override {
    return kept_.empty() ? std::nullopt : std::optional(kept_.front().until);
  }
  void on_deadline(Time now, Ways& ways) override {
    while (!kept_.empty() && kept_.front().until <= now) {
      ways.send(other(kept_.front().from), std::move(kept_.front().frame));
      kept_.erase(kept_.begin());
    }
  }
  [[nodiscard]] std::size_t frames_held() const override { return kept_.size(); }

 private:
  struct Kept {
    PacketPtr frame;
    Side from;
    Time until;
  };
  std::vector<Kept> kept_;
  int seen_ = 0;
};

TEST(Middlebox, RulesPassDelayAndAnswer) {
  World world(1);
  Station& a = world.add_station("a");
  Middlebox& box = world.add_middlebox("box", std::make_unique<Slow>());
  Station& b = world.add_station("b");
  world.connect(a, box);
  world.connect(box, b, {.delay = 1ms});
  for (std::uint64_t i = 0; i < 8; ++i) a.send(numbered_frame(i));
  EXPECT_TRUE(world.step());
  // What rules hold is on its way: nothing has leaked.
  EXPECT_EQ(world.leaked_packets(), 0U);
  EXPECT_EQ(world.run_until_idle(1s), RunEnd::kIdle);
  EXPECT_EQ(numbers_in(b.received()), (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(b.received()[0].at, Time(4ms));
  EXPECT_EQ(numbers_in(a.received()), (std::vector<std::uint64_t>{3, 7}));
  EXPECT_EQ(box.counters().received, 8U);
  EXPECT_EQ(box.counters().sent, 10U);
  EXPECT_EQ(world.leaked_packets(), 0U);
}

TEST(Middlebox, WithoutAWireBehindItFramesEnd) {
  World world(1);
  Station& a = world.add_station("a");
  Middlebox& box = world.add_middlebox("box", make_filter({}));
  world.connect(a, box);
  a.send(numbered_frame(1));
  EXPECT_EQ(world.run_until_idle(1s), RunEnd::kIdle);
  EXPECT_EQ(box.counters().received, 1U);
  EXPECT_EQ(world.leaked_packets(), 0U);
}

}  // namespace
}  // namespace strata::sim::middlebox_test
