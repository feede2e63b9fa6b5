// SPDX-License-Identifier: Apache-2.0
#include "stack/counted_heap.h"

#include <cstdlib>
#include <new>

#ifndef __has_feature  // g++ 12 knows no such question
#define __has_feature(name) 0
#endif

namespace {
std::size_t allocations = 0;
}  // namespace

// ThreadSanitizer brings operators of its own, and there is nothing to count then.
#if !__has_feature(thread_sanitizer)
void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* block = std::malloc(bytes == 0 ? 1 : bytes)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
#endif

namespace strata::stack {

std::size_t heap_allocations() { return allocations; }

}  // namespace strata::stack
