// SPDX-License-Identifier: Apache-2.0
#include "base/timer_wheel.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "strata/rng.h"

namespace strata::timer_wheel_test {
namespace {

using namespace std::chrono_literals;

constexpr Time at(Duration since_start) { return Time(since_start); }

std::vector<Index> pop_all(TimerWheel& wheel, Time now) {
  std::vector<Index> owners;
  while (const TimerEntry* entry = wheel.pop_expired(now)) owners.push_back(entry->owner);
  return owners;
}

TEST(TimerWheel, HasNoDeadlineWithoutTimers) {
  TimerWheel wheel;
  EXPECT_EQ(wheel.next_deadline(), std::nullopt);
  EXPECT_EQ(wheel.pop_expired(at(1000h)), nullptr);
  TimerEntry entry;
  wheel.cancel(entry);
  EXPECT_TRUE(wheel.empty());
}

TEST(TimerWheel, FiresAtItsDeadlineAndNotANanosecondEarlier) {
  for (const Duration delay :
       {Duration(1), Duration(1us), Duration(1ms), Duration(31ms), Duration(32ms), Duration(33ms),
        Duration(1s), Duration(1h), Duration(24h * 365 * 5)}) {
    TimerWheel wheel;
    TimerEntry entry(7, 3);
    wheel.schedule(entry, at(delay));
    EXPECT_TRUE(entry.is_scheduled());
    EXPECT_EQ(wheel.next_deadline(), at(delay));
    EXPECT_EQ(wheel.pop_expired(at(delay - 1ns)), nullptr);
    EXPECT_EQ(wheel.next_deadline(), at(delay));
    ASSERT_EQ(wheel.pop_expired(at(delay)), &entry);
    EXPECT_FALSE(entry.is_scheduled());
    EXPECT_EQ(entry.deadline(), at(delay));
    EXPECT_EQ(entry.owner, 7U);
    EXPECT_EQ(entry.kind, 3U);
    EXPECT_EQ(wheel.pop_expired(at(delay)), nullptr);
  }
}

TEST(TimerWheel, AJumpOverYearsFiresAllInOrder) {
  TimerWheel wheel;
  std::vector<std::unique_ptr<TimerEntry>> entries;
  Duration delay = 3ns;
  for (Index i = 0; i < 40; ++i, delay = delay * 5 / 3 + 7ns) {
    entries.push_back(std::make_unique<TimerEntry>(39 - i));
  }
  std::vector<Duration> delays;
  for (Duration d = 3ns; delays.size() < 40; d = d * 5 / 2 + 7ns) delays.push_back(d);
  for (std::size_t i = 0; i < 40; ++i) {
    wheel.schedule(*entries[i], at(delays[39 - i]));
  }
  const std::vector<Index> owners = pop_all(wheel, at(delays.back()));
  ASSERT_EQ(owners.size(), 40U);
  for (Index i = 0; i < 40; ++i) EXPECT_EQ(owners[i], i);
}

TEST(TimerWheel, EqualDeadlinesKeepTheOrderOfTheirScheduling) {
  // From far away, from near, and from within the same tick: re-filing may not mix them.
  TimerWheel wheel;
  const Time deadline = at(10s);
  TimerEntry far(0);
  TimerEntry near(1);
  TimerEntry same_tick(2);
  TimerEntry earlier_in_tick(3);
  TimerEntry last(4);
  wheel.schedule(far, deadline);
  EXPECT_EQ(wheel.pop_expired(at(9990ms)), nullptr);
  wheel.schedule(near, deadline);
  EXPECT_EQ(wheel.pop_expired(deadline - 1ns), nullptr);
  wheel.schedule(same_tick, deadline);
  wheel.schedule(earlier_in_tick, deadline - 1ns);
  wheel.schedule(last, deadline);
  EXPECT_EQ(pop_all(wheel, deadline), (std::vector<Index>{3, 0, 1, 2, 4}));
}

TEST(TimerWheel, SchedulingAgainMovesTheTimer) {
  TimerWheel wheel;
  TimerEntry moved(1);
  TimerEntry other(2);
  wheel.schedule(moved, at(5ms));
  wheel.schedule(other, at(50ms));
  wheel.schedule(moved, at(50ms));
  EXPECT_EQ(wheel.size(), 2U);
  EXPECT_EQ(wheel.pop_expired(at(49ms)), nullptr);
  EXPECT_EQ(pop_all(wheel, at(50ms)), (std::vector<Index>{2, 1}));
}

TEST(TimerWheel, ACancelledTimerDoesNotFire) {
  TimerWheel wheel;
  TimerEntry cancelled(1);
  TimerEntry kept(2);
  wheel.schedule(cancelled, at(5ms));
  wheel.schedule(kept, at(5ms));
  wheel.cancel(cancelled);
  EXPECT_FALSE(cancelled.is_scheduled());
  EXPECT_EQ(pop_all(wheel, at(1s)), (std::vector<Index>{2}));
  wheel.schedule(cancelled, at(2s));
  wheel.schedule(cancelled, kNever);
  EXPECT_FALSE(cancelled.is_scheduled());
  EXPECT_EQ(wheel.next_deadline(), std::nullopt);
}

TEST(TimerWheel, WithinATickTheNextDeadlineIsExactToo) {
  TimerWheel wheel;
  TimerEntry first(1);
  TimerEntry second(2);
  TimerEntry cancelled(3);
  wheel.schedule(cancelled, at(5ms + 2us));
  wheel.schedule(second, at(5ms + 4us));
  wheel.schedule(first, at(5ms + 1us));
  EXPECT_EQ(pop_all(wheel, at(5ms + 1us)), (std::vector<Index>{1}));
  EXPECT_EQ(wheel.next_deadline(), at(5ms + 2us));
  wheel.cancel(cancelled);
  EXPECT_EQ(pop_all(wheel, at(5ms + 2us)), (std::vector<Index>{}));
  EXPECT_EQ(wheel.next_deadline(), at(5ms + 4us));
}

TEST(TimerWheel, ADeadlineInThePastIsDueAtOnceBeforeLaterOnes) {
  TimerWheel wheel;
  EXPECT_EQ(wheel.pop_expired(at(1h)), nullptr);
  TimerEntry now(1);
  TimerEntry past(2);
  wheel.schedule(now, at(1h));
  wheel.schedule(past, at(1s));
  EXPECT_EQ(wheel.next_deadline(), at(1s));
  EXPECT_EQ(pop_all(wheel, at(1h)), (std::vector<Index>{2, 1}));
}

TEST(TimerWheel, TimeBeforeTheEpochIsTimeToo) {
  TimerWheel wheel(at(-10s));
  TimerEntry before(1);
  TimerEntry after(2);
  wheel.schedule(after, at(1ns));
  wheel.schedule(before, at(-1ns));
  EXPECT_EQ(wheel.next_deadline(), at(-1ns));
  EXPECT_EQ(pop_all(wheel, at(0ns)), (std::vector<Index>{1}));
  EXPECT_EQ(pop_all(wheel, at(1ns)), (std::vector<Index>{2}));
}

TEST(TimerWheel, HoldsTheLastDeadlineThatTimeCanExpress) {
  TimerWheel wheel(Time::min());
  TimerEntry entry(1);
  wheel.schedule(entry, kNever - 1ns);
  EXPECT_EQ(wheel.next_deadline(), kNever - 1ns);
  EXPECT_EQ(wheel.pop_expired(kNever - 2ns), nullptr);
  EXPECT_EQ(wheel.pop_expired(kNever - 1ns), &entry);
}

// What a wheel has to do, done slowly: sorted by deadline, then by the order of scheduling.
class Oracle {
 public:
  void schedule(Index owner, Time deadline) {
    cancel(owner);
    const Key key{deadline, ++sequence_};
    byKey_[key] = owner;
    keys_[owner] = key;
  }
  void cancel(Index owner) {
    if (const auto found = keys_.find(owner); found != keys_.end()) {
      byKey_.erase(found->second);
      keys_.erase(found);
    }
  }
  [[nodiscard]] std::optional<Time> next_deadline() const {
    return byKey_.empty() ? std::nullopt : std::optional(byKey_.begin()->first.first);
  }
  Index pop_expired(Time now) {
    if (byKey_.empty() || byKey_.begin()->first.first > now) return kNoIndex;
    const Index owner = byKey_.begin()->second;
    cancel(owner);
    return owner;
  }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }

