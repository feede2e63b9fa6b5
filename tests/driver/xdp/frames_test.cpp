// SPDX-License-Identifier: Apache-2.0
#include "driver/xdp/frames.h"

#include <gtest/gtest.h>

#include <set>

#include "driver/packets.h"

namespace strata::driver::xdp::frames_test {
namespace {

constexpr std::size_t kChunk = 2048;

TEST(Frames, EveryChunkIsInOnePlace) {
  const auto umem = Umem::make(12 * kChunk, kChunk);
  const Frames::Owner frames = Frames::make(umem, 4, 8);
  std::set<std::uint64_t> taken;
  while (const auto address = frames->take_to_fill()) {
    EXPECT_GE(*address, 4 * kChunk);
    EXPECT_LT(*address, 12 * kChunk);
    EXPECT_TRUE(taken.insert(*address).second);
  }
  EXPECT_EQ(taken.size(), 8U);
  EXPECT_EQ(frames->free_count(), 0U);
  const std::uint64_t first = *taken.begin();
  EXPECT_FALSE(frames->give_back_sent(first)) << "it was not to be sent";
  const auto arrival = frames->arrive(first + 300, 100);
  ASSERT_TRUE(arrival);
  EXPECT_EQ(frames->bytes_of(*arrival).data(), umem->memory() + first + 300);
  EXPECT_FALSE(frames->arrive(first + 300, 100)) << "it has arrived";
  EXPECT_EQ(frames->held_count(), 1U);
  frames->give_back(*arrival);
  EXPECT_EQ(frames->free_count(), 1U);
  const auto to_send = frames->take_to_send();
  ASSERT_TRUE(to_send);
  EXPECT_FALSE(frames->arrive(*to_send, 100)) << "it is being sent";
  EXPECT_TRUE(frames->give_back_sent(*to_send + 5)) << "anywhere in it";
  EXPECT_FALSE(frames->give_back_sent(*to_send)) << "once";
}

TEST(Frames, RefuseWhatLeavesAChunkOrIsAnothers) {
  const auto umem = Umem::make(12 * kChunk, kChunk);
  const Frames::Owner frames = Frames::make(umem, 4, 8);
  const std::uint64_t address = *frames->take_to_fill();
  EXPECT_FALSE(frames->arrive(address + 1, kChunk));
  EXPECT_EQ(frames->free_count(), 8U) << "the chunk is ours again";
  EXPECT_FALSE(frames->arrive(0, 10)) << "of another queue";
  EXPECT_FALSE(frames->arrive(12 * kChunk, 10));
  EXPECT_FALSE(frames->arrive(UINT64_MAX, 10));
}

TEST(Frames, AreShortWhenPacketsHoldThreeQuarters) {
  TestPool pool(
      {.small_buffers = 1, .large_buffers = 0, .external_buffers = 16, .extra_descriptors = 0});
  Frames::Owner frames = Frames::make(Umem::make(16 * kChunk, kChunk), 0, 16);
  std::vector<PacketPtr> packets;
  for (int i = 0; i < 13; ++i) {
    EXPECT_FALSE(frames->is_short());
    const auto arrival = frames->arrive(*frames->take_to_fill() + 256, 60);
    packets.push_back(frames->adopt(*arrival, pool.pool));
    ASSERT_NE(packets.back(), nullptr);
  }
  EXPECT_TRUE(frames->is_short());
  packets.pop_back();
  EXPECT_FALSE(frames->is_short());
  EXPECT_EQ(frames->free_count(), 4U);
  frames = nullptr;
  EXPECT_EQ(packets.back()->size(), 60U) << "as long as there is a packet";
}

}  // namespace
}  // namespace strata::driver::xdp::frames_test
