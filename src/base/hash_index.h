// SPDX-License-Identifier: Apache-2.0
// HashIndex: from a 32-bit hash to the index of an entry that lives elsewhere (in a Slab).
//
//   main   [ hash index | empty | hash index | ... ]   open addressing, linear probing
//   other  the table that grows into place (kPreparing) or is being emptied (kDraining)
//
// 1. At most 3/4 of the slots of a table are taken; an erase closes the gap, so main has no
//    tombstones and a miss stays short. Only the draining table marks what has left it.
// 2. No call does more than a few cache lines of upkeep: a larger or smaller table is cleared
//    kClearedPerStep slots per change and then filled with kMovedPerStep pairs per change. The
//    figures make it ready before the old one is full.
// 3. An empty index owns no memory (unless try_reserve asked for it).
// The hash comes from a keyed function where strangers choose the keys (base/siphash.h).
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/index.h"
#include "strata/memory.h"

namespace strata {

class HashIndex {
 public:
  explicit HashIndex(Memory& memory) : memory_(&memory) {}
  HashIndex(const HashIndex&) = delete;
  HashIndex& operator=(const HashIndex&) = delete;
  ~HashIndex();

  // The index under this hash for which same(index) holds, or kNoIndex.
  template <typename Same>
  [[nodiscard]] Index find(std::uint32_t hash, Same same) const {
    if (main_.slots == nullptr) return kNoIndex;
    const Index index = find_in(main_, hash, same);
    if (index != kNoIndex || phase_ != Phase::kDraining) return index;
    return find_in(other_, hash, same);
  }

  // Calls visit(index) for every index under this hash.
  template <typename Visit>
  void for_each(std::uint32_t hash, Visit visit) const {
    (void)find(hash, [&](Index index) {
      visit(index);
      return false;
    });
  }

  // False when Memory has no more. The pair must not be there yet; several indices may share a
  // hash. The two highest values of Index are not entries.
  [[nodiscard]] bool insert(std::uint32_t hash, Index index);

  // False when the pair is not there.
  bool erase(std::uint32_t hash, Index index);

  // Room for `entries` without any later allocation, kept until release().
  [[nodiscard]] bool try_reserve(std::uint32_t entries);

  // Forgets all pairs and gives everything back.
  void release();

  // Brings the slot of a later find into the cache.
  void prefetch(std::uint32_t hash) const {
    if (main_.slots != nullptr) __builtin_prefetch(main_.slots + main_.home(hash));
    if (phase_ == Phase::kDraining) __builtin_prefetch(other_.slots + other_.home(hash));
  }

  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t bytes_used() const;

 private:
  static constexpr Index kGone = kNoIndex - 1;  // has left the draining table
  static constexpr std::uint32_t kCapacityMin = 16;
  static constexpr std::uint32_t kClearedPerStep = 32;
  static constexpr std::uint32_t kScannedPerStep = 64;
  static constexpr std::uint32_t kMovedPerStep = 12;

  enum class Phase : std::uint8_t { kSteady, kPreparing, kDraining };

  struct Slot {
    std::uint32_t hash;
    Index index;
  };
  // What 32 bits can name, and the address space can hold.
  static constexpr std::uint32_t kCapacityMax = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(std::uint64_t{1} << 31U, std::bit_floor(SIZE_MAX / sizeof(Slot))));

  struct Table {
    Slot* slots = nullptr;
    std::uint32_t mask = 0;
    std::uint32_t shift = 0;  // 32 - log2(capacity)

    // Multiplying spreads a weak hash; the high bits of the product are the mixed ones.
    [[nodiscard]] std::uint32_t home(std::uint32_t hash) const {
      return (hash * 0x9e37'79b1U) >> shift;
    }
    [[nodiscard]] std::uint32_t capacity() const { return slots == nullptr ? 0 : mask + 1; }
  };

  template <typename Same>
  [[nodiscard]] static Index find_in(const Table& table, std::uint32_t hash, Same& same) {
    for (std::uint32_t at = table.home(hash);; at = (at + 1) & table.mask) {
      const Slot slot = table.slots[at];
      if (slot.index == kNoIndex) return kNoIndex;
      if (slot.hash == hash && slot.index != kGone && same(slot.index)) return slot.index;
    }
  }

  [[nodiscard]] static Slot* slot_of(const Table& table, std::uint32_t hash, Index index);
  static void put(const Table& table, Slot slot);
  static void close_gap(const Table& table, std::uint32_t gap);
  static void clear_slots(const Table& table, std::uint32_t begin, std::uint32_t end);
  [[nodiscard]] bool allocate(Table& table, std::uint32_t capacity);
  void release(Table& table);
  [[nodiscard]] bool start_if_absent();
  [[nodiscard]] bool is_full() const { return size_ >= main_.capacity() / 4 * 3; }
  void start_resize();
  void step();
  void clear_some();
  void move_some();

  Memory* memory_;
  Table main_;
  Table other_;
  std::uint32_t size_ = 0;
  std::uint32_t cursor_ = 0;  // how far other_ is cleared or emptied
  std::uint32_t capacity_reserved_ = 0;
  Phase phase_ = Phase::kSteady;
};

}  // namespace strata
