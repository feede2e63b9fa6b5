// SPDX-License-Identifier: Apache-2.0
#include "tcp/receive/sack_history.h"

#include <algorithm>

namespace strata::tcp {
namespace {

// The interval that holds `place`; null when none does.
const Interval* find(const IntervalSet& covered, std::uint64_t place) {
  const Interval* after = std::ranges::upper_bound(covered, place, {}, &Interval::begin);
  if (after == covered.begin() || (after - 1)->end <= place) return nullptr;
  return after - 1;
}

}  // namespace

void SackHistory::on_arrival(std::uint64_t place) {
  std::uint64_t* const end = places_.data() + size_;
  std::uint64_t* known = std::find(places_.data(), end, place);
  if (known == end) {
    if (size_ < kPlacesMax) ++size_;
    known = places_.data() + size_ - 1;
  }
  std::move_backward(places_.data(), known, known + 1);
  places_[0] = place;
}

wire::TcpSackBlocks SackHistory::blocks(const IntervalSet& covered, const SequenceOrigin& origin,
                                        std::uint64_t trigger, SequenceRange duplicate,
                                        std::size_t blocks_max) const {
  wire::TcpSackBlocks blocks;
  if (!duplicate.empty() && blocks.size() < blocks_max) {
    blocks.push_back({duplicate.begin.value(), duplicate.end.value()});
  }
  std::array<const Interval*, kPlacesMax + 1> told{};
  std::size_t count = 0;
  const auto tell = [&](const Interval* interval) {
    if (interval == nullptr || blocks.size() == blocks_max) return;
    if (std::find(told.begin(), told.begin() + count, interval) != told.begin() + count) return;
    told[count++] = interval;
    blocks.push_back(
        {origin.sequence_of(interval->begin).value(), origin.sequence_of(interval->end).value()});
  };
  tell(find(covered, trigger));
  for (std::size_t i = 0; i < size_; ++i) tell(find(covered, places_[i]));
  // What was reported so long ago that its place is forgotten, as far as there is room.
  for (const Interval* interval = covered.begin();
       interval != covered.end() && count < told.size() && blocks.size() < blocks_max; ++interval) {
    tell(interval);
  }
  return blocks;
}

}  // namespace strata::tcp
