// SPDX-License-Identifier: Apache-2.0
#include "multicast/source_list.h"

#include <algorithm>

namespace strata::multicast {

bool SourceList::contains(const IpAddress& source) const {
  return std::ranges::binary_search(sources_, source);
}

bool SourceList::try_add(const IpAddress& source) {
  const auto* const at = std::ranges::lower_bound(sources_, source);
  if (at != sources_.end() && *at == source) return true;
  return sources_.try_insert_at(static_cast<std::size_t>(at - sources_.begin()), source);
}

bool SourceList::remove(const IpAddress& source) {
  const auto* const at = std::ranges::lower_bound(sources_, source);
  if (at == sources_.end() || *at != source) return false;
  sources_.erase_at(static_cast<std::size_t>(at - sources_.begin()));
  return true;
}

bool SourceList::try_assign(std::span<const IpAddress> sources) {
  if (!sources_.try_reserve(sources.size())) return false;
  sources_.clear();
  for (const IpAddress& source : sources) (void)sources_.try_push_back(source);
  std::ranges::sort(sources_);
  const auto repeated = std::ranges::unique(sources_);
  sources_.erase_range(static_cast<std::size_t>(repeated.begin() - sources_.begin()),
                       sources_.size());
  return true;
}

bool SourceList::try_unite(const SourceList& other) {
  if (!sources_.try_reserve(size() + other.size())) return false;
  for (const IpAddress& source : other.sources_) (void)sources_.try_push_back(source);
  // Sorting, since std::inplace_merge asks the system for memory.
  std::ranges::sort(sources_);
  const auto repeated = std::ranges::unique(sources_);
  sources_.erase_range(static_cast<std::size_t>(repeated.begin() - sources_.begin()), size());
  return true;
}

void SourceList::subtract(const SourceList& other) {
  keep_if([&](const IpAddress& source) { return !other.contains(source); });
}

void SourceList::intersect(const SourceList& other) {
  keep_if([&](const IpAddress& source) { return other.contains(source); });
}

bool operator==(const SourceList& a, const SourceList& b) {
  return std::ranges::equal(a.sources_, b.sources_);
}

}  // namespace strata::multicast
