// SPDX-License-Identifier: Apache-2.0
// How often this process took memory: from the C heap, and through a Memory.
#pragma once

#include <cstdint>

#include "strata/memory.h"

namespace strata::bench {

// Calls of malloc and its kin since the process began, by whatever library.
[[nodiscard]] std::uint64_t heap_allocations();

// HeapMemory that counts: what a stack under test is given.
class CountingMemory final : public Memory {
 public:
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment) override {
    ++allocations_;
    return heap_.allocate(bytes, alignment);
  }
  void release(void* block, std::size_t bytes, std::size_t alignment) override {
    heap_.release(block, bytes, alignment);
  }
  [[nodiscard]] std::uint64_t allocations() const { return allocations_; }
  [[nodiscard]] std::size_t bytes_used() const { return heap_.bytes_used(); }

 private:
  HeapMemory heap_;
  std::uint64_t allocations_ = 0;
};

}  // namespace strata::bench
