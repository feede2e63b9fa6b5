// SPDX-License-Identifier: Apache-2.0
#include "driver/xdp/queue.h"

#include <gtest/gtest.h>

#include <vector>

#include "driver/packets.h"
#include "driver/xdp/fake_kernel.h"

namespace strata::driver::xdp::queue_test {
namespace {

constexpr PacketPoolConfig kWithExternal{
    .small_buffers = 64, .large_buffers = 4, .external_buffers = 64, .extra_descriptors = 64};
constexpr PacketPoolConfig kWithout{
    .small_buffers = 64, .large_buffers = 4, .external_buffers = 0, .extra_descriptors = 64};

class QueueTest : public testing::Test {
 protected:
  std::size_t send(Queue& queue, std::span<const PacketPtr> packets) {
    std::vector<Packet*> raw;
    for (const PacketPtr& packet : packets) raw.push_back(packet.get());
    return queue.transmit(raw, capabilities_, counters_);
  }

  Rng rng_{5};
  FakeKernel kernel_;
  DeviceCapabilities capabilities_{.completes_checksums = true};
  Device::Counters counters_;
};

TEST_F(QueueTest, PacketsLieWhereTheyArrived) {
  TestPool pool(kWithExternal);
  Queue queue = kernel_.queue();
  EXPECT_EQ(kernel_.fill.count(), 16U);
  PacketBatch batch;
  std::vector<std::vector<std::byte>> sent;
  for (int i = 0; i < 10; ++i) {
    sent.push_back(random_frame(rng_, 60 + rng_.below(1400)));
    ASSERT_TRUE(kernel_.deliver(sent.back()));
  }
  EXPECT_EQ(queue.receive(pool.pool, batch, counters_), 10U);
  ASSERT_EQ(batch.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(bytes_of(batch[i]), sent[i]);
    EXPECT_EQ(batch[i].buffer().buffer_class, BufferClass::kExternal);
    EXPECT_GE(batch[i].headroom(), kHeadroom);
    EXPECT_TRUE(batch[i].is_writable());
  }
  EXPECT_EQ(kernel_.fill.count(), 16U) << "given anew at once";
  EXPECT_EQ(counters_.received_packets, 10U);
}

TEST_F(QueueTest, CopiesOutWhenChunksRunShortOrThePoolHasNoHeader) {
  for (const PacketPoolConfig& config : {kWithExternal, kWithout}) {
    FakeKernel kernel;
    TestPool pool(config);
    Queue queue = kernel.queue();
    std::vector<PacketPtr> held;
    std::size_t copied = 0;
    while (held.size() < 60) {
      ASSERT_TRUE(kernel.deliver(random_frame(rng_, 500))) << held.size();
      PacketBatch batch;
      queue.receive(pool.pool, batch, counters_);
      ASSERT_EQ(batch.size(), 1U);
      held.push_back(batch.take(0));
      copied += held.back()->buffer().buffer_class == BufferClass::kSmall ? 1 : 0;
    }
    // Of 32 chunks a quarter stays for what arrives.
    EXPECT_EQ(copied, config.external_buffers == 0 ? 60U : 60U - 24U);
  }
}

TEST_F(QueueTest, HearsAgainWhenChunksComeBackAfterAllWereInFlight) {
  TestPool pool(kWithExternal);
  Queue queue = kernel_.queue();
  std::vector<PacketPtr> packets;
  for (int i = 0; i < 16; ++i) packets.push_back(packet_of(pool.pool, random_frame(rng_, 100)));
  ASSERT_EQ(send(queue, packets), 16U);
  PacketBatch held;
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(kernel_.deliver(random_frame(rng_, 100)));
  EXPECT_EQ(queue.receive(pool.pool, held, counters_), 16U);
  EXPECT_EQ(kernel_.fill.count(), 0U) << "every chunk is in flight";
  held.clear();
  while (kernel_.send()) {
  }
  PacketBatch batch;
  EXPECT_EQ(queue.receive(pool.pool, batch, counters_), 0U);
  EXPECT_EQ(kernel_.fill.count(), 16U);
  const auto bytes = random_frame(rng_, 100);
  ASSERT_TRUE(kernel_.deliver(bytes));
  EXPECT_EQ(queue.receive(pool.pool, batch, counters_), 1U);
  EXPECT_EQ(bytes_of(batch[0]), bytes);
}

TEST_F(QueueTest, WithoutAnyPacketFramesAreLostAndChunksComeBack) {
  TestPool pool(
      {.small_buffers = 0, .large_buffers = 0, .external_buffers = 0, .extra_descriptors = 0});
  Queue queue = kernel_.queue();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(kernel_.deliver(random_frame(rng_, 100)));
    PacketBatch batch;
    EXPECT_EQ(queue.receive(pool.pool, batch, counters_), 1U);
    EXPECT_TRUE(batch.empty());
  }
  EXPECT_EQ(counters_.pool_empty_drops, 200U);
}

TEST_F(QueueTest, PacketsOutliveTheQueue) {
  TestPool pool(kWithExternal);
  PacketBatch batch;
  const auto bytes = random_frame(rng_, 700);
  {
    Queue queue = kernel_.queue();
    ASSERT_TRUE(kernel_.deliver(bytes));
    queue.receive(pool.pool, batch, counters_);
  }
  kernel_.umem = nullptr;
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_EQ(bytes_of(batch[0]), bytes);
  batch.clear();
}

TEST_F(QueueTest, SendsAsLongAsThereAreChunksAndPlaces) {
  TestPool pool(kWithout);
  Queue queue = kernel_.queue();
  std::vector<PacketPtr> packets;
  for (int i = 0; i < 40; ++i) {
    packets.push_back(chain_of(pool.pool, random_frame(rng_, 60 + rng_.below(1400)), 1000));
  }
  std::size_t done = 0;
  while (done < packets.size()) {
    const std::size_t sent = send(queue, std::span(packets).subspan(done));
    EXPECT_EQ(sent, std::min<std::size_t>(16, packets.size() - done));
    for (std::size_t i = 0; i < sent; ++i) {
      const auto bytes = kernel_.send();
      ASSERT_TRUE(bytes);
      EXPECT_TRUE(std::ranges::equal(*bytes, bytes_of(*packets[done + i])));
    }
    done += sent;
  }
  EXPECT_EQ(counters_.sent_packets, 40U);
  EXPECT_EQ(counters_.failed_sends, 0U);
}

TEST_F(QueueTest, FinishesChecksumsAndRefusesUnsoundOnes) {
  TestPool pool(kWithout);
  Queue queue = kernel_.queue();
  std::vector<PacketPtr> packets;
  packets.push_back(packet_of(pool.pool, std::vector<std::byte>(60)));
  packets[0]->notes().checksum = ChecksumState::kPartial;
  packets[0]->notes().transport_offset = 34;
  packets[0]->notes().checksum_offset = 16;
  packets.push_back(packet_of(pool.pool, std::vector<std::byte>(60)));
  packets[1]->notes().checksum = ChecksumState::kPartial;
  packets[1]->notes().transport_offset = 50;
  packets[1]->notes().checksum_offset = 16;
  packets.push_back(packet_of(pool.pool, std::vector<std::byte>(1600)));
  EXPECT_EQ(send(queue, packets), 3U);
  EXPECT_EQ(counters_.failed_sends, 2U);
  const auto bytes = kernel_.send();
  ASSERT_TRUE(bytes);
  EXPECT_EQ((*bytes)[50], std::byte{0xff}) << "the complement of nothing";
  EXPECT_FALSE(kernel_.send());
}

TEST_F(QueueTest, JoinsAndSplitsFramesOfSeveralChunks) {
  TestPool pool(kWithExternal);
  Queue queue = kernel_.queue({.needs_wakeup = true, .has_fragments = true});
  capabilities_.mtu = 9000;
  const auto bytes = random_frame(rng_, 4000);
  ASSERT_TRUE(kernel_.deliver(Bytes(bytes).first(1700), 1));
  ASSERT_TRUE(kernel_.deliver(Bytes(bytes).subspan(1700, 1700), 1));
  ASSERT_TRUE(kernel_.deliver(Bytes(bytes).subspan(3400), 0));
  PacketBatch batch;
  EXPECT_EQ(queue.receive(pool.pool, batch, counters_), 1U);
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_EQ(bytes_of(batch[0]), bytes);
  std::vector<PacketPtr> packets;
  packets.push_back(batch.take(0));
  EXPECT_EQ(send(queue, packets), 1U);
  std::vector<std::byte> sent;
  for (auto part = kernel_.send(); part; part = kernel_.send()) {
    sent.insert(sent.end(), part->begin(), part->end());
  }
  EXPECT_EQ(sent, bytes);
}

TEST_F(QueueTest, AFrameThatNeverEndsIsMalformed) {
  TestPool pool(kWithExternal);
  Queue queue = kernel_.queue({.needs_wakeup = true, .has_fragments = true});
  ASSERT_TRUE(kernel_.deliver(random_frame(rng_, 1000), 1));
  PacketBatch batch;
  queue.receive(pool.pool, batch, counters_);
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(counters_.malformed, 1U);
  ASSERT_TRUE(kernel_.deliver(random_frame(rng_, 1000), 0));
  queue.receive(pool.pool, batch, counters_);
  EXPECT_EQ(batch.size(), 1U);
}

// A kernel that says anything: nothing is read or written outside of the memory, no chunk is in two
// packets, and what is lost is counted.
TEST_F(QueueTest, BelievesNoDescriptor) {
  TestPool pool(kWithExternal);
  Queue queue = kernel_.queue({.needs_wakeup = true, .has_fragments = true});
  constexpr std::uint64_t kEnd = 32 * FakeKernel::kChunkBytes;
  for (int round = 0; round < 3000; ++round) {
    PacketBatch batch;
    for (std::uint64_t count = rng_.below(8); count > 0 && kernel_.receive.count() < 16; --count) {
      const std::uint64_t places[] = {rng_.below(kEnd), rng_.next(), kEnd, kEnd - 1};
      const std::uint64_t sizes[] = {rng_.below(2049), rng_.below(100'000), UINT32_MAX};
      kernel_.receive.put({.addr = places[rng_.below(4)],
                           .len = static_cast<std::uint32_t>(sizes[rng_.below(3)]),
                           .options = static_cast<std::uint32_t>(rng_.below(2))});
    }
    if (kernel_.completion.count() < 8)
      kernel_.completion.put(rng_.below(2) == 0 ? rng_.next() : rng_.below(kEnd));
    queue.receive(pool.pool, batch, counters_);
    std::vector<const std::byte*> chunks;
    for (const Packet* packet : batch.packets()) {
      for (const Packet* slice = packet; slice != nullptr; slice = slice->next_slice()) {
        if (slice->buffer().buffer_class == BufferClass::kExternal) {
          chunks.push_back(slice->buffer().bytes);
        }
      }
      EXPECT_EQ(bytes_of(*packet).size(), packet->size());
    }
    std::ranges::sort(chunks);
    EXPECT_EQ(std::ranges::adjacent_find(chunks), chunks.end());
    std::vector<PacketPtr> packets;
    packets.push_back(packet_of(pool.pool, random_frame(rng_, 100)));
    send(queue, packets);
    if (rng_.below(2) == 0) static_cast<void>(kernel_.transmit.take());
    if (rng_.below(2) == 0) static_cast<void>(kernel_.fill.take());
  }
  EXPECT_GT(counters_.malformed, 1000U);
  EXPECT_FALSE(queue.is_corrupt());
}

TEST_F(QueueTest, ACorruptIndexStopsTheQueue) {
  TestPool pool(kWithExternal);
  Queue queue = kernel_.queue();
  *kernel_.receive.memory().producer += 100;
  PacketBatch batch;
  EXPECT_EQ(queue.receive(pool.pool, batch, counters_), 0U);
  EXPECT_TRUE(queue.is_corrupt());
}

}  // namespace
}  // namespace strata::driver::xdp::queue_test
