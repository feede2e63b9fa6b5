// SPDX-License-Identifier: Apache-2.0
// EventQueue: frames on wires and wires that become free, earliest first.
#pragma once

#include <cstddef>
#include <deque>

#include "sim/event_heap.h"

// A long wire carries hundreds of frames, and they arrive in the order in which they were sent.
// Only the first of each wire stands in the heap, which so stays as small as the world has links:
//
//   heap:  row a: 7 ms | row b: 3 ms | row a: 9 ms (held back) | wire of c free: 4 ms
//             │             │
//   rows:    7 8 8 10      3 11                   what is not the latest of its row stands alone
//
// 1. A row is in the order of (time, decision), and its first event, no other, is in the heap.
// 2. Events come out as if all stood in one heap.

namespace strata::sim {

class Channel;

// The frames on the wire of one channel, in the order in which they arrive.
struct EventRow {
  Channel* channel = nullptr;
  std::deque<Event> events{};
};

class EventQueue {
 public:
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] const Event& top() const { return heap_.top(); }

  // Each with a greater order than all before it.
  void push(const Event& event) {
    std::deque<Event>& row = event.row->events;
    const bool is_alone = event.frame == nullptr || (!row.empty() && event.at < row.back().at);
    if (is_alone || row.empty()) heap_.push(event);
    if (!is_alone) row.push_back(event);
  }

  Event pop() {
    const Event& first = heap_.top();
    std::deque<Event>& row = first.row->events;
    const bool is_of_row = !row.empty() && row.front().order == first.order;
    if (is_of_row) row.pop_front();
    return is_of_row && !row.empty() ? heap_.exchange_top(row.front()) : heap_.pop();
  }

 private:
  EventHeap heap_;
};

}  // namespace strata::sim
