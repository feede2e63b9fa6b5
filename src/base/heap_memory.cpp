// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "strata/memory.h"

namespace strata {

void* HeapMemory::allocate(std::size_t bytes, std::size_t alignment) {
  const std::size_t rounded = (bytes + alignment - 1) & ~(alignment - 1);
  if (rounded < bytes || rounded > bytes_max_ - bytes_used_) return nullptr;
  void* block = alignment <= alignof(std::max_align_t) ? std::malloc(rounded)
                                                       : std::aligned_alloc(alignment, rounded);
  if (block != nullptr) bytes_used_ += rounded;
  return block;
}

void HeapMemory::release(void* block, std::size_t bytes, std::size_t alignment) {
  if (block == nullptr) return;
  bytes_used_ -= (bytes + alignment - 1) & ~(alignment - 1);
  std::free(block);
}

}  // namespace strata
