// SPDX-License-Identifier: Apache-2.0
#include "sim/event_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "strata/rng.h"

namespace strata::sim::event_heap_test {
namespace {

TEST(EventHeap, GivesEventsByTimeAndThenByTheOrderOfDeciding) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed);
    EventHeap heap;
    std::vector<std::pair<std::int64_t, std::uint64_t>> expected;
    const std::uint64_t count = rng.between(1, 400);
    for (std::uint64_t order = 0; order < count; ++order) {
      const auto at = static_cast<std::int64_t>(rng.below(20));
      heap.push({Time(Duration(at)), order, nullptr, nullptr});
      expected.emplace_back(at, order);
    }
    std::ranges::sort(expected);
    for (const auto& [at, order] : expected) {
      const Event event = heap.pop();
      EXPECT_EQ(event.at.time_since_epoch().count(), at);
      EXPECT_EQ(event.order, order);
    }
    EXPECT_TRUE(heap.empty());
  }
}

TEST(EventHeap, StaysInOrderWhenPushesAndPopsAlternate) {
  Rng rng(7);
  EventHeap heap;
  std::uint64_t order = 0;
  Time last{};
  for (int i = 0; i < 20'000; ++i) {
    if (heap.empty() || rng.chance({11, 20})) {
      const auto ahead = static_cast<std::int64_t>(rng.below(1000));
      heap.push({last + Duration(ahead), order++, nullptr, nullptr});
    } else {
      const Event event = heap.pop();
      EXPECT_GE(event.at, last);
      last = event.at;
    }
  }
}

}  // namespace
}  // namespace strata::sim::event_heap_test
