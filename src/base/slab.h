// SPDX-License-Identifier: Apache-2.0
// Slab: where the entries of a bounded table live, named by 32-bit indices.
//
//   directory:  [ chunk 0 ] [ null ] [ chunk 2 ] ...      index = chunk number * entries + slot
//                    |                    |
//                { used bits, entries } { used bits, entries }
//
// 1. An entry stays where it was created until it is destroyed: pointers and indices are stable.
// 2. Memory follows use: a chunk without entries goes back (one is kept while others have entries,
//    so that a table that breathes around a chunk's edge does not allocate each time), and an
//    empty slab owns nothing.
// 3. Equal histories give equal indices.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "base/index.h"
#include "base/vector.h"
#include "strata/check.h"
#include "strata/memory.h"

namespace strata {

template <typename T>
class Slab {
 public:
  Slab(Memory& memory, std::uint32_t entries_max) : directory_(memory), entries_max_(entries_max) {
    STRATA_CHECK(entries_max < kNoIndex);
  }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  ~Slab() { clear(); }

  // kNoIndex when the slab is full or Memory has no more.
  template <typename... Args>
  [[nodiscard]] Index try_create(Args&&... args) {
    if (size_ == entries_max_) return kNoIndex;
    if (open_first_ == kNoIndex && !open_chunk()) return kNoIndex;
    const Index number = open_first_;
    Chunk& chunk = *directory_[number];
    const auto slot = static_cast<Index>(std::countr_one(chunk.used));
    std::construct_at(chunk.entry(slot), std::forward<Args>(args)...);
    if (chunk.used == 0 && spare_ == number) spare_ = kNoIndex;
    chunk.used |= std::uint64_t{1} << slot;
    if (chunk.used == full_mask(number)) unlink_open(number);
    ++size_;
    return number * kChunkEntries + slot;
  }

  // Naming an entry that is not there is a bug, and stops the program.
  [[nodiscard]] T& operator[](Index index) { return *checked(index); }
  [[nodiscard]] const T& operator[](Index index) const { return *checked(index); }

  // Null when there is no such entry.
  [[nodiscard]] T* find(Index index) { return const_cast<T*>(std::as_const(*this).find(index)); }
  [[nodiscard]] const T* find(Index index) const {
    const Index number = index / kChunkEntries;
    if (number >= directory_.size()) return nullptr;
    const Chunk* const chunk = directory_.data()[number];
    const Index slot = index % kChunkEntries;
    if (chunk == nullptr || (chunk->used >> slot & 1U) == 0) return nullptr;
    return chunk->entry(slot);
  }

  // Brings an entry that is about to be used, without touching it.
  void prefetch(Index index) const {
    const Index number = index / kChunkEntries;
    if (number >= directory_.size() || directory_.data()[number] == nullptr) return;
    const Chunk* const chunk = directory_.data()[number];
    __builtin_prefetch(&chunk->used);
    const auto* const entry =
        reinterpret_cast<const std::byte*>(chunk->entry(index % kChunkEntries));
    for (std::size_t at = 0; at < sizeof(T); at += kCacheLine) __builtin_prefetch(entry + at);
  }

  void destroy(Index index) {
    T* const entry = checked(index);
    const Index number = index / kChunkEntries;
    Chunk& chunk = *directory_[number];
    std::destroy_at(entry);
    if (chunk.used == full_mask(number)) link_open(number);
    chunk.used &= ~(std::uint64_t{1} << (index % kChunkEntries));
    --size_;
    if (size_ == 0) return release_chunks();
    if (chunk.used != 0) return;
    if (spare_ != kNoIndex) release_chunk(spare_);
    spare_ = number;
  }

  void clear() {
    for (Index i = next_used(0); i != kNoIndex; i = next_used(i + 1)) {
      std::destroy_at(directory_[i / kChunkEntries]->entry(i % kChunkEntries));
    }
    size_ = 0;
    release_chunks();
  }

  // The first entry at or after `from`, or kNoIndex: for (i = next_used(0); i != kNoIndex;
  // i = next_used(i + 1)) visits all in index order, and may destroy the entry it stands on.
  [[nodiscard]] Index next_used(Index from) const {
    std::uint64_t mask = ~std::uint64_t{0} << (from % kChunkEntries);
    for (Index number = from / kChunkEntries; number < directory_.size(); ++number) {
      const Chunk* const chunk = directory_.data()[number];
      const std::uint64_t used = chunk == nullptr ? 0 : chunk->used & mask;
      if (used != 0) return number * kChunkEntries + static_cast<Index>(std::countr_zero(used));
      mask = ~std::uint64_t{0};
    }
    return kNoIndex;
  }

  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] bool full() const { return size_ == entries_max_; }
  [[nodiscard]] std::uint32_t capacity_max() const { return entries_max_; }
  // What the slab holds of Memory now.
  [[nodiscard]] std::size_t bytes_used() const {
    return chunk_bytes_ + directory_.capacity() * sizeof(Chunk*);
  }

