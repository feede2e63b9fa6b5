// SPDX-License-Identifier: Apache-2.0
// The entries of a neighbour cache: found by a keyed hash, bounded, and shed in a fixed order.
//
// Every entry stands on one shelf, oldest first. When the table is full a new entry takes the
// place of the first that may go:
//
//   shelf        who                                          for our packet  for a stranger
//   kUnproven    told of itself, never used by us                   2               1
//   kFailed      did not answer                                     1               2
//   kIncomplete  asked, may still answer                            3               -
//   kResolved    has a link-layer address                           4               3
//   kRouter      a router that proved itself, up to routers_max     -               -
//   kPinned      static, or a configured router                     -               -
//
// 1. On kResolved, neighbours that proved themselves and were used lately get a second chance; a
//    bounded number of them is looked at for each new entry. Our own packets get room even then.
// 2. Strangers (entries made from their messages) never displace an address being resolved, so a
//    flood of them cannot keep us from finding the gateway.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/hash_index.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "neighbor/entry.h"
#include "strata/memory.h"

namespace strata::neighbor {

enum class Origin : std::uint8_t { kOurPacket, kStranger };

class Table {
 public:
  Table(Memory& memory, const SipKey& key, std::uint32_t entries_max, Duration protected_for);
  ~Table();

  [[nodiscard]] Entry* find(const IpAddress& address) {
    const Index index = index_.find(
        hash_of(address), [&](Index candidate) { return entries_[candidate].address == address; });
    return index == kNoIndex ? nullptr : &entries_[index];
  }
  [[nodiscard]] const Entry* find(const IpAddress& address) const {
    return const_cast<Table*>(this)->find(address);
  }

  // The entry most recently found through the slot of this address, or null: the fast path's
  // first guess.
  [[nodiscard]] Entry* recent(const IpAddress& address) const {
    return recent_[recent_slot(address)];
  }
  void remember(Entry& entry) { recent_[recent_slot(entry.address)] = &entry; }

  [[nodiscard]] bool full() const { return entries_.full(); }
  // What has to go to make room in a full table; null when nothing may.
  [[nodiscard]] Entry* victim(Origin origin, Time now);
  // A new entry on shelf kIncomplete; null when the table is full or memory is short.
  [[nodiscard]] Entry* insert(const IpAddress& address);
  // The entry must be on none of the cache's own lists.
  void erase(Entry& entry);

  void move_to(Entry& entry, Shelf shelf);
  [[nodiscard]] std::size_t size_of(Shelf name) const {
    return shelves_[static_cast<std::size_t>(name)].size();
  }

  // Visits all in index order; the visitor may erase the entry it is shown.
  template <typename Visit>
  void for_each(Visit visit) {
    for (Index i = entries_.next_used(0); i != kNoIndex; i = entries_.next_used(i + 1)) {
      visit(entries_[i]);
    }
  }
  template <typename Visit>
  void for_each(Visit visit) const {
    for (Index i = entries_.next_used(0); i != kNoIndex; i = entries_.next_used(i + 1)) {
      visit(entries_[i]);
    }
  }

  [[nodiscard]] std::uint32_t size() const { return entries_.size(); }

 private:
  static constexpr std::size_t kRecentSlots = 8;
  static constexpr int kSecondChancesMax = 8;
  using ShelfList = IntrusiveList<Entry, &Entry::shelf_link>;

  [[nodiscard]] static std::size_t recent_slot(const IpAddress& address) {
    return static_cast<std::size_t>(((address.low() ^ address.high()) * 0x9e37'79b9'7f4a'7c15) >>
                                    61U);
  }
  [[nodiscard]] std::uint32_t hash_of(const IpAddress& address) const {
    return static_cast<std::uint32_t>(hash_words(key_, {address.high(), address.low()}));
  }
  [[nodiscard]] ShelfList& shelf(Shelf name) { return shelves_[static_cast<std::size_t>(name)]; }
  [[nodiscard]] Entry* idle_resolved(Time now);

  SipKey key_;
  Duration protected_for_;
  Slab<Entry> entries_;
  HashIndex index_;
  std::array<ShelfList, kShelfCount> shelves_{};
  std::array<Entry*, kRecentSlots> recent_{};
};

}  // namespace strata::neighbor
