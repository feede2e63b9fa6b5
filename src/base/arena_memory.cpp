// SPDX-License-Identifier: Apache-2.0
#include "strata/memory.h"

namespace strata {

void* ArenaMemory::allocate(std::size_t bytes, std::size_t alignment) {
  const auto base = reinterpret_cast<std::uintptr_t>(block_.data());
  const std::size_t start = ((base + used_ + alignment - 1) & ~(alignment - 1)) - base;
  if (start > block_.size() || bytes > block_.size() - start) return nullptr;
  used_ = start + bytes;
  return block_.data() + start;
}

// Only the block handed out last can be taken back; the rest stays until the arena itself goes.
void ArenaMemory::release(void* block, std::size_t bytes, std::size_t /*alignment*/) {
  if (block != nullptr && static_cast<std::byte*>(block) + bytes == block_.data() + used_) {
    used_ -= bytes;
  }
}

}  // namespace strata
