// SPDX-License-Identifier: Apache-2.0
#include "strata/memory.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <span>

namespace strata::memory_test {
namespace {

bool is_aligned(const void* block, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(block) % alignment == 0;
}

TEST(HeapMemory, GivesWhatWasAskedForAndCountsIt) {
  HeapMemory memory;
  for (std::size_t alignment = 1; alignment <= 4096; alignment *= 2) {
    void* const block = memory.allocate(100, alignment);
    ASSERT_NE(block, nullptr);
    EXPECT_TRUE(is_aligned(block, alignment));
    EXPECT_GE(memory.bytes_used(), 100U);
    std::memset(block, 1, 100);
    memory.release(block, 100, alignment);
    EXPECT_EQ(memory.bytes_used(), 0U);
  }
}

TEST(HeapMemory, StopsAtItsLimit) {
  HeapMemory memory(1000);
  void* const first = memory.allocate(600, 8);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(memory.allocate(408, 8), nullptr);
  void* const second = memory.allocate(400, 8);
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(memory.allocate(1, 1), nullptr);
  memory.release(first, 600, 8);
  memory.release(second, 400, 8);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(HeapMemory, RefusesSizesThatOverflow) {
  HeapMemory memory;
  EXPECT_EQ(memory.allocate(SIZE_MAX, 64), nullptr);
  EXPECT_EQ(memory.allocate(SIZE_MAX - 10, 16), nullptr);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(HeapMemory, ReleasingNothingIsNothing) {
  HeapMemory memory;
  memory.release(nullptr, 100, 8);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(ArenaMemory, HandsOutItsBlockFrontToBack) {
  alignas(64) std::array<std::byte, 256> block{};
  ArenaMemory memory(block);
  EXPECT_EQ(memory.allocate(1, 1), block.data());
  EXPECT_EQ(memory.allocate(8, 8), block.data() + 8);
  EXPECT_EQ(memory.allocate(64, 64), block.data() + 64);
  EXPECT_EQ(memory.bytes_used(), 128U);
  EXPECT_EQ(memory.allocate(129, 1), nullptr);
  EXPECT_EQ(memory.allocate(128, 1), block.data() + 128);
  EXPECT_EQ(memory.allocate(1, 1), nullptr);
}

TEST(ArenaMemory, AlignsAddressesAndNotOffsets) {
  alignas(64) std::array<std::byte, 256> block{};
  ArenaMemory memory(std::span<std::byte>(block).subspan(3));
  EXPECT_TRUE(is_aligned(memory.allocate(4, 32), 32));
  EXPECT_TRUE(is_aligned(memory.allocate(4, 64), 64));
}

TEST(ArenaMemory, TakesBackOnlyTheLastBlock) {
  alignas(64) std::array<std::byte, 256> block{};
  ArenaMemory memory(block);
  void* const first = memory.allocate(16, 16);
  void* const second = memory.allocate(16, 16);
  memory.release(first, 16, 16);
  EXPECT_EQ(memory.bytes_used(), 32U);
  memory.release(second, 16, 16);
  EXPECT_EQ(memory.bytes_used(), 16U);
  EXPECT_EQ(memory.allocate(16, 16), second);
}

TEST(ArenaMemory, RefusesSizesThatOverflow) {
  alignas(64) std::array<std::byte, 64> block{};
  ArenaMemory memory(block);
  ASSERT_NE(memory.allocate(1, 1), nullptr);
  EXPECT_EQ(memory.allocate(SIZE_MAX, 1), nullptr);
  EXPECT_EQ(memory.allocate(8, std::size_t{1} << 62U), nullptr);
}

}  // namespace
}  // namespace strata::memory_test
