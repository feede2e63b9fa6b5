// SPDX-License-Identifier: Apache-2.0
#include "runtime/timer_queue.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <utility>

#include "strata/rng.h"

namespace strata::runtime::timer_queue_test {
namespace {

constexpr Time at(std::int64_t nanoseconds) { return Time(Duration(nanoseconds)); }

TEST(TimerQueue, RunsInOrderOfDeadlineThenOfStarting) {
  // The model: a map sorted by deadline and number, driven by the same random events.
  TimerQueue queue;
  Rng rng(1);
  std::map<std::pair<std::int64_t, int>, TimerId> model;
  std::vector<int> ran;
  int next = 0;
  for (std::int64_t now = 0; now < 5000; ++now) {
    for (std::uint64_t i = rng.below(4); i != 0; --i) {
      const std::int64_t deadline = now + static_cast<std::int64_t>(rng.below(50));
      const int number = next++;
      model[{deadline, number}] =
          queue.start(at(deadline), [&ran, number] { ran.push_back(number); });
    }
    if (!model.empty() && rng.below(3) == 0) {
      auto victim = model.begin();
      std::advance(victim, static_cast<std::ptrdiff_t>(rng.below(model.size())));
      EXPECT_TRUE(queue.cancel(victim->second));
      EXPECT_FALSE(queue.cancel(victim->second));
      model.erase(victim);
    }
    std::vector<int> expected;
    while (!model.empty() && model.begin()->first.first <= now) {
      expected.push_back(model.begin()->first.second);
      model.erase(model.begin());
    }
    std::vector<TimerId> due;
    queue.collect_due(at(now), due);
    ran.clear();
    for (const TimerId timer : due) queue.take(timer)();
    ASSERT_EQ(ran, expected);
    ASSERT_EQ(queue.size(), model.size());
    ASSERT_EQ(queue.next_deadline().has_value(), !model.empty());
    if (!model.empty()) {
      ASSERT_EQ(*queue.next_deadline(), at(model.begin()->first.first));
    }
  }
  EXPECT_GT(next, 5000);
}

TEST(TimerQueue, ACollectedTimerCanStillBeCancelled) {
  TimerQueue queue;
  const TimerId timer = queue.start(at(1), [] {});
  std::vector<TimerId> due;
  queue.collect_due(at(1), due);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_TRUE(queue.cancel(timer));
  EXPECT_FALSE(queue.take(timer));
}

TEST(TimerQueue, AnOldNameFindsNothing) {
  TimerQueue queue;
  const TimerId first = queue.start(at(1), [] {});
  EXPECT_TRUE(queue.cancel(first));
  const TimerId second = queue.start(at(1), [] {});
  EXPECT_EQ(first.index, second.index);
  EXPECT_FALSE(queue.cancel(first));
  EXPECT_FALSE(queue.cancel(TimerId{}));
  EXPECT_TRUE(queue.cancel(second));
}

// What a task owns may start and cancel timers when it ends.
TEST(TimerQueue, ATaskThatIsDestroyedMayUseTheQueue) {
  struct Owner {
    explicit Owner(TimerQueue& in) : queue(in) {}
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;
    ~Owner() {
      EXPECT_FALSE(queue.cancel(own));
      for (int i = 0; i < 100; ++i) (void)queue.start(at(i), [] {});
    }
    TimerQueue& queue;
    TimerId own;
  };
  TimerQueue queue;
  auto owner = std::make_shared<Owner>(queue);
  owner->own = queue.start(at(1), [owner] {});
  const TimerId own = owner->own;
  owner.reset();
  EXPECT_TRUE(queue.cancel(own));
  EXPECT_EQ(queue.size(), 100U);
  EXPECT_FALSE(queue.cancel(own));
}

}  // namespace
}  // namespace strata::runtime::timer_queue_test
