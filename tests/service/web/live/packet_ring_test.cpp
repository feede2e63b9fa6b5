// SPDX-License-Identifier: Apache-2.0
#include "service/web/live/packet_ring.h"

#include <gtest/gtest.h>

#include <thread>

namespace strata::service::packet_ring_test {
namespace {

SeenPacket packet(std::size_t size) { return {.size = size}; }

TEST(PacketRing, NumbersWhatItKeepsAndCountsWhatItMisses) {
  PacketRing ring(nullptr);
  for (std::size_t i = 0; i < PacketRing::kPacketsMax + 5; ++i) ring.offer(packet(i));
  const auto first = ring.take();
  ASSERT_EQ(first.size(), PacketRing::kPacketsMax);
  EXPECT_EQ(first.front().number, 1U);
  EXPECT_EQ(first.back().size, PacketRing::kPacketsMax - 1);
  EXPECT_EQ(ring.missed(), 5U);
  EXPECT_TRUE(ring.take().empty());
  ring.offer(packet(1));
  EXPECT_EQ(ring.take().front().number, PacketRing::kPacketsMax + 1);
}

TEST(PacketRing, ShowsABurstWholeAndASampleOfWhatGoesOn) {
  PacketRing ring(nullptr);
  EXPECT_EQ(ring.room(), PacketRing::kPacketsMax);
  for (std::size_t i = 0; i < PacketRing::kPacketsMax; ++i) ring.offer(packet(i));
  EXPECT_FALSE(ring.has_room());
  EXPECT_EQ(ring.take().size(), PacketRing::kPacketsMax);
  for (int takes = 0; takes < 3; ++takes) {
    for (int i = 0; i < 1000; ++i) ring.offer(packet(1));
    EXPECT_EQ(ring.take().size(), PacketRing::kPacketsPerTake);
  }
  EXPECT_EQ(ring.missed(), 3 * (1000 - PacketRing::kPacketsPerTake));
  for (int takes = 0; takes < 5; ++takes) EXPECT_TRUE(ring.take().empty());
  EXPECT_EQ(ring.room(), PacketRing::kPacketsMax) << "a quiet time makes room for a burst";
}

// Nobody looks at what finds no room.
TEST(PacketRing, AsksNothingWithoutRoom) {
  std::size_t asked = 0;
  PacketRing ring([&](Medium, Bytes, std::size_t) { return ++asked != 0; });
  for (std::size_t i = 0; i < PacketRing::kPacketsMax + 7; ++i) ring.offer(packet(1));
  ring.miss(3);
  EXPECT_EQ(asked, PacketRing::kPacketsMax);
  EXPECT_EQ(ring.missed(), 10U);
}

TEST(PacketRing, KeepsWhatIsWished) {
  PacketRing ring([](Medium, Bytes, std::size_t size) { return size == 2; });
  for (std::size_t size = 0; size < 5; ++size) ring.offer(packet(size));
  EXPECT_EQ(ring.take().size(), 1U);
  EXPECT_EQ(ring.missed(), 0U);
}

// Every packet is kept or counted, whoever offers it.
TEST(PacketRing, IsFilledByManyCores) {
  constexpr std::size_t kEach = 20'000;
  PacketRing ring(nullptr);
  std::size_t taken = 0;
  {
    std::jthread one([&] {
      for (std::size_t i = 0; i < kEach; ++i) ring.offer(packet(1));
    });
    std::jthread other([&] {
      for (std::size_t i = 0; i < kEach; ++i) ring.offer(packet(2));
    });
    for (int i = 0; i < 1000; ++i) taken += ring.take().size();
  }
  taken += ring.take().size();
  EXPECT_EQ(taken + ring.missed(), 2 * kEach);
}

}  // namespace
}  // namespace strata::service::packet_ring_test
