// SPDX-License-Identifier: Apache-2.0
#include "neighbor/parking.h"

#include <gtest/gtest.h>

#include "strata/memory.h"
#include "strata/packet_pool.h"

namespace strata::neighbor::parking_test {
namespace {

class ParkingTest : public testing::Test {
 protected:
  std::optional<Undeliverable> park(Entry& entry) { return parking.park(entry, pool.allocate()); }

  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 16, .large_buffers = 0, .extra_descriptors = 0}};
  Parking parking{memory, 4, 3};
  Entry first;
  Entry second;
};

TEST_F(ParkingTest, KeepsPacketsInOrderUntilTheyAreTaken) {
  PacketPtr packet = pool.allocate();
  const Packet* const oldest = packet.get();
  EXPECT_FALSE(parking.park(first, std::move(packet)));
  EXPECT_FALSE(park(first));
  EXPECT_EQ(parking.unpark(first).get(), oldest);
  EXPECT_NE(parking.unpark(first), nullptr);
  EXPECT_EQ(parking.unpark(first), nullptr);
  EXPECT_EQ(parking.size(), 0U);
}

TEST_F(ParkingTest, DisplacesTheOldestOfTheSameEntryAndThenOfAll) {
  first.address = IpAddress::v4(10, 0, 0, 1);
  second.address = IpAddress::v4(10, 0, 0, 2);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(park(first));
  EXPECT_EQ(park(first)->next_hop, first.address);
  EXPECT_FALSE(park(second));
  EXPECT_EQ(park(second)->next_hop, first.address) << "the oldest of all";
  EXPECT_EQ(first.packets.size(), 2U);
  EXPECT_EQ(second.packets.size(), 2U);
  parking.give_up(first, DropReason::kNeighborUnresolved);
  parking.give_up(second, DropReason::kNeighborUnresolved);
}

TEST_F(ParkingTest, DisplacesWhatIsGivenUpButNotYetFetched) {
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(park(first));
  EXPECT_FALSE(park(second));
  parking.give_up(first, DropReason::kInterfaceDown);
  parking.give_up(second, DropReason::kNeighborUnresolved);
  EXPECT_EQ(park(second)->reason, DropReason::kInterfaceDown);
  parking.give_up(second, DropReason::kNeighborUnresolved);
  std::size_t left = 0;
  while (parking.next_undeliverable()) ++left;
  EXPECT_EQ(left, 4U);
  EXPECT_FALSE(parking.has_undeliverable());
}

TEST_F(ParkingTest, GivesThePacketBackWhenThereIsNoMemory) {
  HeapMemory none(0);
  Parking full(none, 4, 3);
  const auto back = full.park(first, pool.allocate());
  ASSERT_TRUE(back);
  EXPECT_NE(back->packet, nullptr);
  EXPECT_EQ(back->reason, DropReason::kNeighborQueueFull);
}

}  // namespace
}  // namespace strata::neighbor::parking_test
