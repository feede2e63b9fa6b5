// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "driver/packets.h"
#include "strata/devices.h"

namespace strata::driver::null_device_test {
namespace {

TEST(NullDevice, DiscardsAndCountsWhatIsSent) {
  TestPool pool;
  const auto device = make_null_device({});
  Rng rng(1);
  PacketBatch batch;
  for (int i = 0; i < 10; ++i) batch.push(packet_of(pool.pool, random_frame(rng, 60)));
  device->transmit(batch);
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(device->counters().sent_packets, 10U);
  EXPECT_EQ(device->counters().sent_bytes, 600U);
  EXPECT_EQ(pool.pool.descriptors_in_use(), 0U);
  device->receive(pool.pool, batch);
  EXPECT_TRUE(batch.empty());
}

TEST(NullDevice, GeneratesItsFrameUntilTheCountIsReached) {
  TestPool pool;
  Rng rng(2);
  NullOptions options;
  options.frame = random_frame(rng, 60);
  options.frames_max = 70;
  const auto frame = options.frame;
  const auto device = make_null_device(std::move(options));
  PacketBatch batch;
  device->receive(pool.pool, batch);
  EXPECT_EQ(batch.size(), PacketBatch::kCapacity);
  EXPECT_EQ(bytes_of(batch[63]), frame);
  batch.clear();
  device->receive(pool.pool, batch);
  EXPECT_EQ(batch.size(), 6U);
}

TEST(NullDevice, AnEmptyPoolCostsNoFrame) {
  PacketPoolConfig config;
  config.small_buffers = 3;
  config.large_buffers = 0;
  TestPool pool(config);
  Rng rng(3);
  NullOptions options;
  options.frame = random_frame(rng, 60);
  options.frames_max = 5;
  const auto device = make_null_device(std::move(options));
  PacketBatch batch;
  device->receive(pool.pool, batch);
  EXPECT_EQ(batch.size(), 3U);
  batch.clear();
  device->receive(pool.pool, batch);
  EXPECT_EQ(batch.size(), 2U);
}

}  // namespace
}  // namespace strata::driver::null_device_test
