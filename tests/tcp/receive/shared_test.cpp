// SPDX-License-Identifier: Apache-2.0
// What receivers share: entries of slabs are bounded and cost nothing when nobody needs them.
#include "tcp/receive/shared.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace strata::tcp::shared_test {
namespace {

TEST(ReceiverShared, HasAnEntryForEachConnectionAndNoMore) {
  HeapMemory memory;
  const TcpConfig config{.connections_max = 2};
  ReceiverSlabs slabs(memory, config);
  EXPECT_EQ(memory.bytes_used(), 0U);
  const Index first = slabs.disorders().try_create(memory, 10U);
  const Index second = slabs.disorders().try_create(memory, 10U);
  EXPECT_NE(first, kNoIndex);
  EXPECT_NE(second, kNoIndex);
  EXPECT_EQ(slabs.disorders().try_create(memory, 10U), kNoIndex);
  slabs.disorders().destroy(first);
  slabs.disorders().destroy(second);
  EXPECT_EQ(slabs.in_use(), 0U);
}

TEST(ReceiverShared, KeepsAFewInboxesThatNobodyUses) {
  HeapMemory memory;
  ReceiverSlabs slabs(memory, {.connections_max = 100});
  std::vector<Index> taken;
  for (int i = 0; i < 100; ++i) taken.push_back(slabs.take_inbox());
  EXPECT_EQ(slabs.in_use(), 100U);
  for (const Index inbox : taken) slabs.give_back_inbox(inbox);
  EXPECT_EQ(slabs.in_use(), 0U);
  EXPECT_LT(slabs.inboxes().size(), 50U);
  const std::uint32_t kept = slabs.inboxes().size();
  slabs.give_back_inbox(slabs.take_inbox());
  EXPECT_EQ(slabs.inboxes().size(), kept);
}

TEST(ReceiverShared, NeedsDisorderOnlyWhileSomethingIsOutOfTheOrdinary) {
  HeapMemory memory;
  PacketPool pool(memory, {.small_buffers = 2, .large_buffers = 0});
  Disorder disorder(memory, 10);
  EXPECT_FALSE(disorder.is_needed());
  disorder.fin = 7;
  EXPECT_TRUE(disorder.is_needed());
  disorder.fin.reset();
  disorder.owed.push({});
  EXPECT_TRUE(disorder.is_needed());
  disorder.owed.pop();
  disorder.urgent.on_pointer(9, 0);
  EXPECT_TRUE(disorder.is_needed());
  disorder.urgent.on_read(9);
  PacketPtr text = pool.allocate();
  (void)text->append(4);
  disorder.reassembly.add(pool, 100, std::move(text));
  EXPECT_TRUE(disorder.is_needed());
  disorder.reassembly.clear();
  EXPECT_FALSE(disorder.is_needed());
}

}  // namespace
}  // namespace strata::tcp::shared_test
