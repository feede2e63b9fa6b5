// SPDX-License-Identifier: Apache-2.0
// Inbox: what it keeps by reference and what it copies, and how it is read.
#include "tcp/receive/inbox.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tcp/receive/rig.h"

namespace strata::tcp::inbox_test {
namespace {

using testing::first_difference;
using testing::stream_text;

void expect_stream_in(const Inbox& inbox, std::uint64_t place) {
  std::vector<std::byte> bytes(inbox.size());
  inbox.copy_out(0, bytes);
  EXPECT_EQ(first_difference(bytes, place), bytes.size());
}

TEST(Inbox, KeepsLargeTextWhereItArrived) {
  HeapMemory memory;
  PacketPool pool(memory, {.small_buffers = 8, .large_buffers = 1});
  Inbox inbox;
  PacketPtr text = stream_text(pool, 0, 1400);
  const std::byte* const bytes = text->bytes().data();
  inbox.append(pool, std::move(text));
  const PacketPtr taken = inbox.take(5000);
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(taken->bytes().data(), bytes);
  EXPECT_TRUE(inbox.empty());
}

TEST(Inbox, CopiesASmallPartOfASharedBuffer) {
  HeapMemory memory;
  PacketPool pool(memory, {.small_buffers = 8, .large_buffers = 1});
  Inbox inbox;
  {
    const PacketPtr whole = stream_text(pool, 0, 20000);
    inbox.append(pool, whole->share(0, 1000));
    inbox.append(pool, whole->share(1000, 9000));
  }
  EXPECT_EQ(pool.large_free(), 1U) << "nothing holds the 64 KB any more";
  EXPECT_EQ(inbox.size(), 10000U);
  expect_stream_in(inbox, 0);
}

TEST(Inbox, CopiesOutOfAPoolThatIsShort) {
  HeapMemory memory;
  PacketPool device(memory, {.small_buffers = 8, .large_buffers = 0});
  PacketPool own(memory, {.small_buffers = 64, .large_buffers = 1});
  Inbox inbox;
  std::vector<PacketPtr> held;
  for (std::uint64_t i = 0; i < 7; ++i) held.push_back(stream_text(device, i * 1400, 1400));
  ASSERT_TRUE(device.is_short());
  std::uint64_t place = 0;
  for (PacketPtr& text : held) {
    inbox.append(own, std::move(text));
    place += 1400;
    if (place == 1400) {
      EXPECT_EQ(device.small_free(), 2U) << "the first went home";
    }
  }
  EXPECT_EQ(inbox.size(), place);
  EXPECT_EQ(device.descriptors_in_use(), 6U) << "with a quarter free, slices are kept again";
  expect_stream_in(inbox, 0);
}

TEST(Inbox, KeepsTheSliceWhenThereIsNoBufferForTheCopy) {
  HeapMemory memory;
  PacketPool pool(memory, {.small_buffers = 4, .large_buffers = 0});
  Inbox inbox;
  std::vector<PacketPtr> held;
  for (std::uint64_t i = 0; i < 4; ++i) held.push_back(stream_text(pool, i * 1400, 1400));
  for (PacketPtr& text : held) inbox.append(pool, std::move(text));
  EXPECT_EQ(inbox.size(), 5600U);
  expect_stream_in(inbox, 0);
}

TEST(Inbox, PacksBulkIntoLargeBuffersWhenSmallOnesAreShort) {
  HeapMemory memory;
  PacketPool pool(memory, {.small_buffers = 16, .large_buffers = 2});
  Inbox inbox;
  inbox.append(pool, stream_text(pool, 0, 20000));  // one of the large ones
  std::vector<PacketPtr> held;
  for (std::uint64_t i = 0; i < 16; ++i) held.push_back(stream_text(pool, 20000 + i * 1400, 1400));
  ASSERT_EQ(pool.small_free(), 0U);
  for (PacketPtr& text : held) inbox.append(pool, std::move(text));
  EXPECT_GE(pool.small_free(), 4U) << "a quarter is free again";
  expect_stream_in(inbox, 0);
}

TEST(Inbox, TakesPartsAcrossSlices) {
  HeapMemory memory;
  PacketPool pool(memory, {.small_buffers = 8, .large_buffers = 0});
  Inbox inbox;
  for (std::uint64_t i = 0; i < 3; ++i) inbox.append(pool, stream_text(pool, i * 1000, 1000));
  const PacketPtr taken = inbox.take(2500);
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(taken->size(), 2500U);
  std::vector<std::byte> bytes(2500);
  taken->copy_out(0, bytes);
  EXPECT_EQ(first_difference(bytes, 0), 2500U);
  EXPECT_EQ(inbox.size(), 500U);
  expect_stream_in(inbox, 2500);
}

TEST(Inbox, TakesLessWhenNoDescriptorIsLeftToCutASlice) {
  HeapMemory memory;
  PacketPool pool(memory, {.small_buffers = 8, .large_buffers = 0, .extra_descriptors = 0});
  Inbox inbox;
  for (std::uint64_t i = 0; i < 2; ++i) inbox.append(pool, stream_text(pool, i * 1000, 1000));
  const PacketPtr other = pool.allocate();
  std::vector<PacketPtr> shares;
  while (PacketPtr share = other->share(0, 0)) shares.push_back(std::move(share));
  EXPECT_EQ(inbox.take(500), nullptr);
  const PacketPtr taken = inbox.take(1500);
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(taken->size(), 1000U);
}

TEST(Inbox, AppendsAPartByReferenceOrByCopy) {
  HeapMemory memory;
  PacketPool pool(memory, {.small_buffers = 8, .large_buffers = 0, .extra_descriptors = 8});
  Inbox inbox;
  PacketPtr text = stream_text(pool, 0, 1400);
  text->append_chain(stream_text(pool, 1400, 1400));
  EXPECT_EQ(inbox.append_part(pool, *text, 5), 5U);
  text->skip(5);
  EXPECT_EQ(inbox.append_part(pool, *text, 2000), 2000U);
  EXPECT_EQ(inbox.size(), 2005U);
  expect_stream_in(inbox, 0);
}

}  // namespace
}  // namespace strata::tcp::inbox_test
