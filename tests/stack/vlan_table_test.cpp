// SPDX-License-Identifier: Apache-2.0
#include "stack/vlan_table.h"

#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "strata/memory.h"
#include "strata/rng.h"

namespace strata::stack::vlan_table_test {
namespace {

VlanKey key_of(std::uint16_t outer, std::uint16_t inner = 0) {
  return VlanKey::of(VlanTags{.tags = {{{.id = outer}, {.id = inner}}},
                              .count = static_cast<std::uint8_t>(inner == 0 ? 1 : 2)});
}

// Against a map, through adding, finding and removing in any order.
TEST(VlanTable, FindsWhatIsThereAndNothingElse) {
  HeapMemory memory;
  VlanTable table(memory);
  std::map<std::pair<InterfaceId, std::uint16_t>, InterfaceId> oracle;
  Rng rng(5);
  for (InterfaceId next = 1; next < 5000; ++next) {
    const auto port = static_cast<InterfaceId>(1 + rng.below(3));
    const auto id = static_cast<std::uint16_t>(1 + rng.below(300));
    const auto known = oracle.find({port, id});
    ASSERT_EQ(table.find(port, key_of(id)), known == oracle.end() ? kNoInterface : known->second);
    if (known == oracle.end()) {
      ASSERT_TRUE(table.try_add(port, key_of(id), next));
      oracle[{port, id}] = next;
    } else {
      table.remove(port, key_of(id));
      oracle.erase(known);
    }
  }
}

TEST(VlanTable, TellsTagsApartByTypeNumberAndOrder) {
  HeapMemory memory;
  VlanTable table(memory);
  const VlanKey service = VlanKey::of(VlanTags{.tags = {{{.tpid = 0x88a8, .id = 5}}}, .count = 1});
  InterfaceId next = 1;
  for (const VlanKey& key : {key_of(5), service, key_of(5, 6), key_of(6, 5)}) {
    EXPECT_EQ(table.find(1, key), kNoInterface);
    ASSERT_TRUE(table.try_add(1, key, next++));
  }
  EXPECT_EQ(table.find(1, key_of(5)), 1);
  EXPECT_EQ(table.find(1, service), 2);
  EXPECT_EQ(table.find(1, key_of(5, 6)), 3);
  EXPECT_EQ(table.find(1, key_of(6, 5)), 4);
  EXPECT_EQ(VlanKey::of(VlanTags{.tags = {{{.id = 5, .priority = 7}}}, .count = 1}), key_of(5));
}

TEST(VlanTable, SaysWhenThereIsNoMemory) {
  HeapMemory memory(8);
  VlanTable table(memory);
  EXPECT_FALSE(table.try_add(1, key_of(5), 2));
  EXPECT_EQ(table.find(1, key_of(5)), kNoInterface);
}

}  // namespace
}  // namespace strata::stack::vlan_table_test
