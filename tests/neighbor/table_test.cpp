// SPDX-License-Identifier: Apache-2.0
#include "neighbor/table.h"

#include <gtest/gtest.h>

#include "strata/memory.h"

namespace strata::neighbor::table_test {
namespace {

using std::chrono::seconds;

IpAddress numbered(std::uint32_t number) { return IpAddress::v4(0x0a00'0000 + number); }

class TableTest : public testing::Test {
 protected:
  Entry& add(std::uint32_t number, Shelf shelf) {
    Entry* const entry = table.insert(numbered(number));
    EXPECT_NE(entry, nullptr);
    table.move_to(*entry, shelf);
    return *entry;
  }
  HeapMemory memory;
  Table table{memory, SipKey{1, 2}, 8, seconds(60)};
  Time now{seconds(1000)};
};

TEST_F(TableTest, FindsWhatWasInsertedUntilItIsErased) {
  Entry& entry = add(1, Shelf::kResolved);
  EXPECT_EQ(table.find(numbered(1)), &entry);
  EXPECT_EQ(table.find(numbered(2)), nullptr);
  table.remember(entry);
  EXPECT_EQ(table.recent(numbered(1)), &entry);
  table.erase(entry);
  EXPECT_EQ(table.find(numbered(1)), nullptr);
  EXPECT_EQ(table.recent(numbered(1)), nullptr);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST_F(TableTest, HoldsNoMoreThanItsLimit) {
  for (std::uint32_t i = 0; i < 8; ++i) add(i, Shelf::kIncomplete);
  EXPECT_TRUE(table.full());
  EXPECT_EQ(table.insert(numbered(9)), nullptr);
}

TEST_F(TableTest, ShedsInTheOrderOfItsShelves) {
  for (const Shelf shelf : {Shelf::kPinned, Shelf::kRouter, Shelf::kResolved, Shelf::kIncomplete,
                            Shelf::kUnproven, Shelf::kFailed}) {
    add(static_cast<std::uint32_t>(shelf), shelf);
  }
  const auto shed = [&](Origin origin) {
    Entry* const victim = table.victim(origin, now);
    if (victim == nullptr) return Shelf::kPinned;
    const Shelf shelf = victim->shelf;
    table.erase(*victim);
    return shelf;
  };
  EXPECT_EQ(shed(Origin::kStranger), Shelf::kUnproven);
  EXPECT_EQ(shed(Origin::kOurPacket), Shelf::kFailed);
  EXPECT_EQ(shed(Origin::kOurPacket), Shelf::kIncomplete);
  add(7, Shelf::kIncomplete);
  EXPECT_EQ(shed(Origin::kStranger), Shelf::kResolved);
  EXPECT_EQ(table.victim(Origin::kStranger, now), nullptr) << "never an address being resolved";
  EXPECT_EQ(shed(Origin::kOurPacket), Shelf::kIncomplete);
  EXPECT_EQ(table.victim(Origin::kOurPacket, now), nullptr) << "never a router";
}

TEST_F(TableTest, ShedsTheOldestOfAShelfFirst) {
  Entry& oldest = add(1, Shelf::kUnproven);
  Entry& newest = add(2, Shelf::kUnproven);
  EXPECT_EQ(table.victim(Origin::kStranger, now), &oldest);
  table.move_to(oldest, Shelf::kResolved);
  EXPECT_EQ(table.victim(Origin::kStranger, now), &newest);
}

TEST_F(TableTest, GivesProvenNeighborsInUseASecondChance) {
  Entry& used = add(1, Shelf::kResolved);
  used.is_proven = true;
  used.last_used = now;
  EXPECT_EQ(table.victim(Origin::kStranger, now), nullptr);
  EXPECT_EQ(table.victim(Origin::kOurPacket, now), &used) << "our own packets come first";
  Entry& idle = add(2, Shelf::kResolved);
  idle.is_proven = true;
  idle.last_used = now - seconds(60);
  EXPECT_EQ(table.victim(Origin::kStranger, now), &idle);
  Entry& unproven = add(3, Shelf::kResolved);
  unproven.last_used = now;
  table.erase(idle);
  EXPECT_EQ(table.victim(Origin::kStranger, now), &unproven);
}

}  // namespace
}  // namespace strata::neighbor::table_test
