// SPDX-License-Identifier: Apache-2.0
#include "stack/drop_watch.h"

#include <algorithm>

namespace strata::stack {

bool DropWatchers::add(DropWatcher& watcher) {
  if (count_ == kMax) return false;
  watchers_[count_++] = &watcher;
  return true;
}

void DropWatchers::remove(DropWatcher& watcher) {
  const auto end = watchers_.begin() + static_cast<std::ptrdiff_t>(count_);
  count_ =
      static_cast<std::size_t>(std::remove(watchers_.begin(), end, &watcher) - watchers_.begin());
}

void DropWatchers::tell(const PacketKey& packet, DropReason reason) const {
  for (std::size_t i = 0; i < count_; ++i) watchers_[i]->on_drop(packet, reason);
}

void DropWatchers::tell_copy(const PacketKey& from, const PacketKey& to) const {
  for (std::size_t i = 0; i < count_; ++i) watchers_[i]->on_copy(from, to);
}

void DropWatchers::end_step(Time now) const {
  for (std::size_t i = 0; i < count_; ++i) watchers_[i]->on_step_end(now);
}

}  // namespace strata::stack
