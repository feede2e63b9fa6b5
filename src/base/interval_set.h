// SPDX-License-Identifier: Apache-2.0
// IntervalSet: which numbers of a 64-bit line are covered, as few sorted half-open intervals.
//
// 1. Intervals are sorted, not empty, and neither overlap nor touch.
// 2. There are never more than intervals_max of them: a call that would need more returns false
//    and changes nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/vector.h"
#include "strata/memory.h"

namespace strata {

struct Interval {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  // the first number that is not in it

  [[nodiscard]] constexpr std::uint64_t length() const { return end - begin; }
  friend constexpr bool operator==(const Interval&, const Interval&) = default;
};

class IntervalSet {
 public:
  using value_type = Interval;
  using const_iterator = const Interval*;

  IntervalSet(Memory& memory, std::size_t intervals_max)
      : intervals_(memory), intervals_max_(intervals_max) {}

  // Covers [begin, end) too. An empty interval (end <= begin) adds nothing.
  [[nodiscard]] bool insert(std::uint64_t begin, std::uint64_t end) {
    if (end <= begin) return true;
    const std::size_t first = first_ending_at_or_after(begin);
    const std::size_t last = first_beginning_after(end);
    if (first == last) {
      if (intervals_.size() == intervals_max_) return false;
      if (!intervals_.try_insert_at(first, {begin, end})) return false;
      covered_ += end - begin;
      return true;
    }
    Interval& merged = intervals_[first];
    const Interval whole{std::min(begin, merged.begin), std::max(end, intervals_[last - 1].end)};
    for (std::size_t i = first; i < last; ++i) covered_ -= intervals_[i].length();
    merged = whole;
    covered_ += whole.length();
    intervals_.erase_range(first + 1, last);
    return true;
  }

  // Uncovers [begin, end). False only where it would have to split an interval in a full set.
  [[nodiscard]] bool erase(std::uint64_t begin, std::uint64_t end) {
    if (end <= begin) return true;
    std::size_t first = first_ending_after(begin);
    if (first == intervals_.size() || intervals_[first].begin >= end) return true;
    if (intervals_[first].begin < begin) {
      if (intervals_[first].end > end) return split(first, begin, end);
      covered_ -= intervals_[first].end - begin;
      intervals_[first].end = begin;
      ++first;
    }
    std::size_t last = first;
    while (last < intervals_.size() && intervals_[last].end <= end) {
      covered_ -= intervals_[last].length();
      ++last;
    }
    if (last < intervals_.size() && intervals_[last].begin < end) {
      covered_ -= end - intervals_[last].begin;
      intervals_[last].begin = end;
    }
    intervals_.erase_range(first, last);
    return true;
  }

  [[nodiscard]] bool contains(std::uint64_t number) const { return first_gap(number) != number; }
  // All of [begin, end).
  [[nodiscard]] bool contains(std::uint64_t begin, std::uint64_t end) const {
    return end <= begin || first_gap(begin) >= end;
  }
  // Any of [begin, end).
  [[nodiscard]] bool overlaps(std::uint64_t begin, std::uint64_t end) const {
    const std::size_t i = first_ending_after(begin);
    return begin < end && i < intervals_.size() && intervals_[i].begin < end;
  }
  // The least number at or after `from` that is not covered.
  [[nodiscard]] std::uint64_t first_gap(std::uint64_t from) const {
    const std::size_t i = first_ending_after(from);
    if (i == intervals_.size() || intervals_[i].begin > from) return from;
    return intervals_[i].end;
  }

  // How many numbers are covered.
  [[nodiscard]] std::uint64_t covered() const { return covered_; }
  // How many intervals that takes.
  [[nodiscard]] std::size_t size() const { return intervals_.size(); }
  [[nodiscard]] bool empty() const { return intervals_.empty(); }
  [[nodiscard]] const Interval& operator[](std::size_t index) const { return intervals_[index]; }
  [[nodiscard]] const Interval* begin() const { return intervals_.begin(); }
  [[nodiscard]] const Interval* end() const { return intervals_.end(); }

  void clear() {
    intervals_.clear();
    covered_ = 0;
  }
  // Clears and gives the block back.
  void release() {
    intervals_.release();
    covered_ = 0;
  }

 private:
  [[nodiscard]] bool split(std::size_t index, std::uint64_t begin, std::uint64_t end) {
    if (intervals_.size() == intervals_max_) return false;
    if (!intervals_.try_insert_at(index + 1, {end, intervals_[index].end})) return false;
    intervals_[index].end = begin;
    covered_ -= end - begin;
    return true;
  }

  [[nodiscard]] std::size_t first_ending_at_or_after(std::uint64_t number) const {
    return position(std::ranges::lower_bound(intervals_.span(), number, {}, &Interval::end));
  }
  [[nodiscard]] std::size_t first_ending_after(std::uint64_t number) const {
    return position(std::ranges::upper_bound(intervals_.span(), number, {}, &Interval::end));
  }
  [[nodiscard]] std::size_t first_beginning_after(std::uint64_t number) const {
    return position(std::ranges::upper_bound(intervals_.span(), number, {}, &Interval::begin));
  }
  [[nodiscard]] std::size_t position(std::span<const Interval>::iterator at) const {
    return static_cast<std::size_t>(at - intervals_.span().begin());
  }

  Vector<Interval> intervals_;
  std::size_t intervals_max_;
  std::uint64_t covered_ = 0;
};

}  // namespace strata
