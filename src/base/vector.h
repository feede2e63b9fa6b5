// SPDX-License-Identifier: Apache-2.0
// Vector: a growable array over Memory, whose growth can fail without harm.
//
// 1. A call that returns false has changed nothing (a value passed to it is gone).
// 2. clear() keeps the block for the next fill; release() gives it back.
// 3. Growing and erasing move elements: keep indices, not pointers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "strata/check.h"
#include "strata/memory.h"

namespace strata {

template <typename T>
class Vector {
  static_assert(std::is_nothrow_move_constructible_v<T>, "growth moves elements");

 public:
  explicit Vector(Memory& memory) : memory_(&memory) {}
  Vector(Vector&& other) noexcept
      : memory_(other.memory_),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Vector& operator=(Vector&& other) noexcept {
    if (this == &other) return *this;
    release();
    memory_ = other.memory_;
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }
  ~Vector() { release(); }

  [[nodiscard]] bool try_push_back(T value) {
    if (size_ == capacity_ && !grow()) return false;
    std::construct_at(data_ + size_, std::move(value));
    ++size_;
    return true;
  }

  // Puts the value before the element at `index`; index == size() appends.
  [[nodiscard]] bool try_insert_at(std::size_t index, T value) {
    STRATA_CHECK(index <= size_);
    if (!try_push_back(std::move(value))) return false;
    std::rotate(data_ + index, data_ + size_ - 1, data_ + size_);
    return true;
  }

  // Room for `count` elements in all.
  [[nodiscard]] bool try_reserve(std::size_t count) {
    return count <= capacity_ || reallocate(count);
  }

  // New elements are value-initialised.
  [[nodiscard]] bool try_resize(std::size_t count) {
    if (!try_reserve(count)) return false;
    while (size_ > count) pop_back();
    for (; size_ < count; ++size_) std::construct_at(data_ + size_);
    return true;
  }

  void pop_back() {
    STRATA_CHECK(size_ > 0);
    --size_;
    std::destroy_at(data_ + size_);
  }

  // Keeps the order of the others.
  void erase_at(std::size_t index) { erase_range(index, index + 1); }

  // Removes [first, last) and keeps the order of the others.
  void erase_range(std::size_t first, std::size_t last) {
    STRATA_CHECK(first <= last && last <= size_);
    if (first == last) return;
    std::move(data_ + last, data_ + size_, data_ + first);
    const std::size_t kept = size_ - (last - first);
    while (size_ > kept) pop_back();
  }

  // The last element takes the place of the erased one.
  void erase_unordered(std::size_t index) {
    STRATA_CHECK(index < size_);
    if (index + 1 != size_) data_[index] = std::move(data_[size_ - 1]);
    pop_back();
  }

  void clear() {
    while (size_ > 0) pop_back();
  }

  // Clears and gives the block back.
  void release() {
    clear();
    if (data_ != nullptr) {
      memory_->release(static_cast<void*>(data_), capacity_ * kEntryBytes, alignof(T));
    }
    data_ = nullptr;
    capacity_ = 0;
  }

  [[nodiscard]] T& operator[](std::size_t index) {
    STRATA_CHECK(index < size_);
    return data_[index];
  }
  [[nodiscard]] const T& operator[](std::size_t index) const {
    STRATA_CHECK(index < size_);
    return data_[index];
  }
  [[nodiscard]] T& front() { return (*this)[0]; }
  [[nodiscard]] const T& front() const { return (*this)[0]; }
  [[nodiscard]] T& back() { return (*this)[size_ - std::size_t{1}]; }
  [[nodiscard]] const T& back() const { return (*this)[size_ - std::size_t{1}]; }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] const T* data() const { return data_; }
  [[nodiscard]] std::span<T> span() { return {data_, size_}; }
  [[nodiscard]] std::span<const T> span() const { return {data_, size_}; }
  [[nodiscard]] T* begin() { return data_; }
  [[nodiscard]] T* end() { return data_ + size_; }
  [[nodiscard]] const T* begin() const { return data_; }
  [[nodiscard]] const T* end() const { return data_ + size_; }
  [[nodiscard]] Memory& memory() const { return *memory_; }

 private:
  // NOLINTNEXTLINE(bugprone-sizeof-expression): T may be a pointer, and is meant
  static constexpr std::size_t kEntryBytes = sizeof(T);
  static constexpr std::size_t kCapacityMin = 4;
  static constexpr std::size_t kCapacityMax =
      std::min<std::size_t>(std::numeric_limits<std::uint32_t>::max(),
                            std::numeric_limits<std::size_t>::max() / kEntryBytes);

  [[nodiscard]] bool grow() {
    if (capacity_ == kCapacityMax) return false;
    const std::size_t doubled = capacity_ > kCapacityMax / 2 ? kCapacityMax : capacity_ * 2UL;
    return reallocate(std::max(doubled, kCapacityMin));
  }

  [[nodiscard]] bool reallocate(std::size_t capacity) {
    if (capacity > kCapacityMax) return false;
    auto* const block = static_cast<T*>(memory_->allocate(capacity * kEntryBytes, alignof(T)));
    if (block == nullptr) return false;
    if (data_ != nullptr) {
      std::uninitialized_move_n(data_, size_, block);
      std::destroy_n(data_, size_);
      memory_->release(static_cast<void*>(data_), capacity_ * kEntryBytes, alignof(T));
    }
    data_ = block;
    capacity_ = static_cast<std::uint32_t>(capacity);
    return true;
  }

  Memory* memory_;
  T* data_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace strata
