// SPDX-License-Identifier: Apache-2.0
#include "neighbor/table.h"

namespace strata::neighbor {

Table::Table(Memory& memory, const SipKey& key, std::uint32_t entries_max, Duration protected_for)
    : key_(key), protected_for_(protected_for), entries_(memory, entries_max), index_(memory) {}

Table::~Table() {
  for_each([this](Entry& entry) { erase(entry); });
}

Entry* Table::insert(const IpAddress& address) {
  const Index index = entries_.try_create();
  if (index == kNoIndex) return nullptr;
  if (!index_.insert(hash_of(address), index)) {
    entries_.destroy(index);
    return nullptr;
  }
  Entry& entry = entries_[index];
  entry.address = address;
  entry.index = index;
  shelf(entry.shelf).push_back(entry);
  return &entry;
}

void Table::erase(Entry& entry) {
  Entry*& recent_entry = recent_[recent_slot(entry.address)];
  if (recent_entry == &entry) recent_entry = nullptr;
  shelf(entry.shelf).erase(entry);
  index_.erase(hash_of(entry.address), entry.index);
  entries_.destroy(entry.index);
}

void Table::move_to(Entry& entry, Shelf name) {
  if (entry.shelf == name) return;
  shelf(entry.shelf).erase(entry);
  entry.shelf = name;
  shelf(name).push_back(entry);
}

Entry* Table::victim(Origin origin, Time now) {
  Entry* const unproven = shelf(Shelf::kUnproven).front();
  Entry* const failed = shelf(Shelf::kFailed).front();
  if (origin == Origin::kStranger) {
    if (unproven != nullptr) return unproven;
    if (failed != nullptr) return failed;
    return idle_resolved(now);
  }
  if (failed != nullptr) return failed;
  if (unproven != nullptr) return unproven;
  if (Entry* const incomplete = shelf(Shelf::kIncomplete).front()) return incomplete;
  if (Entry* const idle = idle_resolved(now)) return idle;
  return shelf(Shelf::kResolved).front();
}

// Neighbours in use move to the back, so that the next search goes on behind them.
Entry* Table::idle_resolved(Time now) {
  ShelfList& resolved = shelf(Shelf::kResolved);
  for (int looked_at = 0; looked_at < kSecondChancesMax; ++looked_at) {
    Entry* const oldest = resolved.front();
    if (oldest == nullptr) return nullptr;
    if (!oldest->is_proven || oldest->last_used + protected_for_ <= now) return oldest;
    resolved.move_to_back(*oldest);
  }
  return nullptr;
}

}  // namespace strata::neighbor
