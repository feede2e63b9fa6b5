// SPDX-License-Identifier: Apache-2.0
#include "base/timer_wheel.h"

#include <algorithm>
#include <bit>

#include "strata/check.h"

namespace strata {

TimerWheel::TimerWheel(Time start, Duration granularity) {
  STRATA_CHECK(granularity.count() > 0);
  const auto width =
      static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(granularity.count())));
  shift_ = std::max(width - 1, kShiftMin);
  tick_ = tick_of(start);
}

void TimerWheel::schedule(TimerEntry& entry, Time deadline) {
  cancel(entry);
  if (deadline == kNever) return;
  entry.deadline_ = deadline;
  file(entry);
  ++size_;
}

void TimerWheel::cancel(TimerEntry& entry) {
  if (!entry.is_scheduled()) return;
  remove(entry);
  --size_;
}

std::optional<Time> TimerWheel::next_deadline() const {
  if (size_ == 0) return std::nullopt;
  const Time pending = std::min(lists_[kDue].earliest, lists_[kFresh].earliest);
  if (pending != kNever) return pending;
  const auto slot = first_slot();
  STRATA_CHECK(slot);
  return lists_[*slot].earliest;
}

TimerEntry* TimerWheel::pop_expired(Time now) {
  if (tick_of(now) > tick_) advance(now);
  const List& fresh = lists_[kFresh];
  if (fresh.first != nullptr && fresh.earliest <= now) merge_fresh();
  TimerEntry* const entry = lists_[kDue].first;
  if (entry == nullptr || entry->deadline_ > now) return nullptr;
  cancel(*entry);
  count_fired(now - entry->deadline_);
  return entry;
}

void TimerWheel::count_fired(Duration past) {
  ++counters_.fired;
  if (past.count() >> shift_ != 0) ++counters_.late;
  counters_.latest = std::max(counters_.latest, past);
}

// Flipping the sign bit keeps the order of signed times and makes ticks of them.
std::uint16_t TimerWheel::place_for(Time deadline) const {
  const std::uint64_t tick = tick_of(deadline);
  if (tick <= tick_) {
    const List& due = lists_[kDue];
    const bool in_order =
        lists_[kFresh].first == nullptr && (due.last == nullptr || due.last->deadline_ <= deadline);
    return in_order ? kDue : kFresh;
  }
  const unsigned level = static_cast<unsigned>(std::bit_width(tick ^ tick_) - 1) / kSlotBits;
  const auto slot = static_cast<unsigned>(tick >> (level * kSlotBits)) % kSlots;
  return static_cast<std::uint16_t>(level * kSlots + slot);
}

std::optional<std::uint16_t> TimerWheel::first_slot() const {
  for (unsigned level = 0; level < kLevels; ++level) {
    if (used_[level] == 0) continue;
    const auto slot = static_cast<unsigned>(std::countr_zero(used_[level]));
    return static_cast<std::uint16_t>(level * kSlots + slot);
  }
  return std::nullopt;
}

std::uint64_t TimerWheel::first_tick(std::uint16_t slot) const {
  const unsigned shift = slot / kSlots * kSlotBits;
  const std::uint64_t window = tick_ >> shift >> kSlotBits << kSlotBits;
  return (window | (slot % kSlots)) << shift;
}

void TimerWheel::file(TimerEntry& entry) { append(place_for(entry.deadline_), entry); }

void TimerWheel::append(std::uint16_t place, TimerEntry& entry) {
  List& list = lists_[place];
  entry.place_ = place;
  entry.next_ = nullptr;
  entry.previous_ = list.last;
  (list.last == nullptr ? list.first : list.last->next_) = &entry;
  list.last = &entry;
  list.earliest = std::min(list.earliest, entry.deadline_);
  if (place < kDue) used_[place / kSlots] |= 1U << (place % kSlots);
}

void TimerWheel::remove(TimerEntry& entry) {
  const std::uint16_t place = entry.place_;
  List& list = lists_[place];
  (entry.previous_ == nullptr ? list.first : entry.previous_->next_) = entry.next_;
  (entry.next_ == nullptr ? list.last : entry.next_->previous_) = entry.previous_;
  entry.next_ = entry.previous_ = nullptr;
  entry.place_ = TimerEntry::kNowhere;
  if (list.first == nullptr) {
    list.earliest = kNever;
    if (place < kDue) used_[place / kSlots] &= ~(1U << (place % kSlots));
  } else if (place == kDue) {
    list.earliest = list.first->deadline_;
  }
}

// Slots are opened in the order of time, so that what they hold is filed in that order too.
void TimerWheel::advance(Time now) {
  const std::uint64_t target = tick_of(now);
  for (auto slot = first_slot(); slot && first_tick(*slot) <= target; slot = first_slot()) {
    tick_ = first_tick(*slot);
    TimerEntry* entry = lists_[*slot].first;
    lists_[*slot] = {};
    used_[*slot / kSlots] &= ~(1U << (*slot % kSlots));
    while (entry != nullptr) {
      TimerEntry* const next = entry->next_;
      file(*entry);
      ++counters_.refiled;
      entry = next;
    }
  }
  tick_ = target;
}

// Takes from `b` only what is earlier than the head of `a`: of equals, those of `a` come first.
TimerEntry* TimerWheel::merge(TimerEntry* a, TimerEntry* b) {
  TimerEntry* first = nullptr;
  TimerEntry** tail = &first;
  while (a != nullptr && b != nullptr) {
    TimerEntry*& taken = b->deadline_ < a->deadline_ ? b : a;
    *tail = taken;
    tail = &taken->next_;
    taken = taken->next_;
  }
  *tail = a != nullptr ? a : b;
  return first;
}

// A stable merge sort, bottom up: runs[i] holds 2^i entries, all of them before those in lower
// runs.
void TimerWheel::merge_fresh() {
  std::array<TimerEntry*, 64> runs{};
  for (TimerEntry* entry = lists_[kFresh].first; entry != nullptr;) {
    TimerEntry* run = entry;
    entry = entry->next_;
    run->next_ = nullptr;
    std::size_t i = 0;
    for (; runs[i] != nullptr; ++i) {
      run = merge(runs[i], run);
      runs[i] = nullptr;
    }
    runs[i] = run;
  }
  TimerEntry* sorted = nullptr;
  for (TimerEntry* run : runs) sorted = merge(run, sorted);
  TimerEntry* entry = merge(lists_[kDue].first, sorted);
  lists_[kDue] = lists_[kFresh] = {};
  while (entry != nullptr) {
    TimerEntry* const after = entry->next_;
    append(kDue, *entry);
    entry = after;
  }
}

}  // namespace strata
