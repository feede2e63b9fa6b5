// SPDX-License-Identifier: Apache-2.0
// CheckedMemory: Memory that fails when told, and insists that blocks come back as they were taken.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <utility>

#include "strata/memory.h"

namespace strata {

class CheckedMemory final : public Memory {
 public:
  ~CheckedMemory() { EXPECT_TRUE(blocks_.empty()) << "blocks were not released"; }

  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment) override {
    ++allocations_;
    if (failing_) return nullptr;
    void* const block = heap_.allocate(bytes, alignment);
    EXPECT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignment, 0U);
    std::memset(block, 0xa5, bytes);
    blocks_[block] = {bytes, alignment};
    bytes_used_ += bytes;
    return block;
  }

  void release(void* block, std::size_t bytes, std::size_t alignment) override {
    const auto found = blocks_.find(block);
    ASSERT_NE(found, blocks_.end()) << "released twice, or never allocated";
    EXPECT_EQ(found->second, std::make_pair(bytes, alignment));
    std::memset(block, 0x5a, bytes);
    heap_.release(block, bytes, alignment);
    blocks_.erase(found);
    bytes_used_ -= bytes;
  }

  void fail(bool failing) { failing_ = failing; }
  [[nodiscard]] std::size_t bytes_used() const { return bytes_used_; }
  [[nodiscard]] std::size_t blocks() const { return blocks_.size(); }
  [[nodiscard]] std::size_t allocations() const { return allocations_; }

 private:
  HeapMemory heap_;
  std::map<void*, std::pair<std::size_t, std::size_t>> blocks_;
  std::size_t bytes_used_ = 0;
  std::size_t allocations_ = 0;
  bool failing_ = false;
};

// Counts how many of it are alive, and moves without copying.
class Counted {
 public:
  explicit Counted(int of = 0) : value(of) { ++alive; }
  Counted(Counted&& other) noexcept : value(std::exchange(other.value, -1)) { ++alive; }
  Counted& operator=(Counted&& other) noexcept {
    value = std::exchange(other.value, -1);
    return *this;
  }
  ~Counted() { --alive; }

  friend bool operator==(const Counted& a, int b) { return a.value == b; }

  static inline int alive = 0;
  int value;
};

}  // namespace strata
