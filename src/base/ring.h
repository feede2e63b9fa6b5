// SPDX-License-Identifier: Apache-2.0
// Ring: a bounded first-in-first-out queue over Memory. Its block is taken with the first push.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "strata/check.h"
#include "strata/memory.h"

namespace strata {

template <typename T>
class Ring {
  static_assert(std::is_nothrow_move_constructible_v<T>, "pop moves elements out");

 public:
  Ring(Memory& memory, std::size_t capacity)
      : memory_(&memory), capacity_(static_cast<std::uint32_t>(capacity)) {
    STRATA_CHECK(capacity <= std::numeric_limits<std::uint32_t>::max() / 2);
    STRATA_CHECK(capacity <= std::numeric_limits<std::size_t>::max() / sizeof(T));
  }
  Ring(Ring&& other) noexcept
      : memory_(other.memory_),
        data_(std::exchange(other.data_, nullptr)),
        capacity_(other.capacity_),
        first_(std::exchange(other.first_, 0)),
        size_(std::exchange(other.size_, 0)) {}
  Ring& operator=(Ring&&) = delete;
  ~Ring() { release(); }

  // False when the ring is full or Memory has no more; the value is gone then.
  [[nodiscard]] bool try_push(T value) {
    if (size_ == capacity_) return false;
    if (data_ == nullptr) {
      data_ = static_cast<T*>(memory_->allocate(capacity_ * sizeof(T), alignof(T)));
      if (data_ == nullptr) return false;
    }
    std::construct_at(data_ + position(size_), std::move(value));
    ++size_;
    return true;
  }

  [[nodiscard]] std::optional<T> pop() {
    if (size_ == 0) return std::nullopt;
    std::optional<T> value(std::move(data_[first_]));
    drop_front();
    return value;
  }

  void drop_front() {
    STRATA_CHECK(size_ > 0);
    std::destroy_at(data_ + first_);
    first_ = position(1);
    --size_;
  }

  // The oldest is at 0.
  [[nodiscard]] T& operator[](std::size_t index) {
    STRATA_CHECK(index < size_);
    return data_[position(index)];
  }
  [[nodiscard]] const T& operator[](std::size_t index) const {
    STRATA_CHECK(index < size_);
    return data_[position(index)];
  }
  [[nodiscard]] T& front() { return (*this)[0]; }
  [[nodiscard]] const T& front() const { return (*this)[0]; }
  [[nodiscard]] T& back() { return (*this)[size_ - std::size_t{1}]; }
  [[nodiscard]] const T& back() const { return (*this)[size_ - std::size_t{1}]; }

  void clear() {
    while (size_ > 0) drop_front();
  }

  // Clears and gives the block back.
  void release() {
    clear();
    if (data_ != nullptr) memory_->release(data_, capacity_ * sizeof(T), alignof(T));
    data_ = nullptr;
    first_ = 0;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] bool full() const { return size_ == capacity_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  [[nodiscard]] std::uint32_t position(std::size_t index) const {
    const auto sum = static_cast<std::uint32_t>(first_ + index);
    return sum >= capacity_ ? sum - capacity_ : sum;
  }

  Memory* memory_;
  T* data_ = nullptr;
  std::uint32_t capacity_;
  std::uint32_t first_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace strata
