// SPDX-License-Identifier: Apache-2.0
// TimerWheel: every deadline of a stack, as a hierarchical timing wheel (Varghese and Lauck, 1987).
//
//   level 0   32 slots of one tick        the ticks left of the current window of 32
//   level 1   32 slots of 32 ticks        the windows left of the current window of 32 * 32
//   ...       an entry's level is that of the highest bit in which its tick differs from now's
//   due       entries of the current tick and before, sorted by deadline
//   fresh     entries of the current tick that came out of order, not sorted yet
//
// 1. A tick only groups deadlines. Entries leave by their exact deadline: never early, and never
//    later than the first call that tells a time at or past it.
// 2. Entries leave in the order of their deadlines, and equal deadlines in the order of schedule():
//    a slot keeps its order, and is re-filed before anything can be filed beside its entries.
// 3. Entries on a lower level are due before those on a higher one, slots in the order of their
//    number: so the earliest deadline is known from one slot, and a jump over years visits only
//    slots that hold something.
// 4. schedule() and cancel() cost the same however many timers there are. Each slot knows a lower
//    bound of its deadlines, which a cancelled entry may leave too low: next_deadline() can be too
//    early, never too late.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/index.h"
#include "strata/time.h"

namespace strata {

// One timer, a member of what it times. It must be cancelled before it dies.
class TimerEntry {
 public:
  TimerEntry() = default;
  // What the entry is for, told by whoever pops it: the owner's index, and which of its timers.
  explicit TimerEntry(Index timer_owner, std::uint16_t timer_kind = 0)
      : owner(timer_owner), kind(timer_kind) {}
  TimerEntry(const TimerEntry&) = delete;  // the wheel points at it: it cannot move
  TimerEntry& operator=(const TimerEntry&) = delete;

  [[nodiscard]] bool is_scheduled() const { return place_ != kNowhere; }
  // Meaningful while scheduled, and just after it was popped.
  [[nodiscard]] Time deadline() const { return deadline_; }

  Index owner = kNoIndex;
  std::uint16_t kind = 0;

 private:
  friend class TimerWheel;
  static constexpr std::uint16_t kNowhere = 0xffff;

  std::uint16_t place_ = kNowhere;  // which of the wheel's lists holds it
  Time deadline_{};
  TimerEntry* next_ = nullptr;
  TimerEntry* previous_ = nullptr;
};

// What a wheel has done since it was made.
struct TimerCounters {
  std::uint64_t fired = 0;
  std::uint64_t late = 0;     // of those, a tick or more past their deadline
  std::uint64_t refiled = 0;  // moved to a lower level, as their time came nearer
  Duration latest{};          // how long past its deadline one fired at most
};

class TimerWheel {
 public:
  // The granularity is rounded down to a power of two nanoseconds, of at least 2^14 (16 us). Coarse
  // ticks sort more entries at a time; fine ticks re-file them more often.
  explicit TimerWheel(Time start = Time{}, Duration granularity = std::chrono::milliseconds(1));
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Moves the entry if it is scheduled already. kNever cancels it.
  void schedule(TimerEntry& entry, Time deadline);
  // Nothing happens to an entry that is not scheduled.
  void cancel(TimerEntry& entry);

  // Not later than the earliest deadline, and equal to it unless the timer that was earliest was
  // cancelled or moved. Nothing when no timer is scheduled.
  [[nodiscard]] std::optional<Time> next_deadline() const;

  // False: surely nothing has expired. Costs next to nothing; true once a tick at least.
  [[nodiscard]] bool may_expire(Time now) const {
    return size_ != 0 && (tick_of(now) != tick_ || lists_[kDue].earliest <= now ||
                          lists_[kFresh].earliest <= now);
  }

  // The next entry whose deadline is at or before `now`, off the wheel; null when there is none.
  // An entry scheduled again at or before `now` is popped again by the same loop.
  [[nodiscard]] TimerEntry* pop_expired(Time now);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const TimerCounters& counters() const { return counters_; }

 private:
  static constexpr unsigned kSlotBits = 5;
  static constexpr unsigned kSlots = 1U << kSlotBits;
  static constexpr unsigned kShiftMin = 14;
  static constexpr unsigned kLevels = (64 - kShiftMin) / kSlotBits;
  static_assert(kLevels * kSlotBits == 64 - kShiftMin, "the levels span all of Time");
  static constexpr std::uint16_t kDue = kLevels * kSlots;
  static constexpr std::uint16_t kFresh = kDue + 1;

  struct List {
    TimerEntry* first = nullptr;
    TimerEntry* last = nullptr;
    Time earliest = kNever;  // a lower bound of its deadlines
  };

  [[nodiscard]] std::uint64_t tick_of(Time time) const {
    constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;
    return (static_cast<std::uint64_t>(time.time_since_epoch().count()) ^ kSign) >> shift_;
  }
  [[nodiscard]] std::uint16_t place_for(Time deadline) const;
  // The first slot on the lowest level that has any entries.
  [[nodiscard]] std::optional<std::uint16_t> first_slot() const;
  [[nodiscard]] std::uint64_t first_tick(std::uint16_t slot) const;
  void file(TimerEntry& entry);
  void append(std::uint16_t place, TimerEntry& entry);
  void remove(TimerEntry& entry);
  void advance(Time now);
  void count_fired(Duration past);
  [[nodiscard]] static TimerEntry* merge(TimerEntry* a, TimerEntry* b);
  void merge_fresh();

  std::array<List, kFresh + 1> lists_{};
  std::array<std::uint32_t, kLevels> used_{};  // which slots of a level have entries
  std::uint64_t tick_ = 0;                     // the current tick
  std::size_t size_ = 0;
  TimerCounters counters_;
  unsigned shift_;  // log2 of the nanoseconds in a tick
};

}  // namespace strata
