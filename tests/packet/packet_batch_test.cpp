// SPDX-License-Identifier: Apache-2.0
#include "strata/packet_batch.h"

#include <gtest/gtest.h>

#include <vector>

#include "strata/packet_pool.h"

namespace strata::packet_batch_test {
namespace {

class Batches : public testing::Test {
 protected:
  PacketPtr numbered(std::uint32_t number) {
    PacketPtr packet = pool.allocate();
    packet->notes().flow_hash = number;
    return packet;
  }
  static std::vector<std::uint32_t> numbers(const PacketBatch& batch) {
    std::vector<std::uint32_t> result;
    for (const Packet* packet : batch.packets()) result.push_back(packet->notes().flow_hash);
    return result;
  }

  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 128, .large_buffers = 0, .extra_descriptors = 0}};
};

TEST_F(Batches, KeepOrderAndCloseHoles) {
  PacketBatch batch;
  for (std::uint32_t i = 0; i < 6; ++i) batch.push(numbered(i));
  EXPECT_EQ(batch.take(1)->notes().flow_hash, 1U);
  EXPECT_EQ(batch.take(4)->notes().flow_hash, 4U);
  EXPECT_EQ(batch.take(4), nullptr);
  batch.compact();
  EXPECT_EQ(numbers(batch), (std::vector<std::uint32_t>{0, 2, 3, 5}));
  batch.drop_front(1);
  EXPECT_EQ(numbers(batch), (std::vector<std::uint32_t>{2, 3, 5}));
  EXPECT_EQ(pool.descriptors_in_use(), 3U);
}

TEST_F(Batches, GiveBackWhatTheyHold) {
  {
    PacketBatch batch;
    for (std::uint32_t i = 0; i < PacketBatch::kCapacity; ++i) batch.push(numbered(i));
    EXPECT_EQ(batch.room(), 0U);
    (void)batch.take(7);
  }
  EXPECT_EQ(pool.descriptors_in_use(), 0U);
}

TEST_F(Batches, QueuesAreFirstInFirstOut) {
  PacketQueue queue;
  EXPECT_EQ(queue.pop(), nullptr);
  for (std::uint32_t i = 0; i < 3; ++i) queue.push(numbered(i));
  EXPECT_EQ(queue.front()->notes().flow_hash, 0U);
  PacketQueue moved = std::move(queue);
  EXPECT_TRUE(queue.empty());  // NOLINT(bugprone-use-after-move): that it is empty is the point
  queue.push(numbered(9));
  EXPECT_EQ(moved.pop()->notes().flow_hash, 0U);
  moved = std::move(queue);
  EXPECT_EQ(moved.size(), 1U);
  EXPECT_EQ(moved.pop()->notes().flow_hash, 9U);
  EXPECT_TRUE(moved.empty());
  EXPECT_EQ(pool.descriptors_in_use(), 0U);
}

}  // namespace
}  // namespace strata::packet_batch_test
