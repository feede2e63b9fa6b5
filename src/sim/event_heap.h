// SPDX-License-Identifier: Apache-2.0
// EventHeap: events, earliest first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "strata/packet.h"
#include "strata/time.h"

namespace strata::sim {

struct EventRow;

// An event is a value of half a cache line.
struct Event {
  Time at{};
  std::uint64_t order = 0;  // of deciding it: what happens at one instant happens in this order
  EventRow* row = nullptr;  // of the channel
  Packet* frame = nullptr;  // arrives at the end of the channel; null: the channel's wire is free
};

// A heap of four children a node: half the levels of a binary one, and siblings lie side by side.
class EventHeap {
 public:
  [[nodiscard]] bool empty() const { return events_.empty(); }
  [[nodiscard]] std::size_t size() const { return events_.size(); }
  [[nodiscard]] const Event& top() const { return events_.front(); }

  void push(const Event& event) {
    std::size_t hole = events_.size();
    events_.push_back(event);
    while (hole != 0) {
      const std::size_t parent = (hole - 1) / kChildren;
      if (!is_before(event, events_[parent])) break;
      events_[hole] = events_[parent];
      hole = parent;
    }
    events_[hole] = event;
  }

  Event pop() {
    const Event first = events_.front();
    const Event last = events_.back();
    events_.pop_back();
    if (!events_.empty()) sink(last);
    return first;
  }

  // pop() and push() in one.
  Event exchange_top(const Event& event) {
    const Event first = events_.front();
    sink(event);
    return first;
  }

 private:
  static constexpr std::size_t kChildren = 4;

  [[nodiscard]] static bool is_before(const Event& a, const Event& b) {
    return a.at != b.at ? a.at < b.at : a.order < b.order;
  }

  // Fills the hole at the top with `event`, moving earlier ones up.
  void sink(const Event& event) {
    const std::size_t count = events_.size();
    std::size_t hole = 0;
    for (;;) {
      const std::size_t begin = hole * kChildren + 1;
      if (begin >= count) break;
      const std::size_t end = begin + kChildren < count ? begin + kChildren : count;
      std::size_t least = begin;
      for (std::size_t child = begin + 1; child < end; ++child) {
        if (is_before(events_[child], events_[least])) least = child;
      }
      if (!is_before(events_[least], event)) break;
      events_[hole] = events_[least];
      hole = least;
    }
    events_[hole] = event;
  }

  std::vector<Event> events_;
};

}  // namespace strata::sim
