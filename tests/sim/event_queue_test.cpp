// SPDX-License-Identifier: Apache-2.0
#include "sim/event_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/rng.h"

namespace strata::sim::event_queue_test {
namespace {

// The queue beside one heap of all events.
struct EventQueueTest : testing::Test {
  void push(Time at, std::size_t row, bool is_frame = true) {
    const Event event{at, order++, &rows[row], is_frame ? frame.get() : nullptr};
    queue.push(event);
    heap.push(event);
  }
  void pop() {
    const Event expected = heap.pop();
    EXPECT_EQ(queue.top().order, expected.order);
    const Event event = queue.pop();
    EXPECT_EQ(event.at, expected.at);
    EXPECT_EQ(event.order, expected.order);
    EXPECT_EQ(event.row, expected.row);
    EXPECT_EQ(event.frame, expected.frame);
    EXPECT_EQ(queue.empty(), heap.empty());
    now = event.at;
  }
  [[nodiscard]] Time later_by(std::uint64_t nanoseconds) const {
    return now + Duration(static_cast<std::int64_t>(nanoseconds));
  }

  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 1, .large_buffers = 0, .extra_descriptors = 0}};
  PacketPtr frame = pool.allocate();
  std::array<EventRow, 4> rows;
  std::uint64_t order = 0;
  Time now{};
  EventQueue queue;
  EventHeap heap;
};

TEST_F(EventQueueTest, EqualTimesComeInTheOrderOfDecidingAcrossRows) {
  for (std::size_t i = 0; i < 40; ++i) push(Time{}, i * 7 % rows.size(), i % 5 != 0);
  while (!heap.empty()) pop();
  EXPECT_TRUE(queue.empty());
}

TEST_F(EventQueueTest, WhatOvertakesItsRowComesInItsTime) {
  push(Time(Duration(10)), 0);
  push(Time(Duration(30)), 0);
  push(Time(Duration(5)), 0);
  push(Time(Duration(30)), 0);
  push(Time(Duration(20)), 0);
  push(Time(Duration(15)), 0, false);
  while (!heap.empty()) pop();
}

// Mostly in order, as on a wire; some held back, some overtaking, wires that become free between.
TEST_F(EventQueueTest, AnswersAsOneHeapOfAllWould) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    std::array<Time, 4> last = {now, now, now, now};
    for (int i = 0; i < 3000; ++i) {
      if (!heap.empty() && rng.chance({1, 2})) {
        pop();
        continue;
      }
      const auto row = static_cast<std::size_t>(rng.below(rows.size()));
      if (rng.chance({1, 10})) {
        push(later_by(rng.below(100)), row, rng.chance({1, 2}));
        continue;
      }
      last[row] = std::max(last[row], later_by(rng.below(30)));
      push(last[row], row);
    }
    while (!heap.empty()) pop();
  }
}

}  // namespace
}  // namespace strata::sim::event_queue_test
