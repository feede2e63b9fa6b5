// SPDX-License-Identifier: Apache-2.0
#include "attach/alarm.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <set>

namespace strata::attach::alarm_test {
namespace {

class Timers final : public Executor {
 public:
  [[nodiscard]] Time now() const override { return {}; }
  void post(Task /*task*/) override {}
  TimerId start_timer(Time /*deadline*/, Task /*task*/) override {
    waiting.insert(++last_);
    return {.index = last_};
  }
  bool cancel_timer(TimerId timer) override { return waiting.erase(timer.index) == 1; }

  std::set<std::uint32_t> waiting;

 private:
  std::uint32_t last_ = 0;
};

TEST(Alarm, GoesWithItsHolder) {
  using Waiting = std::set<std::uint32_t>;
  Timers timers;
  std::deque<Alarm> all;
  for (int i = 0; i < 4; ++i) all.emplace_back(timers, Time{}, [] {});
  EXPECT_EQ(timers.waiting, (Waiting{1, 2, 3, 4}));
  all.erase(all.begin() + 2);
  EXPECT_EQ(timers.waiting, (Waiting{1, 2, 4}));
  {
    const Alarm moved = std::move(all.front());
    all.pop_front();
    EXPECT_EQ(timers.waiting, (Waiting{1, 2, 4}));
  }
  EXPECT_EQ(timers.waiting, (Waiting{2, 4}));
  all.clear();
  EXPECT_TRUE(timers.waiting.empty());
}

}  // namespace
}  // namespace strata::attach::alarm_test
