// SPDX-License-Identifier: Apache-2.0
#include "base/handle_table.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "base/checked_memory.h"

namespace strata::handle_table_test {
namespace {

TEST(HandleTable, FindsWhatLives) {
  CheckedMemory memory;
  HandleTable<int> table(memory, 10);
  const Handle handle = table.try_create(5);
  ASSERT_TRUE(handle);
  EXPECT_EQ(*table.find(handle), 5);
  EXPECT_EQ(table[handle.index], 5);
  EXPECT_EQ(table.handle_of(handle.index), handle);
  EXPECT_EQ(table.size(), 1U);
}

TEST(HandleTable, AStaleHandleFindsNothingAndDestroysNothing) {
  CheckedMemory memory;
  HandleTable<int> table(memory, 10);
  const Handle old = table.try_create(5);
  EXPECT_TRUE(table.destroy(old));
  EXPECT_EQ(table.find(old), nullptr);
  EXPECT_FALSE(table.destroy(old));
  const Handle young = table.try_create(6);
  EXPECT_EQ(young.index, old.index);
  EXPECT_EQ(table.find(old), nullptr);
  EXPECT_FALSE(table.destroy(old));
  EXPECT_EQ(*table.find(young), 6);
}

TEST(HandleTable, FindsByItsPlaceWhoeverLivesThere) {
  CheckedMemory memory;
  HandleTable<int> table(memory, 10);
  EXPECT_EQ(table.find(kNoIndex), nullptr);
  const Handle old = table.try_create(5);
  EXPECT_EQ(*table.find(old.index), 5);
  EXPECT_TRUE(table.destroy(old));
  EXPECT_EQ(table.find(old.index), nullptr);
  const Handle young = table.try_create(6);
  ASSERT_EQ(young.index, old.index);
  EXPECT_EQ(*table.find(old.index), 6);
}

TEST(HandleTable, AHandleThatNamesNothingFindsNothing) {
  CheckedMemory memory;
  HandleTable<int> table(memory, 10);
  EXPECT_FALSE(Handle{});
  EXPECT_EQ(table.find(Handle{}), nullptr);
  EXPECT_EQ(table.find({0, 0}), nullptr);
  EXPECT_EQ(table.find({1'000'000, 1}), nullptr);
  EXPECT_FALSE(table.destroy(Handle{}));
}

TEST(HandleTable, HandlesStayStaleAfterTheirChunkWentBackToMemory) {
  CheckedMemory memory;
  HandleTable<int> table(memory, 10);
  std::set<Handle> seen;
  for (int i = 0; i < 100; ++i) {
    const Handle handle = table.try_create(i);
    for (const Handle& old : seen) ASSERT_EQ(table.find(old), nullptr);
    ASSERT_TRUE(seen.insert(handle).second);
    ASSERT_TRUE(table.destroy(handle));
    ASSERT_EQ(memory.bytes_used(), 0U);
  }
}

TEST(HandleTable, AnswersFullAndOutOfMemoryWithAFalseHandle) {
  CheckedMemory memory;
  HandleTable<Counted> table(memory, 2);
  memory.fail(true);
  EXPECT_FALSE(table.try_create(1));
  memory.fail(false);
  EXPECT_TRUE(table.try_create(1));
  EXPECT_TRUE(table.try_create(2));
  EXPECT_TRUE(table.full());
  EXPECT_FALSE(table.try_create(3));
  table.clear();
  EXPECT_EQ(Counted::alive, 0);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(HandleTable, IteratesInTheOrderOfIndices) {
  CheckedMemory memory;
  HandleTable<int> table(memory, 200);
  std::vector<Handle> handles;
  for (int i = 0; i < 200; ++i) handles.push_back(table.try_create(i));
  for (std::size_t i = 0; i < 200; i += 2) table.destroy(handles[i]);
  int expected = 1;
  for (Index i = table.next_used(0); i != kNoIndex; i = table.next_used(i + 1)) {
    EXPECT_EQ(table[i], expected);
    expected += 2;
  }
  EXPECT_EQ(expected, 201);
}

}  // namespace
}  // namespace strata::handle_table_test
