// SPDX-License-Identifier: Apache-2.0
// DeadlineHeap: at most one deadline for each index; deadlines move and are taken back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "strata/time.h"

namespace strata::sim {

class DeadlineHeap {
 public:
  struct Entry {
    Time at{};
    std::uint64_t order = 0;  // equal times come in this order
    std::uint32_t index = 0;
  };

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] const Entry& top() const { return entries_.front(); }
  [[nodiscard]] bool contains(std::uint32_t index) const {
    return index < places_.size() && places_[index] != kNowhere;
  }
  // Meaningful only when contains(index).
  [[nodiscard]] Time at(std::uint32_t index) const { return entries_[places_[index]].at; }

  void set(std::uint32_t index, Time at, std::uint64_t order) {
    if (index >= places_.size()) places_.resize(index + std::size_t{1}, kNowhere);
    if (places_[index] == kNowhere) {
      places_[index] = static_cast<std::uint32_t>(entries_.size());
      entries_.push_back({});
    }
    const std::size_t place = places_[index];
    entries_[place] = {at, order, index};
    sink(rise(place));
  }

  void remove(std::uint32_t index) {
    if (!contains(index)) return;
    const std::size_t place = std::exchange(places_[index], kNowhere);
    const Entry last = entries_.back();
    entries_.pop_back();
    if (place == entries_.size()) return;
    put(place, last);
    sink(rise(place));
  }

 private:
  static constexpr std::uint32_t kNowhere = 0xffff'ffff;

  [[nodiscard]] static bool is_before(const Entry& a, const Entry& b) {
    return a.at != b.at ? a.at < b.at : a.order < b.order;
  }
  void put(std::size_t place, const Entry& entry) {
    entries_[place] = entry;
    places_[entry.index] = static_cast<std::uint32_t>(place);
  }
  std::size_t rise(std::size_t place) {
    const Entry entry = entries_[place];
    while (place != 0 && is_before(entry, entries_[(place - 1) / 2])) {
      put(place, entries_[(place - 1) / 2]);
      place = (place - 1) / 2;
    }
    put(place, entry);
    return place;
  }
  void sink(std::size_t place) {
    const Entry entry = entries_[place];
    for (;;) {
      std::size_t child = place * 2 + 1;
      if (child >= entries_.size()) break;
      if (child + 1 < entries_.size() && is_before(entries_[child + 1], entries_[child])) ++child;
      if (!is_before(entries_[child], entry)) break;
      put(place, entries_[child]);
      place = child;
    }
    put(place, entry);
  }

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> places_;  // by index
};

}  // namespace strata::sim
