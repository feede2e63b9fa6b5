// SPDX-License-Identifier: Apache-2.0
// BucketIndex: from a 32-bit hash to entries of a Slab, for tables of millions (Litwin, 1980).
//
//   directory  [ segment ] [ segment ] ...     64 buckets each, taken and given back one by one
//   bucket     { 15 slots | how many, next }   one cache line; the few that do not fit are chained
//   slot       { some bits of the hash | index }
//
// 1. Linear hashing: the table grows by one bucket at a time, which splits one other, and shrinks
//    by one. There is no second table and no pause: an insert moves the entries of one bucket at
//    the most, whatever the size.
// 2. A hash is not stored. Splitting asks for it again: hash_of(index).
// 3. A slot holds as many bits of the hash as the index leaves room for, so that same(index), which
//    touches the entry, is called for nearly nothing but the entry that is looked for.
// 4. Of a chain, only the last bucket is not full, but while one is split.
// 5. 5 to 8 entries stand in an average bucket: 9 bytes each once it has grown, overflow counted.
// The hash comes from a keyed function where strangers choose the keys (base/siphash.h). Unlike
// HashIndex it needs hash_of, and takes 4 KB for its first entry; above some thousands it is
// smaller, and each of its calls is short.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/index.h"
#include "base/slab.h"
#include "base/vector.h"
#include "strata/check.h"
#include "strata/memory.h"

namespace strata {

class BucketIndex {
 public:
  static constexpr std::uint32_t kIndicesMax = std::uint32_t{1} << 27U;

  // Entries' indices are below `indices_max`.
  BucketIndex(Memory& memory, std::uint32_t indices_max)
      : memory_(&memory),
        directory_(memory),
        overflow_(memory, kIndicesMax),
        index_mask_(indices_max < 2 ? 1U : std::bit_ceil(indices_max) - 1U) {
    STRATA_CHECK(indices_max <= kIndicesMax);
  }
  BucketIndex(const BucketIndex&) = delete;
  BucketIndex& operator=(const BucketIndex&) = delete;
  ~BucketIndex() { release(); }

  // The index under this hash for which same(index) holds, or kNoIndex.
  template <typename Same>
  [[nodiscard]] Index find(std::uint32_t hash, Same same) const {
    if (live_ == 0) return kNoIndex;
    const std::uint32_t tag = hash & ~index_mask_;
    for (const Bucket* bucket = &at(home(hash)); bucket != nullptr; bucket = next(*bucket)) {
      for (std::uint32_t i = 0; i < bucket->count; ++i) {
        const std::uint32_t slot = bucket->slots[i];
        if ((slot & ~index_mask_) != tag) continue;
        if (same(slot & index_mask_)) return slot & index_mask_;
      }
    }
    return kNoIndex;
  }

  // False when Memory has no more. The pair must not be there yet.
  template <typename HashOf>
  [[nodiscard]] bool insert(std::uint32_t hash, Index index, HashOf hash_of) {
    STRATA_CHECK(index <= index_mask_);
    if (live_ == 0 && !open_bucket()) return false;
    // Without memory to split into, chains grow instead.
    if (size_ >= std::uint64_t{live_} * kEntriesMax && open_bucket()) split(hash_of);
    if (!put(home(hash), (hash & ~index_mask_) | index)) {
      if (size_ == 0) release();
      return false;
    }
    ++size_;
    return true;
  }

  // False when the pair is not there.
  bool erase(std::uint32_t hash, Index index);

  // Forgets all pairs and gives everything back.
  void release();

  // Brings the bucket of a later find into the cache.
  void prefetch(std::uint32_t hash) const {
    if (live_ != 0) __builtin_prefetch(&at(home(hash)));
  }

  // What find() will look at first, without touching it: a guess to prefetch by.
  [[nodiscard]] Index likely(std::uint32_t hash) const {
    if (live_ == 0) return kNoIndex;
    const Bucket& bucket = at(home(hash));
    for (std::uint32_t i = 0; i < bucket.count; ++i) {
      if (((bucket.slots[i] ^ hash) & ~index_mask_) == 0) return bucket.slots[i] & index_mask_;
    }
    return kNoIndex;
  }

  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t bytes_used() const;

 private:
  static constexpr std::uint32_t kSlots = 15;
  static constexpr std::uint32_t kEntriesMax = 8;  // in an average bucket: then one splits
  static constexpr std::uint32_t kEntriesMin = 5;  // below it two become one
  static constexpr std::uint32_t kSegmentBuckets = 64;
  static constexpr std::uint32_t kNone = (std::uint32_t{1} << 28U) - 1;

  struct alignas(64) Bucket {
    std::array<std::uint32_t, kSlots> slots{};
    std::uint32_t count : 4 = 0;
    std::uint32_t next : 28 = kNone;  // in overflow_
  };
  static_assert(sizeof(Bucket) == 64);

  [[nodiscard]] Bucket& at(std::uint32_t bucket) const {
    return directory_.data()[bucket / kSegmentBuckets][bucket % kSegmentBuckets];
  }
  [[nodiscard]] const Bucket* next(const Bucket& bucket) const {
    return bucket.next == kNone ? nullptr : &overflow_[bucket.next];
  }
  [[nodiscard]] Bucket* next(const Bucket& bucket) {
    return bucket.next == kNone ? nullptr : &overflow_[bucket.next];
  }

  // Low bits choose the bucket, so that the high ones are news to the tag. Buckets that were split
  // in this round are told from their twins by one bit more.
  [[nodiscard]] std::uint32_t home(std::uint32_t hash) const {
    const std::uint32_t bucket = hash & (round_ - 1);
    return bucket < live_ - round_ ? hash & (2 * round_ - 1) : bucket;
  }

  // Shares out the entries of the bucket that the newest one is split from.
  template <typename HashOf>
  void split(HashOf hash_of) {
    const std::uint32_t to = live_ - 1;
    const std::uint32_t from = to - round_ / (live_ == round_ ? 2 : 1);
    const auto moves = [&](std::uint32_t slot) { return home(hash_of(slot & index_mask_)) == to; };
    std::uint32_t moving = 0;
    for (const Bucket* bucket = &at(from); bucket != nullptr; bucket = next(*bucket)) {
      for (std::uint32_t i = 0; i < bucket->count; ++i) moving += moves(bucket->slots[i]) ? 1 : 0;
    }
    if (!chain(at(to), moving)) return close_bucket();
    for (Bucket* bucket = &at(from); bucket != nullptr;) {
      for (std::uint32_t i = 0; i < bucket->count;) {
        if (!moves(bucket->slots[i])) {
          ++i;
          continue;
        }
        STRATA_CHECK(put(to, bucket->slots[i]));
        if (fill_hole(from, *bucket, i)) return;
      }
      bucket = next(*bucket);
    }
  }

  [[nodiscard]] bool open_bucket();
  void close_bucket();
  // Makes a chain of empty buckets behind an empty one, with room for so many entries in all.
  [[nodiscard]] bool chain(Bucket& first, std::uint32_t entries);
  [[nodiscard]] bool put(std::uint32_t home, std::uint32_t slot);
  // Moves the last entry of the chain there. True when `bucket` itself is gone with that.
  bool fill_hole(std::uint32_t home, Bucket& bucket, std::uint32_t slot);
  void merge();

  Memory* memory_;
  Vector<Bucket*> directory_;
  Slab<Bucket> overflow_;
  std::uint32_t index_mask_;
  std::uint32_t live_ = 0;   // buckets in use: round_ <= live_ < 2 * round_
  std::uint32_t round_ = 1;  // a power of two
  std::uint32_t size_ = 0;
};

}  // namespace strata
