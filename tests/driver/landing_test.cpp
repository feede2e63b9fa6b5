// SPDX-License-Identifier: Apache-2.0
#include "driver/landing.h"

#include <gtest/gtest.h>

#include <vector>

#include "driver/packets.h"

namespace strata::driver::landing_test {
namespace {

// As a read would.
void scatter(Bytes bytes, std::span<const iovec> slices) {
  for (const iovec& slice : slices) {
    const std::size_t here = std::min(bytes.size(), slice.iov_len);
    copy_bytes(bytes.first(here), MutableBytes(static_cast<std::byte*>(slice.iov_base), here));
    bytes = bytes.subspan(here);
  }
  ASSERT_TRUE(bytes.empty());
}

TEST(Landing, HoldsFramesOfEveryLength) {
  TestPool pool;
  LandingScratch scratch(kFrameBytesMax);
  Landing landing(pool.pool, scratch);
  Rng rng(1);
  for (const std::size_t size : {1UL, 60UL, 1856UL, 1857UL, 4000UL, 8000UL, 8001UL, 65'000UL}) {
    const auto bytes = random_frame(rng, size);
    scatter(bytes, landing.slices());
    const PacketPtr packet = landing.take(size);
    ASSERT_NE(packet, nullptr);
    EXPECT_EQ(bytes_of(*packet), bytes);
    EXPECT_EQ(packet->headroom(), kHeadroom);
    EXPECT_EQ(packet->is_chain(), size > kSmallBufferBytes - kHeadroom);
  }
}

TEST(Landing, DoesWithoutLargeBuffersWhileThereAreSmallOnes) {
  TestPool pool(
      {.small_buffers = 8, .large_buffers = 0, .external_buffers = 0, .extra_descriptors = 0});
  LandingScratch scratch(kFrameBytesMax);
  Landing landing(pool.pool, scratch);
  Rng rng(2);
  const auto bytes = random_frame(rng, 10'000);
  scatter(bytes, landing.slices());
  EXPECT_EQ(bytes_of(*landing.take(bytes.size())), bytes);
  const auto longer = random_frame(rng, 30'000);
  scatter(longer, landing.slices());
  EXPECT_EQ(landing.take(longer.size()), nullptr) << "more than the pool has";
  EXPECT_EQ(pool.pool.descriptors_in_use(), 0U);
}

TEST(Landing, WithoutAnyBufferTheFrameIsStillRead) {
  TestPool pool(
      {.small_buffers = 0, .large_buffers = 0, .external_buffers = 0, .extra_descriptors = 0});
  LandingScratch scratch(kFrameBytesMax);
  Landing landing(pool.pool, scratch);
  EXPECT_EQ(landing.slices()[0].iov_len, 0U);
  EXPECT_EQ(landing.slices()[1].iov_len, kFrameBytesMax);
  EXPECT_EQ(landing.take(100), nullptr);
}

TEST(Gather, NamesSlicesOrCopiesThem) {
  TestPool pool;
  LandingScratch scratch(kFrameBytesMax);
  Rng rng(3);
  const auto bytes = random_frame(rng, 5000);
  const PacketPtr packet = chain_of(pool.pool, bytes, 1000);
  std::array<iovec, 5> room{};
  for (const std::size_t count : {5UL, 4UL}) {
    const std::size_t slices = gather(*packet, std::span(room).first(count), scratch);
    EXPECT_EQ(slices, count == 5 ? 5U : 1U);
    std::vector<std::byte> gathered;
    for (const iovec& slice : std::span(room).first(slices)) {
      const auto* from = static_cast<const std::byte*>(slice.iov_base);
      gathered.insert(gathered.end(), from, from + slice.iov_len);
    }
    EXPECT_EQ(gathered, bytes);
  }
}

}  // namespace
}  // namespace strata::driver::landing_test
