// SPDX-License-Identifier: Apache-2.0
// glibc exports its allocator under these second names, so that a program can put itself in front.
// A sanitizer brings an allocator of its own: nothing is counted there.
#include "bench/harness/allocations.h"

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace strata::bench {
namespace {

constinit std::atomic<std::uint64_t> heap_calls{0};

}  // namespace

std::uint64_t heap_allocations() { return heap_calls.load(std::memory_order_relaxed); }

}  // namespace strata::bench

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

using strata::bench::heap_calls;

extern "C" {

// What glibc calls its own, for those who stand before them.
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wreserved-identifier"
#endif
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* block, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
#ifdef __clang__
#pragma clang diagnostic pop
#endif

void* malloc(std::size_t bytes) {
  heap_calls.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(bytes);
}

void* calloc(std::size_t count, std::size_t bytes) {
  heap_calls.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, bytes);
}

void* realloc(void* block, std::size_t bytes) {
  heap_calls.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(block, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  heap_calls.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, bytes);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) {
  heap_calls.fetch_add(1, std::memory_order_relaxed);
  *block = __libc_memalign(alignment, bytes);
  return *block == nullptr ? ENOMEM : 0;
}

}  // extern "C"

#endif
