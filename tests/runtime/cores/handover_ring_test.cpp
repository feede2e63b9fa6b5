// SPDX-License-Identifier: Apache-2.0
#include "runtime/cores/handover_ring.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "strata/memory.h"
#include "strata/packet_pool.h"

namespace strata::runtime::handover_ring_test {
namespace {

using Purpose = HandoverRing::Purpose;

struct Pool {
  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 64, .large_buffers = 0}};

  PacketPtr number(std::uint64_t value) {
    PacketPtr packet = pool.allocate();
    if (packet != nullptr) std::memcpy(packet->append(8).data(), &value, 8);
    return packet;
  }
};

std::uint64_t number_in(const Packet& packet) {
  std::uint64_t value = 0;
  std::memcpy(&value, packet.bytes().data(), 8);
  return value;
}

TEST(HandoverRing, KeepsOrderAndPurpose) {
  Pool giver;
  HandoverRing ring(4);
  ring.give(giver.number(1), Purpose::kArrived);
  ring.give(giver.number(2), Purpose::kDeparting);
  EXPECT_EQ(ring.front().packet, nullptr) << "not published yet";
  ring.publish();
  EXPECT_TRUE(ring.has_waiting());
  ASSERT_NE(ring.front().packet, nullptr);
  EXPECT_EQ(number_in(*ring.front().packet), 1U);
  EXPECT_EQ(ring.front().purpose, Purpose::kArrived);
  ring.pop();
  EXPECT_EQ(number_in(*ring.front().packet), 2U);
  EXPECT_EQ(ring.front().purpose, Purpose::kDeparting);
  ring.pop();
  EXPECT_EQ(ring.front().packet, nullptr);
  EXPECT_FALSE(ring.has_waiting());
}

TEST(HandoverRing, PacketsGoBackToTheirPoolThroughTheGiver) {
  Pool giver;
  HandoverRing ring(2);
  ring.give(giver.number(1), Purpose::kArrived);
  ring.give(giver.number(2), Purpose::kArrived);
  ring.publish();
  EXPECT_EQ(ring.room(), 0U);
  ASSERT_NE(ring.front().packet, nullptr);
  ring.pop();
  EXPECT_EQ(ring.room(), 0U) << "the taker has not said that it is done";
  ring.release();
  EXPECT_EQ(giver.pool.descriptors_in_use(), 2U) << "and then it is the giver who frees";
  EXPECT_EQ(ring.room(), 1U);
  EXPECT_EQ(giver.pool.descriptors_in_use(), 1U);
}

TEST(HandoverRing, ClearGivesBackWhatNobodyTook) {
  Pool giver;
  {
    HandoverRing ring(8);
    for (std::uint64_t i = 0; i < 5; ++i) ring.give(giver.number(i), Purpose::kArrived);
    ring.publish();
    ASSERT_NE(ring.front().packet, nullptr);
    ring.pop();
    ring.clear();
    EXPECT_EQ(giver.pool.descriptors_in_use(), 0U);
    EXPECT_EQ(ring.front().packet, nullptr);
    ring.give(giver.number(9), Purpose::kArrived);
    ring.publish();
    EXPECT_EQ(number_in(*ring.front().packet), 9U) << "it can be used again";
  }
  EXPECT_EQ(giver.pool.descriptors_in_use(), 0U) << "its end gives back the rest";
}

TEST(HandoverRing, TwoThreadsSeeEachPacketOnceAndInOrder) {
  constexpr std::uint64_t kCount = 4000;
  Pool giver;
  HandoverRing ring(32);
  std::thread taker([&ring] {
    for (std::uint64_t next = 0; next < kCount;) {
      const HandoverRing::Offer offer = ring.front();
      if (offer.packet == nullptr) {
        std::this_thread::yield();
        continue;
      }
      STRATA_CHECK(number_in(*offer.packet) == next);
      ++next;
      ring.pop();
      ring.release();
    }
  });
  for (std::uint64_t given = 0; given < kCount;) {
    if (ring.room() == 0) {
      std::this_thread::yield();
      continue;
    }
    ring.give(giver.number(given++), Purpose::kArrived);
    ring.publish();
  }
  taker.join();
  ring.take_back();
  EXPECT_EQ(giver.pool.descriptors_in_use(), 0U);
}

}  // namespace
}  // namespace strata::runtime::handover_ring_test