 private:
  static constexpr std::size_t kChunkBytesAim = 2048;
  static constexpr std::size_t kCacheLine = 64;
  // One word of used bits tells all of a chunk.
  static constexpr Index kChunkEntries = static_cast<Index>(
      std::clamp<std::size_t>(std::bit_floor(kChunkBytesAim / sizeof(T)), 1, 64));

  struct Chunk {
    std::uint64_t used = 0;
    Index open_previous = kNoIndex;  // chunks with free slots are on a list
    Index open_next = kNoIndex;

    static constexpr std::size_t kEntriesOffset =
        (sizeof(std::uint64_t) + 2 * sizeof(Index) + alignof(T) - 1) / alignof(T) * alignof(T);

    [[nodiscard]] T* entry(Index slot) {
      return reinterpret_cast<T*>(reinterpret_cast<std::byte*>(this) + kEntriesOffset) + slot;
    }
    [[nodiscard]] const T* entry(Index slot) const { return const_cast<Chunk*>(this)->entry(slot); }
  };
  static_assert(sizeof(Chunk) <= Chunk::kEntriesOffset);
  static constexpr std::size_t kChunkAlignment = std::max(alignof(Chunk), alignof(T));

  // The last chunk holds what is left of entries_max, so that small tables stay small.
  [[nodiscard]] Index entries_in(Index number) const {
    return std::min(kChunkEntries, entries_max_ - number * kChunkEntries);
  }
  [[nodiscard]] std::uint64_t full_mask(Index number) const {
    return ~std::uint64_t{0} >> ((64 - entries_in(number)) % 64);  // of 1 to 64 entries
  }
  [[nodiscard]] std::size_t bytes_in(Index number) const {
    return Chunk::kEntriesOffset + entries_in(number) * sizeof(T);
  }

  [[nodiscard]] T* checked(Index index) const {
    const T* const entry = find(index);
    STRATA_CHECK(entry != nullptr);
    return const_cast<T*>(entry);
  }

  [[nodiscard]] bool open_chunk() {
    while (vacant_hint_ < directory_.size() && directory_[vacant_hint_] != nullptr) ++vacant_hint_;
    const Index number = vacant_hint_;
    if (number == directory_.size() && !directory_.try_push_back(nullptr)) return false;
    void* const block = memory().allocate(bytes_in(number), kChunkAlignment);
    if (block == nullptr) {
      if (size_ == 0) directory_.release();
      return false;
    }
    directory_[number] = ::new (block) Chunk;
    chunk_bytes_ += bytes_in(number);
    link_open(number);
    return true;
  }

  void release_chunk(Index number) {
    unlink_open(number);
    memory().release(directory_[number], bytes_in(number), kChunkAlignment);
    chunk_bytes_ -= bytes_in(number);
    directory_[number] = nullptr;
    vacant_hint_ = std::min(vacant_hint_, number);
  }

  void release_chunks() {
    for (Index number = 0; number < directory_.size(); ++number) {
      if (directory_[number] == nullptr) continue;
      memory().release(directory_[number], bytes_in(number), kChunkAlignment);
    }
    directory_.release();
    chunk_bytes_ = 0;
    open_first_ = open_last_ = spare_ = kNoIndex;
    vacant_hint_ = 0;
  }

  // Chunks that become open go last: those that were open before fill up first.
  void link_open(Index number) {
    Chunk& chunk = *directory_[number];
    chunk.open_previous = open_last_;
    chunk.open_next = kNoIndex;
    (open_last_ == kNoIndex ? open_first_ : directory_[open_last_]->open_next) = number;
    open_last_ = number;
  }

  void unlink_open(Index number) {
    Chunk& chunk = *directory_[number];
    const Index before = chunk.open_previous;
    const Index after = chunk.open_next;
    (before == kNoIndex ? open_first_ : directory_[before]->open_next) = after;
    (after == kNoIndex ? open_last_ : directory_[after]->open_previous) = before;
  }

  [[nodiscard]] Memory& memory() const { return directory_.memory(); }

  Vector<Chunk*> directory_;
  std::size_t chunk_bytes_ = 0;
  std::uint32_t entries_max_;
  std::uint32_t size_ = 0;
  Index open_first_ = kNoIndex;
  Index open_last_ = kNoIndex;
  Index spare_ = kNoIndex;  // the one chunk without entries that is kept
  Index vacant_hint_ = 0;   // no chunk number below it is vacant
};

}  // namespace strata
