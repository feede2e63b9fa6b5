// SPDX-License-Identifier: Apache-2.0
#include "base/bucket_index.h"

#include <memory>

namespace strata {

std::size_t BucketIndex::bytes_used() const {
  return directory_.capacity() * sizeof(Bucket*) +
         directory_.size() * kSegmentBuckets * sizeof(Bucket) + overflow_.bytes_used();
}

bool BucketIndex::erase(std::uint32_t hash, Index index) {
  if (live_ == 0) return false;
  const std::uint32_t wanted = (hash & ~index_mask_) | index;
  const std::uint32_t from = home(hash);
  for (Bucket* bucket = &at(from); bucket != nullptr; bucket = next(*bucket)) {
    for (std::uint32_t i = 0; i < bucket->count; ++i) {
      if (bucket->slots[i] != wanted) continue;
      fill_hole(from, *bucket, i);
      --size_;
      if (size_ == 0) {
        release();
      } else if (live_ > 1 && size_ < live_ * kEntriesMin) {
        merge();
      }
      return true;
    }
  }
  return false;
}

void BucketIndex::release() {
  constexpr std::size_t kSegmentBytes = kSegmentBuckets * sizeof(Bucket);
  for (Bucket* const segment : directory_) {
    memory_->release(segment, kSegmentBytes, alignof(Bucket));
  }
  directory_.release();
  overflow_.clear();
  live_ = size_ = 0;
  round_ = 1;
}

bool BucketIndex::open_bucket() {
  if (live_ == kIndicesMax) return false;
  if (live_ == directory_.size() * kSegmentBuckets) {
    void* const block = memory_->allocate(kSegmentBuckets * sizeof(Bucket), alignof(Bucket));
    if (block == nullptr) return false;
    if (!directory_.try_push_back(static_cast<Bucket*>(block))) {
      memory_->release(block, kSegmentBuckets * sizeof(Bucket), alignof(Bucket));
      return false;
    }
  }
  std::construct_at(&at(live_));
  if (++live_ == 2 * round_) round_ = live_;
  return true;
}

// One empty segment is kept, for a table that breathes around an edge.
void BucketIndex::close_bucket() {
  if (live_ == round_) round_ /= 2;
  --live_;
  if (directory_.size() * kSegmentBuckets < live_ + 2 * kSegmentBuckets) return;
  memory_->release(directory_.back(), kSegmentBuckets * sizeof(Bucket), alignof(Bucket));
  directory_.pop_back();
}

bool BucketIndex::chain(Bucket& first, std::uint32_t entries) {
  for (std::uint32_t room = kSlots; room < entries; room += kSlots) {
    const Index more = overflow_.try_create();
    if (more == kNoIndex) {
      while (Bucket* const bucket = next(first)) {
        const Index gone = first.next;
        first.next = bucket->next;
        overflow_.destroy(gone);
      }
      return false;
    }
    overflow_[more].next = first.next;
    first.next = more & kNone;
  }
  return true;
}

bool BucketIndex::put(std::uint32_t home, std::uint32_t slot) {
  Bucket* bucket = &at(home);
  while (bucket->count == kSlots && bucket->next != kNone) bucket = next(*bucket);
  if (bucket->count == kSlots) {
    const Index more = overflow_.try_create();
    if (more == kNoIndex) return false;
    bucket->next = more & kNone;
    bucket = &overflow_[more];
  }
  bucket->slots[bucket->count] = slot;
  bucket->count = (bucket->count + 1U) & 0xfU;
  return true;
}

bool BucketIndex::fill_hole(std::uint32_t home, Bucket& bucket, std::uint32_t slot) {
  Bucket* before = nullptr;
  Bucket* last = &at(home);
  while (Bucket* const after = next(*last)) {
    before = last;
    last = after;
  }
  last->count = (last->count - 1U) & 0xfU;
  bucket.slots[slot] = last->slots[last->count];
  if (last->count != 0 || before == nullptr) return false;
  const bool is_gone = last == &bucket;
  overflow_.destroy(before->next);
  before->next = kNone;
  return is_gone;
}

// The newest bucket goes back into the one it was split from, unless they need a chain together:
// then a later erase tries again.
void BucketIndex::merge() {
  const std::uint32_t from = live_ - 1;
  const std::uint32_t to = live_ == round_ ? from - round_ / 2 : from - round_;
  Bucket& source = at(from);
  Bucket& target = at(to);
  if (source.next != kNone || target.next != kNone) return;
  if (std::uint32_t{source.count} + target.count > kSlots) return;
  for (std::uint32_t i = 0; i < source.count; ++i) {
    target.slots[target.count] = source.slots[i];
    target.count = (target.count + 1U) & 0xfU;
  }
  source.count = 0;
  close_bucket();
}

}  // namespace strata
