// SPDX-License-Identifier: Apache-2.0
#include "neighbor/entry.h"

#include <gtest/gtest.h>

#include <set>

namespace strata::neighbor::entry_test {
namespace {

TEST(NeighborEntry, HasALinkLayerAddressInAllStatesButTwo) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kStateCount; ++i) {
    Entry entry;
    entry.state = static_cast<State>(i);
    EXPECT_EQ(entry.has_mac(), entry.state != State::kIncomplete && entry.state != State::kFailed);
    names.insert(to_text(entry.state));
  }
  EXPECT_EQ(names.size(), kStateCount);
}

TEST(NeighborEntry, IsSmallEnoughForATableOfThousands) { EXPECT_LE(sizeof(Entry), 192U); }

}  // namespace
}  // namespace strata::neighbor::entry_test
