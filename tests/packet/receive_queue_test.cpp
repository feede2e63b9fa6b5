// SPDX-License-Identifier: Apache-2.0
#include "packet/receive_queue.h"

#include <gtest/gtest.h>

#include "strata/packet_pool.h"

namespace strata::receive_queue_test {
namespace {

class ReceiveQueues : public testing::Test {
 protected:
  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 16, .large_buffers = 2, .extra_descriptors = 16}};
};

TEST_F(ReceiveQueues, AreBoundedByBuffersAndNotByPayload) {
  ReceiveQueue queue(3 * kSmallBufferBytes);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.try_push(pool.allocate()));
  EXPECT_FALSE(queue.try_push(pool.allocate()));
  EXPECT_EQ(queue.dropped(), 1U);
  EXPECT_EQ(queue.buffer_bytes(), 3 * kSmallBufferBytes);
  EXPECT_EQ(pool.descriptors_in_use(), 3U);
  (void)queue.pop();
  EXPECT_TRUE(queue.try_push(pool.allocate()));
}

TEST_F(ReceiveQueues, TakeOnePacketHoweverLargeItIs) {
  ReceiveQueue queue(100);
  EXPECT_TRUE(queue.try_push(pool.allocate(BufferClass::kLarge)));
  EXPECT_FALSE(queue.try_push(pool.allocate()));
  (void)queue.pop();
  EXPECT_EQ(queue.buffer_bytes(), 0U);
}

TEST_F(ReceiveQueues, ALowerLimitHoldsFromTheNextPacketOn) {
  ReceiveQueue queue;
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(queue.try_push(pool.allocate()));
  queue.set_buffer_bytes_max(kSmallBufferBytes);
  EXPECT_EQ(queue.size(), 4U);
  EXPECT_FALSE(queue.try_push(pool.allocate()));
  queue.clear();
  EXPECT_EQ(queue.buffer_bytes(), 0U);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(pool.descriptors_in_use(), 0U);
}

}  // namespace
}  // namespace strata::receive_queue_test
