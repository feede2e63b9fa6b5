// SPDX-License-Identifier: Apache-2.0
// HandleTable: a Slab whose entries are named by handles that know when they are stale.
//
// Each entry gets a generation that no other entry of the table gets for the next four billion
// creations; it does not depend on the slot, so that it survives a chunk's return to Memory.
#pragma once

#include <compare>
#include <cstdint>
#include <utility>

#include "base/index.h"
#include "base/slab.h"

namespace strata {

struct Handle {
  Index index = kNoIndex;
  std::uint32_t generation = 0;

  [[nodiscard]] explicit constexpr operator bool() const { return index != kNoIndex; }
  friend constexpr auto operator<=>(const Handle&, const Handle&) = default;
};

template <typename T>
class HandleTable {
 public:
  HandleTable(Memory& memory, std::uint32_t entries_max) : slab_(memory, entries_max) {}

  // A false handle when the table is full or Memory has no more.
  template <typename... Args>
  [[nodiscard]] Handle try_create(Args&&... args) {
    const std::uint32_t generation = generation_ + 1 == 0 ? 1 : generation_ + 1;
    const Index index = slab_.try_create(generation, std::forward<Args>(args)...);
    if (index == kNoIndex) return {};
    generation_ = generation;
    return {index, generation};
  }

  // Null when the entry is gone, whoever lives in its place now.
  [[nodiscard]] T* find(Handle handle) { return const_cast<T*>(std::as_const(*this).find(handle)); }
  [[nodiscard]] const T* find(Handle handle) const {
    const Entry* const entry = slab_.find(handle.index);
    return entry != nullptr && entry->generation == handle.generation ? &entry->value : nullptr;
  }

  // Whoever lives in that place now; null when nobody does.
  [[nodiscard]] T* find(Index index) {
    Entry* const entry = slab_.find(index);
    return entry == nullptr ? nullptr : &entry->value;
  }

  // For callers that hold an index they know to be alive.
  [[nodiscard]] T& operator[](Index index) { return slab_[index].value; }
  [[nodiscard]] const T& operator[](Index index) const { return slab_[index].value; }
  // Brings an entry that is about to be used, without touching it.
  void prefetch(Index index) const { slab_.prefetch(index); }
  [[nodiscard]] Handle handle_of(Index index) const { return {index, slab_[index].generation}; }

  // False when the handle was stale.
  bool destroy(Handle handle) {
    if (find(handle) == nullptr) return false;
    slab_.destroy(handle.index);
    return true;
  }

  void clear() { slab_.clear(); }

  // In index order, as Slab::next_used.
  [[nodiscard]] Index next_used(Index from) const { return slab_.next_used(from); }

  [[nodiscard]] std::uint32_t size() const { return slab_.size(); }
  [[nodiscard]] bool empty() const { return slab_.empty(); }
  [[nodiscard]] bool full() const { return slab_.full(); }
  [[nodiscard]] std::uint32_t capacity_max() const { return slab_.capacity_max(); }
  [[nodiscard]] std::size_t bytes_used() const { return slab_.bytes_used(); }

 private:
  struct Entry {
    template <typename... Args>
    explicit Entry(std::uint32_t entry_generation, Args&&... args)
        : generation(entry_generation), value(std::forward<Args>(args)...) {}

    std::uint32_t generation;
    T value;
  };

  Slab<Entry> slab_;
  std::uint32_t generation_ = 0;
};

}  // namespace strata
