// SPDX-License-Identifier: Apache-2.0
#include "packet/byte_queue.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "strata/memory.h"
#include "strata/rng.h"

namespace strata::byte_queue_test {
namespace {

std::vector<std::byte> random_bytes(Rng& rng, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(rng.next());
  return bytes;
}

class ByteQueueTest : public ::testing::Test {
 protected:
  HeapMemory memory_;
  PacketPool pool_{memory_, {.small_buffers = 256, .large_buffers = 8, .extra_descriptors = 512}};
};

TEST_F(ByteQueueTest, ReadsBackWhatWasWritten) {
  Rng rng(1);
  const auto bytes = random_bytes(rng, 100'000);
  ByteQueue queue;
  EXPECT_EQ(queue.write(pool_, bytes), bytes.size());
  EXPECT_EQ(queue.size(), bytes.size());
  std::vector<std::byte> back(bytes.size());
  EXPECT_EQ(queue.read(back), bytes.size());
  EXPECT_EQ(back, bytes);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.buffer_bytes(), 0U);
}

TEST_F(ByteQueueTest, TakesOnlyWhatThePoolHasRoomFor) {
  const std::vector<std::byte> bytes(4'000'000);
  ByteQueue queue;
  const std::size_t written = queue.write(pool_, bytes);
  EXPECT_EQ(written, 256 * kSmallBufferBytes + 8 * kLargeBufferBytes);
  EXPECT_EQ(queue.write(pool_, bytes), 0U);
}

TEST_F(ByteQueueTest, ASharedSliceKeepsItsBytesWhileMoreIsWrittenBehindIt) {
  Rng rng(2);
  const auto first = random_bytes(rng, 700);
  ByteQueue queue;
  ASSERT_EQ(queue.write(pool_, first), first.size());
  const PacketPtr share = queue.share(100, 500);
  ASSERT_NE(share, nullptr);
  ASSERT_EQ(queue.write(pool_, random_bytes(rng, 3000)), 3000U);
  queue.consume(700);
  std::vector<std::byte> seen(500);
  share->copy_out(0, seen);
  EXPECT_TRUE(std::equal(seen.begin(), seen.end(), first.begin() + 100));
}

TEST_F(ByteQueueTest, SmallPayloadsDoNotPinABufferEach) {
  ByteQueue queue;
  for (int i = 0; i < 100; ++i) {
    PacketPtr packet = pool_.allocate();
    ASSERT_NE(packet, nullptr);
    (void)packet->append(10);
    queue.append(std::move(packet));
  }
  EXPECT_EQ(queue.size(), 1000U);
  EXPECT_EQ(queue.buffer_bytes(), kSmallBufferBytes);
}

// Any mixture of calls leaves the bytes that a plain queue of bytes would hold.
TEST_F(ByteQueueTest, EqualsAQueueOfBytesUnderRandomCalls) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Rng rng(seed);
    ByteQueue queue;
    std::deque<std::byte> oracle;
    for (int step = 0; step < 300; ++step) {
      const auto bytes = random_bytes(rng, rng.below(4000));
      switch (rng.below(4)) {
        case 0: {
          const std::size_t written = queue.write(pool_, bytes);
          oracle.insert(oracle.end(), bytes.begin(),
                        bytes.begin() + static_cast<std::ptrdiff_t>(written));
          break;
        }
        case 1: {
          PacketPtr packet = pool_.allocate_for(bytes.size());
          if (packet == nullptr) break;
          copy_bytes(bytes, packet->append(bytes.size()));
          oracle.insert(oracle.end(), bytes.begin(), bytes.end());
          queue.append(std::move(packet));
          break;
        }
        case 2: {
          const std::size_t count = rng.below(oracle.size() + 1);
          queue.consume(count);
          oracle.erase(oracle.begin(), oracle.begin() + static_cast<std::ptrdiff_t>(count));
          break;
        }
        default: {
          if (oracle.empty()) break;
          const std::size_t offset = rng.below(oracle.size());
          const std::size_t count = 1 + rng.below(oracle.size() - offset);
          const PacketPtr share = queue.share(offset, count);
          if (share == nullptr) break;
          std::vector<std::byte> seen(count);
          share->copy_out(0, seen);
          ASSERT_TRUE(std::equal(seen.begin(), seen.end(),
                                 oracle.begin() + static_cast<std::ptrdiff_t>(offset)));
        }
      }
      ASSERT_EQ(queue.size(), oracle.size()) << "seed " << seed << " step " << step;
    }
    std::vector<std::byte> all(queue.size());
    queue.copy_out(0, all);
    ASSERT_TRUE(std::equal(all.begin(), all.end(), oracle.begin(), oracle.end()));
    queue.clear();
    ASSERT_EQ(pool_.descriptors_in_use(), 0U);
  }
}

}  // namespace
}  // namespace strata::byte_queue_test
