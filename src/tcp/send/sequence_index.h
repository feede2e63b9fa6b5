// SPDX-License-Identifier: Apache-2.0
// SequenceIndex: the records of one flight in the order of their sequence numbers.
//
// A sorted row of eight-byte entries: appended at the end, taken from the front, found by
// bisection. Entries in the middle come and go only where a peer SACKs parts; then those behind
// them move, which for thousands of records costs less than following the links of a tree. The
// first few entries need no memory beyond the object.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/index.h"
#include "strata/check.h"
#include "strata/memory.h"
#include "tcp/sequence_number.h"

namespace strata::tcp {

class SequenceIndex {
 public:
  struct Entry {
    SequenceNumber begin;
    Index record = kNoIndex;
  };

  explicit SequenceIndex(Memory& memory) : memory_(&memory) {}
  SequenceIndex(const SequenceIndex&) = delete;
  SequenceIndex& operator=(const SequenceIndex&) = delete;
  ~SequenceIndex() { release_block(); }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const Entry& operator[](std::size_t position) const {
    STRATA_CHECK(position < size_);
    return data()[head_ + position];
  }
  [[nodiscard]] Entry& operator[](std::size_t position) {
    STRATA_CHECK(position < size_);
    return data()[head_ + position];
  }

  // False when Memory has no more.
  [[nodiscard]] bool try_push_back(Entry entry) { return try_insert_at(size_, entry); }
  [[nodiscard]] bool try_insert_at(std::size_t position, Entry entry) {
    STRATA_CHECK(position <= size_);
    if (head_ + size_ == capacity_ && !make_room()) return false;
    Entry* const at = data() + head_ + position;
    std::move_backward(at, data() + head_ + size_, data() + head_ + size_ + 1);
    *at = entry;
    ++size_;
    return true;
  }

  void erase_at(std::size_t position) {
    STRATA_CHECK(position < size_);
    Entry* const first = data() + head_;
    std::move(first + position + 1, first + size_, first + position);
    --size_;
  }

  void pop_front() {
    STRATA_CHECK(size_ > 0);
    ++head_;
    if (--size_ == 0) head_ = 0;
  }

  void clear() { size_ = head_ = 0; }

  // The last entry that begins at or before `at`; 0 when none does.
  [[nodiscard]] std::size_t position_of(SequenceNumber at) const {
    const Entry* const first = data() + head_;
    const Entry* const behind =
        std::upper_bound(first, first + size_, at,
                         [](SequenceNumber a, const Entry& entry) { return a < entry.begin; });
    return behind == first ? 0 : static_cast<std::size_t>(behind - first) - 1;
  }

 private:
  static constexpr std::uint32_t kInline = 6;

  [[nodiscard]] Entry* data() { return block_ == nullptr ? inline_.data() : block_; }
  [[nodiscard]] const Entry* data() const { return block_ == nullptr ? inline_.data() : block_; }

  // What was popped leaves room in front: it is used before more is asked for, but only when it is
  // at least as much as what must move.
  [[nodiscard]] bool make_room() {
    if (head_ > 0 && head_ >= size_) {
      std::move(data() + head_, data() + head_ + size_, data());
      head_ = 0;
      return true;
    }
    const std::uint32_t capacity = capacity_ * 2;
    auto* const block =
        static_cast<Entry*>(memory_->allocate(capacity * sizeof(Entry), alignof(Entry)));
    if (block == nullptr) return compact();
    std::uninitialized_copy_n(data() + head_, size_, block);
    release_block();
    block_ = block;
    capacity_ = capacity;
    head_ = 0;
    return true;
  }

  [[nodiscard]] bool compact() {
    if (head_ == 0) return false;
    std::move(data() + head_, data() + head_ + size_, data());
    head_ = 0;
    return true;
  }

  void release_block() {
    if (block_ != nullptr) memory_->release(block_, capacity_ * sizeof(Entry), alignof(Entry));
    block_ = nullptr;
  }

  Memory* memory_;
  Entry* block_ = nullptr;
  std::uint32_t head_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = kInline;
  std::array<Entry, kInline> inline_{};
};

}  // namespace strata::tcp