 private:
  using Key = std::pair<Time, std::uint64_t>;
  std::map<Key, Index> byKey_;
  std::map<Index, Key> keys_;
  std::uint64_t sequence_ = 0;
};

struct PropertyCase {
  std::uint64_t seed;
  Duration granularity;
  std::uint64_t delay_bits_max;  // delays up to 2^bits ns
};

class TimerWheelProperty : public ::testing::TestWithParam<PropertyCase> {};

TEST_P(TimerWheelProperty, BehavesLikeASortedMap) {
  constexpr std::size_t kTimers = 300;
  Rng rng(GetParam().seed);
  TimerWheel wheel(Time{}, GetParam().granularity);
  std::vector<std::unique_ptr<TimerEntry>> entries;
  for (Index i = 0; i < kTimers; ++i) entries.push_back(std::make_unique<TimerEntry>(i));
  Oracle oracle;
  Time now{};
  const auto draw_delay = [&] {
    const std::uint64_t bits = rng.below(GetParam().delay_bits_max);
    const auto delay = static_cast<std::int64_t>(rng.below(std::uint64_t{1} << bits));
    return Duration(delay - (rng.chance({1, 10}) ? 1'000'000 : 0));
  };
  for (int i = 0; i < 30000; ++i) {
    TimerEntry& entry = *entries[rng.below(kTimers)];
    const std::uint64_t action = rng.below(10);
    if (action < 6) {
      // Coarse deadlines collide, so that the order of equals is put to the test.
      const Time exact = now + draw_delay();
      const Time deadline = rng.chance({1, 2}) ? exact : exact - exact.time_since_epoch() % 10ms;
      wheel.schedule(entry, deadline);
      oracle.schedule(entry.owner, deadline);
    } else if (action < 8) {
      wheel.cancel(entry);
      oracle.cancel(entry.owner);
    } else {
      const bool jumps_to_deadline = rng.chance({1, 2}) && oracle.next_deadline();
      now = std::max(now, jumps_to_deadline ? *oracle.next_deadline() : now + draw_delay());
      while (true) {
        const bool may_expire = wheel.may_expire(now);
        const TimerEntry* const popped = wheel.pop_expired(now);
        const Index expected = oracle.pop_expired(now);
        ASSERT_TRUE(may_expire || expected == kNoIndex);
        ASSERT_EQ(popped == nullptr ? kNoIndex : popped->owner, expected);
        if (popped == nullptr) break;
        if (rng.chance({1, 4})) {
          const Time again = now + draw_delay() + 1ms;
          wheel.schedule(*entries[expected], again);
          oracle.schedule(expected, again);
        }
      }
    }
    ASSERT_EQ(wheel.size(), oracle.size());
    ASSERT_EQ(wheel.next_deadline().has_value(), oracle.next_deadline().has_value());
    if (oracle.next_deadline()) {
      ASSERT_LE(*wheel.next_deadline(), *oracle.next_deadline());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, TimerWheelProperty,
                         ::testing::Values(PropertyCase{1, 1ms, 24}, PropertyCase{2, 1ms, 36},
                                           PropertyCase{3, 1ms, 50}, PropertyCase{4, 1ns, 30},
                                           PropertyCase{5, 10us, 40}, PropertyCase{6, 1s, 34},
                                           PropertyCase{7, 24h, 50}, PropertyCase{8, 20ms, 20}));

TEST(TimerWheel, KnowsOnceATickThatNothingHasExpired) {
  const Time start{1h};
  TimerWheel wheel(start, 1ms);
  EXPECT_FALSE(wheel.may_expire(start + 1h)) << "there is nothing";
  TimerEntry entry(1);
  wheel.schedule(entry, start + 1h);
  EXPECT_EQ(wheel.pop_expired(start + 10ms), nullptr);
  EXPECT_FALSE(wheel.may_expire(start + 10ms));
  wheel.schedule(entry, start + 10ms);
  EXPECT_TRUE(wheel.may_expire(start + 10ms));
  wheel.cancel(entry);
}

TEST(TimerWheel, SleepingUntilNextDeadlineMeetsEveryTimerWithFewWakes) {
  TimerWheel wheel;
  Rng rng(9);
  std::vector<std::unique_ptr<TimerEntry>> entries;
  for (Index i = 0; i < 1000; ++i) {
    entries.push_back(std::make_unique<TimerEntry>(i));
    wheel.schedule(*entries.back(), at(Duration(rng.below(3'600'000'000'000))));
  }
  int wakes = 0;
  std::size_t fired = 0;
  while (const auto deadline = wheel.next_deadline()) {
    ++wakes;
    while (const TimerEntry* entry = wheel.pop_expired(*deadline)) {
      EXPECT_EQ(entry->deadline(), *deadline);
      ++fired;
    }
  }
  EXPECT_EQ(fired, 1000U);
  EXPECT_LE(wakes, 1000) << "nobody cancelled, so no wake is in vain";
}

TEST(TimerWheel, CountsWhatFiredWhatWasLateAndWhatWasMoved) {
  TimerWheel wheel(Time{}, 1ms);
  TimerEntry near(1);
  TimerEntry far(2);
  wheel.schedule(near, at(100us));
  wheel.schedule(far, at(1h));
  EXPECT_EQ(wheel.counters().refiled, 0U);
  ASSERT_EQ(wheel.pop_expired(at(200us)), &near);
  EXPECT_EQ(wheel.counters().fired, 1U);
  EXPECT_EQ(wheel.counters().late, 0U) << "within a tick";
  EXPECT_EQ(wheel.counters().latest, Duration(100us));
  EXPECT_EQ(wheel.pop_expired(at(59min)), nullptr);
  ASSERT_EQ(wheel.pop_expired(at(1h + 20ms)), &far);
  EXPECT_EQ(wheel.counters().fired, 2U);
  EXPECT_EQ(wheel.counters().late, 1U);
  EXPECT_EQ(wheel.counters().latest, Duration(20ms));
  EXPECT_GT(wheel.counters().refiled, 0U) << "from the levels of hours to that of ticks";
}

TEST(TimerWheel, SleepingEndsAlsoWhenTheEarliestTimersWereCancelled) {
  TimerWheel wheel;
  Rng rng(10);
  std::vector<std::unique_ptr<TimerEntry>> entries;
  for (Index i = 0; i < 1000; ++i) {
    entries.push_back(std::make_unique<TimerEntry>(i));
    wheel.schedule(*entries.back(), at(Duration(rng.below(3'600'000'000'000))));
  }
  for (std::size_t i = 0; i < 1000; i += 2) wheel.cancel(*entries[i]);
  int wakes = 0;
  std::size_t fired = 0;
  Time now{};
  while (const auto deadline = wheel.next_deadline()) {
    ASSERT_LT(++wakes, 10000) << "a lower bound that does not rise would spin for ever";
    now = std::max(now, *deadline);
    while (wheel.pop_expired(now) != nullptr) ++fired;
  }
  EXPECT_EQ(fired, 500U);
}

}  // namespace
}  // namespace strata::timer_wheel_test
