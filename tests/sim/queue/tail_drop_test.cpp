// SPDX-License-Identifier: Apache-2.0
#include "sim/queue/tail_drop.h"

#include <gtest/gtest.h>

#include <vector>

#include "sim/lab.h"
#include "strata/memory.h"

namespace strata::sim::tail_drop_test {
namespace {

struct TailDropTest : testing::Test, QueueDiscipline::Drops {
  void drop(PacketPtr frame) override { dropped.push_back(number_in(frame->bytes())); }
  [[nodiscard]] PacketPtr packet(std::uint64_t number, std::size_t size = 64) {
    PacketPtr made = pool.allocate_for(size);
    copy_bytes(numbered_frame(number, size), made->append(size));
    return made;
  }

  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 16, .large_buffers = 0, .extra_descriptors = 0}};
  std::vector<std::uint64_t> dropped;
};

TEST_F(TailDropTest, DropsTheNewestBeyondItsPackets) {
  TailDrop queue(3, SIZE_MAX, 1522);
  for (std::uint64_t i = 0; i < 5; ++i) queue.enqueue(packet(i), Time{}, *this);
  EXPECT_EQ(dropped, (std::vector<std::uint64_t>{3, 4}));
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(number_in(queue.dequeue(Time{}, *this)->bytes()), i);
  }
  EXPECT_EQ(queue.dequeue(Time{}, *this), nullptr);
  EXPECT_EQ(pool.descriptors_in_use(), 0U);
}

TEST_F(TailDropTest, CountsBytesAsTheyComeAndGo) {
  TailDrop queue(100, 250, 100);
  queue.enqueue(packet(0, 100), Time{}, *this);
  queue.enqueue(packet(1, 100), Time{}, *this);
  queue.enqueue(packet(2, 51), Time{}, *this);  // one byte too many
  queue.enqueue(packet(3, 50), Time{}, *this);
  EXPECT_EQ(dropped, std::vector<std::uint64_t>{2});
  EXPECT_EQ(queue.bytes(), 250U);
  EXPECT_NE(queue.dequeue(Time{}, *this), nullptr);
  EXPECT_EQ(queue.bytes(), 150U);
  EXPECT_EQ(queue.packets(), 2U);
}

TEST_F(TailDropTest, TellsTheRoomThatIsSurelyThere) {
  TailDrop queue(4, 1000, 300);
  EXPECT_EQ(queue.room(), 3U);
  queue.enqueue(packet(0, 300), Time{}, *this);
  EXPECT_EQ(queue.room(), 2U);
  for (std::uint64_t i = 1; i < 4; ++i) queue.enqueue(packet(i, 30), Time{}, *this);
  EXPECT_EQ(queue.room(), 0U) << "four packets are its limit";
}

TEST_F(TailDropTest, KeepsWhatWaitsWhenItsLimitsShrink) {
  TailDrop queue(4, SIZE_MAX, 100);
  for (std::uint64_t i = 0; i < 4; ++i) queue.enqueue(packet(i), Time{}, *this);
  queue.set_limits(2, 100, 100);
  EXPECT_EQ(queue.packets(), 4U);
  EXPECT_EQ(queue.room(), 0U);
  queue.enqueue(packet(4), Time{}, *this);
  EXPECT_EQ(dropped, std::vector<std::uint64_t>{4});
}

}  // namespace
}  // namespace strata::sim::tail_drop_test
