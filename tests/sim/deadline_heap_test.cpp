// SPDX-License-Identifier: Apache-2.0
#include "sim/deadline_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <utility>

#include "strata/rng.h"

namespace strata::sim::deadline_heap_test {
namespace {

TEST(DeadlineHeap, AgreesWithASortedMapWhateverIsSetMovedAndRemoved) {
  Rng rng(3);
  DeadlineHeap heap;
  std::map<std::uint32_t, std::pair<Time, std::uint64_t>> model;
  for (std::uint64_t order = 0; order < 20'000; ++order) {
    const auto index = static_cast<std::uint32_t>(rng.below(60));
    if (rng.chance({1, 3})) {
      heap.remove(index);
      model.erase(index);
    } else {
      const Time at(Duration(static_cast<std::int64_t>(rng.below(30))));
      heap.set(index, at, order);
      model[index] = {at, order};
      EXPECT_EQ(heap.at(index), at);
    }
    EXPECT_EQ(heap.contains(index), model.contains(index));
    ASSERT_EQ(heap.empty(), model.empty());
    if (model.empty()) continue;
    const auto least =
        std::ranges::min_element(model, {}, [](const auto& entry) { return entry.second; });
    EXPECT_EQ(heap.top().index, least->first);
    EXPECT_EQ(heap.top().at, least->second.first);
  }
}

TEST(DeadlineHeap, DoesNotKnowAnIndexThatWasNeverSet) {
  DeadlineHeap heap;
  EXPECT_FALSE(heap.contains(1000));
  heap.remove(1000);
  EXPECT_TRUE(heap.empty());
}

}  // namespace
}  // namespace strata::sim::deadline_heap_test
