// SPDX-License-Identifier: Apache-2.0
#include "base/shared_ring.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <thread>
#include <vector>

#include "strata/rng.h"

namespace strata::shared_ring_test {
namespace {

constexpr std::uint32_t kCapacity = 16;

TEST(SharedRing, IsEmptyWhenItsMemoryIsZero) {
  SharedRingIndices shared;
  SharedRingProducer producer(shared, kCapacity);
  SharedRingConsumer consumer(shared, kCapacity);
  EXPECT_EQ(producer.room()->length(), kCapacity);
  EXPECT_EQ(consumer.readable()->length(), 0U);
}

TEST(SharedRing, ShowsOnlyWhatWasPublishedAndConsumed) {
  SharedRingIndices shared;
  SharedRingProducer producer(shared, kCapacity);
  SharedRingConsumer consumer(shared, kCapacity);
  ASSERT_TRUE(producer.room());
  producer.publish(10);
  EXPECT_EQ(producer.room()->length(), 6U);
  EXPECT_EQ(consumer.readable()->length(), 10U);
  consumer.consume(4);
  EXPECT_EQ(consumer.readable()->length(), 6U);
  EXPECT_EQ(producer.room()->length(), 10U);
}

TEST(SharedRing, APartThatWrapsHasTwoPieces) {
  SharedRingIndices shared;
  SharedRingProducer producer(shared, kCapacity);
  SharedRingConsumer consumer(shared, kCapacity);
  producer.publish(12);
  ASSERT_TRUE(consumer.readable());
  consumer.consume(12);
  const SharedRingPart part = *producer.room();
  EXPECT_EQ(part.pieces[0].offset, 12U);
  EXPECT_EQ(part.pieces[0].length, 4U);
  EXPECT_EQ(part.pieces[1].offset, 0U);
  EXPECT_EQ(part.pieces[1].length, 12U);
  producer.publish(5);
  EXPECT_EQ(consumer.readable()->pieces[1].length, 1U);
}

TEST(SharedRing, IndicesMayOverflow) {
  constexpr std::uint32_t kLarge = std::uint32_t{1} << 31U;
  SharedRingIndices shared;
  SharedRingProducer producer(shared, kLarge);
  SharedRingConsumer consumer(shared, kLarge);
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(producer.room()->length(), kLarge);
    producer.publish(kLarge);
    ASSERT_EQ(producer.room()->length(), 0U);
    ASSERT_EQ(consumer.readable()->length(), kLarge);
    consumer.consume(kLarge);
  }
}

TEST(SharedRing, ATailPastTheRoomIsCorruption) {
  SharedRingIndices shared;
  SharedRingConsumer consumer(shared, kCapacity);
  shared.tail = kCapacity + 1;
  EXPECT_EQ(consumer.readable().error(), Error::kCorrupted);
  EXPECT_TRUE(consumer.is_corrupted());
}

TEST(SharedRing, ATailThatRunsBackIsCorruption) {
  SharedRingIndices shared;
  SharedRingConsumer consumer(shared, kCapacity);
  shared.tail = 8;
  ASSERT_EQ(consumer.readable()->length(), 8U);
  consumer.consume(2);
  shared.tail = 7;
  EXPECT_EQ(consumer.readable().error(), Error::kCorrupted);
}

TEST(SharedRing, AHeadPastTheTailIsCorruption) {
  SharedRingIndices shared;
  SharedRingProducer producer(shared, kCapacity);
  producer.publish(3);
  shared.head = 4;
  EXPECT_EQ(producer.room().error(), Error::kCorrupted);
}

TEST(SharedRing, AHeadThatRunsBackIsCorruption) {
  SharedRingIndices shared;
  SharedRingProducer producer(shared, kCapacity);
  producer.publish(8);
  shared.head = 5;
  ASSERT_EQ(producer.room()->length(), 13U);
  shared.head = 4;
  EXPECT_EQ(producer.room().error(), Error::kCorrupted);
}

TEST(SharedRing, CorruptionIsForGood) {
  SharedRingIndices shared;
  SharedRingConsumer consumer(shared, kCapacity);
  shared.tail = 1000;
  ASSERT_FALSE(consumer.readable());
  shared.tail = 4;
  EXPECT_EQ(consumer.readable().error(), Error::kCorrupted);
}

TEST(SharedRing, ScribblingOverTheOwnIndexDoesNotMoveIt) {
  SharedRingIndices shared;
  SharedRingConsumer consumer(shared, kCapacity);
  shared.tail = 8;
  ASSERT_TRUE(consumer.readable());
  consumer.consume(3);
  shared.head = 999;
  EXPECT_EQ(consumer.readable()->length(), 5U);
  consumer.consume(1);
  EXPECT_EQ(shared.head, 4U);
}

TEST(SharedRing, WhateverThePeerWritesPartsStayInside) {
  Rng rng(11);
  for (int round = 0; round < 2000; ++round) {
    SharedRingIndices shared;
    SharedRingConsumer consumer(shared, kCapacity);
    SharedRingProducer producer(shared, kCapacity);
    for (int i = 0; i < 20; ++i) {
      const bool is_wild = rng.chance({1, 8});
      const auto written = static_cast<std::uint32_t>(is_wild ? rng.next() : rng.below(40));
      (rng.chance({1, 2}) ? shared.tail : shared.head) = written;
      for (const auto& part : {consumer.readable(), producer.room()}) {
        if (!part) continue;
        ASSERT_LE(part->length(), kCapacity);
        for (const auto& piece : part->pieces) ASSERT_LE(piece.offset + piece.length, kCapacity);
      }
      if (const auto part = consumer.readable()) {
        consumer.consume(static_cast<std::uint32_t>(rng.below(part->length() + 1)));
      }
      if (const auto part = producer.room()) {
        producer.publish(static_cast<std::uint32_t>(rng.below(part->length() + 1)));
      }
    }
  }
}

TEST(SharedRingDeathTest, TakingMoreThanWasOfferedIsABugOfOurs) {
  SharedRingIndices shared;
  SharedRingConsumer consumer(shared, kCapacity);
  SharedRingProducer producer(shared, kCapacity);
  EXPECT_DEATH(consumer.consume(1), "");
  EXPECT_DEATH(producer.publish(kCapacity + 1), "");
  EXPECT_DEATH(SharedRingConsumer(shared, 12), "");
}

void send_bytes(SharedRingIndices& shared, std::span<std::uint8_t> data, std::uint32_t total) {
  SharedRingProducer producer(shared, static_cast<std::uint32_t>(data.size()));
  Rng rng(12);
  for (std::uint32_t sent = 0; sent < total;) {
    const auto room = producer.room();
    if (!room) return;
    const std::uint32_t room_length = std::min(room->length(), total - sent);
    const auto count = static_cast<std::uint32_t>(rng.below(room_length + 1));
    if (count == 0) std::this_thread::yield();
    std::uint32_t filled = 0;
    for (const auto& piece : room->pieces) {
      for (std::uint32_t i = 0; i < piece.length && filled < count; ++i, ++filled) {
        data[piece.offset + i] = static_cast<std::uint8_t>((sent + filled) * 31U);
      }
    }
    producer.publish(count);
    sent += count;
  }
}

TEST(SharedRing, CarriesAStreamBetweenThreads) {
  constexpr std::uint32_t kTotal = 300'000;
  SharedRingIndices shared;
  std::vector<std::uint8_t> data(256);
  std::jthread sender([&] { send_bytes(shared, data, kTotal); });
  SharedRingConsumer consumer(shared, 256);
  std::uint32_t received = 0;
  while (received < kTotal) {
    const auto part = consumer.readable();
    ASSERT_TRUE(part);
    if (part->length() == 0) std::this_thread::yield();
    for (const auto& piece : part->pieces) {
      for (std::uint32_t i = 0; i < piece.length; ++i, ++received) {
        ASSERT_EQ(data[piece.offset + i], static_cast<std::uint8_t>(received * 31U));
      }
    }
    consumer.consume(part->length());
  }
}

}  // namespace
}  // namespace strata::shared_ring_test
