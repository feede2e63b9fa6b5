// SPDX-License-Identifier: Apache-2.0
#include "base/hash_index.h"

#include <algorithm>
#include <utility>

#include "strata/check.h"

namespace strata {

HashIndex::~HashIndex() { release(); }

bool HashIndex::insert(std::uint32_t hash, Index index) {
  STRATA_CHECK(index < kGone);
  if (!start_if_absent()) return false;
  step();
  // Only after Memory had no more for a while does a larger table come late.
  while (is_full() && phase_ == Phase::kPreparing) step();
  if (is_full()) return false;
  put(main_, {hash, index});
  ++size_;
  return true;
}

bool HashIndex::erase(std::uint32_t hash, Index index) {
  if (main_.slots == nullptr) return false;
  if (Slot* const slot = slot_of(main_, hash, index); slot != nullptr) {
    close_gap(main_, static_cast<std::uint32_t>(slot - main_.slots));
  } else {
    if (phase_ != Phase::kDraining) return false;
    Slot* const draining = slot_of(other_, hash, index);
    if (draining == nullptr) return false;
    draining->index = kGone;
  }
  --size_;
  if (size_ == 0 && capacity_reserved_ == 0) {
    release();
  } else {
    step();
  }
  return true;
}

bool HashIndex::try_reserve(std::uint32_t entries) {
  if (entries > kCapacityMax / 8 * 5) return false;
  std::uint32_t capacity = kCapacityMin;
  while (capacity / 8 * 5 < entries) capacity *= 2;
  if (capacity > main_.capacity()) {
    Table table;
    if (!allocate(table, capacity)) return false;
    clear_slots(table, 0, capacity);
    while (phase_ != Phase::kSteady) step();
    for (std::uint32_t at = 0; at < main_.capacity(); ++at) {
      if (main_.slots[at].index != kNoIndex) put(table, main_.slots[at]);
    }
    release(main_);
    main_ = table;
  }
  capacity_reserved_ = std::max(capacity_reserved_, capacity);
  return true;
}

void HashIndex::release() {
  release(main_);
  release(other_);
  size_ = cursor_ = capacity_reserved_ = 0;
  phase_ = Phase::kSteady;
}

std::size_t HashIndex::bytes_used() const {
  return (std::size_t{main_.capacity()} + other_.capacity()) * sizeof(Slot);
}

HashIndex::Slot* HashIndex::slot_of(const Table& table, std::uint32_t hash, Index index) {
  for (std::uint32_t at = table.home(hash);; at = (at + 1) & table.mask) {
    Slot& slot = table.slots[at];
    if (slot.index == kNoIndex) return nullptr;
    if (slot.index == index && slot.hash == hash) return &slot;
  }
}

void HashIndex::put(const Table& table, Slot slot) {
  std::uint32_t at = table.home(slot.hash);
  while (table.slots[at].index != kNoIndex) at = (at + 1) & table.mask;
  table.slots[at] = slot;
}

// Moves back every later slot of the run that may stand at the gap, so that no search has to pass
// over a hole (Knuth, volume 3, 6.4, algorithm R).
void HashIndex::close_gap(const Table& table, std::uint32_t gap) {
  for (std::uint32_t at = (gap + 1) & table.mask; table.slots[at].index != kNoIndex;
       at = (at + 1) & table.mask) {
    const std::uint32_t from_home = (at - table.home(table.slots[at].hash)) & table.mask;
    if (from_home < ((at - gap) & table.mask)) continue;
    table.slots[gap] = table.slots[at];
    gap = at;
  }
  table.slots[gap].index = kNoIndex;
}

void HashIndex::clear_slots(const Table& table, std::uint32_t begin, std::uint32_t end) {
  std::fill(table.slots + begin, table.slots + end, Slot{0, kNoIndex});
}

bool HashIndex::allocate(Table& table, std::uint32_t capacity) {
  constexpr std::size_t kCacheLine = 64;
  void* const block = memory_->allocate(capacity * sizeof(Slot), kCacheLine);
  if (block == nullptr) return false;
  table = {static_cast<Slot*>(block), capacity - 1,
           32U - static_cast<std::uint32_t>(std::countr_zero(capacity))};
  return true;
}

void HashIndex::release(Table& table) {
  constexpr std::size_t kCacheLine = 64;
  if (table.slots != nullptr) {
    memory_->release(table.slots, table.capacity() * sizeof(Slot), kCacheLine);
  }
  table = {};
}

bool HashIndex::start_if_absent() {
  if (main_.slots != nullptr) return true;
  if (!allocate(main_, kCapacityMin)) return false;
  clear_slots(main_, 0, kCapacityMin);
  return true;
}

// Growing starts at 5/8 and doubles: clearing 2n slots takes n/16 changes and emptying n about as
// many, so the load of either table stays under 3/4. Shrinking starts at 1/8 and halves; its scan
// meets few pairs and ends before 1/16, where the next one starts. When Memory has no more, the
// next change tries again.
void HashIndex::start_resize() {
  const std::uint32_t capacity = main_.capacity();
  std::uint32_t wanted = capacity;
  if (size_ >= capacity / 8 * 5 && capacity < kCapacityMax) {
    wanted = capacity * 2;
  } else if (size_ < capacity / 8 && capacity > std::max(kCapacityMin, capacity_reserved_)) {
    wanted = capacity / 2;
  }
  if (wanted == capacity || !allocate(other_, wanted)) return;
  phase_ = Phase::kPreparing;
  cursor_ = 0;
}

void HashIndex::step() {
  switch (phase_) {
    case Phase::kSteady: return start_resize();
    case Phase::kPreparing: return clear_some();
    case Phase::kDraining: return move_some();
  }
}

void HashIndex::clear_some() {
  const std::uint32_t end = std::min(cursor_ + kClearedPerStep, other_.capacity());
  clear_slots(other_, cursor_, end);
  cursor_ = end;
  if (end < other_.capacity()) return;
  std::swap(main_, other_);
  phase_ = Phase::kDraining;
  cursor_ = 0;
}

void HashIndex::move_some() {
  const std::uint32_t end = std::min(cursor_ + kScannedPerStep, other_.capacity());
  for (std::uint32_t moved = 0; cursor_ < end && moved < kMovedPerStep; ++cursor_) {
    Slot& slot = other_.slots[cursor_];
    if (slot.index >= kGone) continue;
    put(main_, slot);
    slot.index = kGone;
    ++moved;
  }
  if (cursor_ < other_.capacity()) return;
  release(other_);
  phase_ = Phase::kSteady;
}

}  // namespace strata
