// SPDX-License-Identifier: Apache-2.0
#include "strata/packet_pool.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace strata::packet_pool_test {
namespace {

constexpr PacketPoolConfig kLittle{
    .small_buffers = 2, .large_buffers = 1, .external_buffers = 1, .extra_descriptors = 0};

TEST(PacketPool, TakesItsMemoryOnceAndGivesItBack) {
  HeapMemory memory;
  {
    PacketPool pool(memory, {});
    const std::size_t reserved = memory.bytes_used();
    EXPECT_EQ(reserved, pool.bytes_reserved());
    for (int i = 0; i < 1000; ++i) (void)pool.allocate();
    EXPECT_EQ(memory.bytes_used(), reserved);
  }
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(PacketPool, WithoutMemoryIsEmpty) {
  HeapMemory memory(1000);
  PacketPool pool(memory, {});
  EXPECT_FALSE(pool.is_usable());
  EXPECT_EQ(pool.allocate(), nullptr);
  EXPECT_EQ(pool.allocate_for(1), nullptr);
}

TEST(PacketPool, IsBounded) {
  HeapMemory memory;
  PacketPool pool(memory, kLittle);
  const PacketPtr a = pool.allocate();
  PacketPtr b = pool.allocate();
  EXPECT_EQ(pool.allocate(), nullptr);
  EXPECT_EQ(pool.small_free(), 0U);
  b.reset();
  EXPECT_NE(pool.allocate(), nullptr);
}

TEST(PacketPool, PicksTheSmallestBufferThatFits) {
  HeapMemory memory;
  PacketPool pool(memory, kLittle);
  EXPECT_EQ(pool.allocate_for(kSmallBufferBytes - kHeadroom)->buffer().buffer_class,
            BufferClass::kSmall);
  EXPECT_EQ(pool.allocate_for(kSmallBufferBytes - kHeadroom + 1)->buffer().buffer_class,
            BufferClass::kLarge);
  EXPECT_EQ(pool.allocate_for(kLargeBufferBytes, 1), nullptr);
  EXPECT_EQ(pool.allocate_for(SIZE_MAX, SIZE_MAX), nullptr);
  // A small packet takes a large buffer before it is refused.
  const PacketPtr a = pool.allocate();
  const PacketPtr b = pool.allocate();
  EXPECT_EQ(pool.allocate_for(10)->buffer().buffer_class, BufferClass::kLarge);
}

TEST(PacketPool, AShareWithoutDescriptorIsRefused) {
  HeapMemory memory;
  PacketPool pool(memory, {.small_buffers = 1, .large_buffers = 0, .extra_descriptors = 0});
  const PacketPtr packet = pool.allocate();
  EXPECT_EQ(packet->share(0, 0), nullptr);
  EXPECT_TRUE(packet->is_writable());
}

TEST(PacketPool, NotesStartEmpty) {
  HeapMemory memory;
  PacketPool pool(memory, kLittle);
  {
    PacketPtr packet = pool.allocate();
    packet->notes().interface = 5;
    packet->notes().checksum = ChecksumState::kVerified;
  }
  const PacketPtr packet = pool.allocate();
  EXPECT_EQ(packet->notes().interface, kNoInterface);
  EXPECT_EQ(packet->notes().checksum, ChecksumState::kUnknown);
}

TEST(PacketPool, ForeignMemoryIsReleasedOnceByTheLastSlice) {
  HeapMemory memory;
  PacketPool pool(memory, {.small_buffers = 1, .external_buffers = 1, .extra_descriptors = 4});
  std::array<std::byte, 100> mine{};
  int released = 0;
  const auto release = [](void* context, std::byte*, std::size_t capacity) {
    EXPECT_EQ(capacity, 100U);
    ++*static_cast<int*>(context);
  };
  PacketPtr packet = pool.adopt(mine, 10, 50, release, &released);
  ASSERT_NE(packet, nullptr);
  EXPECT_EQ(packet->bytes().data(), mine.data() + 10);
  EXPECT_EQ(packet->headroom(), 10U);
  EXPECT_EQ(packet->tailroom(), 40U);
  // No header is left: refused, and nothing is released.
  EXPECT_EQ(pool.adopt(mine, 0, 1, release, &released), nullptr);
  PacketPtr share = packet->share(5, 5);
  packet.reset();
  EXPECT_EQ(released, 0);
  share.reset();
  EXPECT_EQ(released, 1);
  EXPECT_NE(pool.adopt(mine, 0, 1, release, &released), nullptr);
  EXPECT_EQ(released, 2);
}

TEST(PacketPool, MayNotEndBeforeItsPackets) {
  HeapMemory memory;
  EXPECT_DEATH(
      {
        PacketPtr packet;
        PacketPool pool(memory, kLittle);
        packet = pool.allocate();
      },
      "");
}

}  // namespace
}  // namespace strata::packet_pool_test
