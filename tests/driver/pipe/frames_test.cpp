// SPDX-License-Identifier: Apache-2.0
#include "driver/pipe/frames.h"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>

#include "driver/packets.h"
#include "driver/pipe/shared_memory.h"

namespace strata::driver::pipe::frames_test {
namespace {

constexpr std::size_t kRing = SharedMemory::kLaneBytes;

struct Ring {
  SharedMemory memory = SharedMemory::make().value();
  SharedRingIndices& indices = memory.lane(0).indices;
  MutableBytes bytes = memory.data(0);
  FrameWriter writer{indices, bytes};
  FrameReader reader{indices, bytes};
};

std::vector<std::byte> bytes_of(const FrameReader::Frame& frame) {
  return {frame.bytes.begin(), frame.bytes.end()};
}

VirtioHeader numbered(std::size_t number) {
  VirtioHeader notes;
  notes.gso_size = static_cast<std::uint16_t>(number);
  return notes;
}

TEST(Frames, ComeOutAsTheyWentInWhateverTheirSizeAndPlace) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Rng rng(seed);
    TestPool pool;
    Ring ring;
    std::deque<std::vector<std::byte>> under_way;
    std::size_t sent = 0, received = 0;
    for (int step = 0; step < 2000; ++step) {
      if (rng.between(0, 1) == 0) {
        const auto bytes =
            random_frame(rng, rng.between(1, rng.between(0, 9) == 0 ? 60'000 : 1514));
        const PacketPtr packet = chain_of(pool.pool, bytes, 700);
        if (packet == nullptr || !ring.writer.write(numbered(sent), *packet)) continue;
        ++sent;
        under_way.push_back(bytes);
        if (rng.between(0, 2) != 0) ring.writer.publish();
        continue;
      }
      while (auto frame = ring.reader.next()) {
        ASSERT_FALSE(under_way.empty());
        ASSERT_EQ(bytes_of(*frame), under_way.front()) << "seed " << seed;
        ASSERT_EQ(frame->notes, numbered(received++));
        under_way.pop_front();
        if (rng.between(0, 3) == 0) break;
      }
      if (rng.between(0, 1) == 0) ring.reader.release();
    }
    EXPECT_GT(received, 500U);
    EXPECT_FALSE(ring.reader.is_corrupted() || ring.writer.is_corrupted());
  }
}

TEST(Frames, ThatAreNotPublishedAreNotSeen) {
  TestPool pool;
  Rng rng(1);
  Ring ring;
  ASSERT_TRUE(ring.writer.write({}, *packet_of(pool.pool, random_frame(rng, 60))));
  EXPECT_FALSE(ring.reader.next().has_value());
  ring.writer.publish();
  EXPECT_TRUE(ring.reader.next().has_value());
}

TEST(Frames, FillTheRingAndWaitForRoom) {
  TestPool pool;
  Rng rng(1);
  Ring ring;
  const PacketPtr packet = packet_of(pool.pool, random_frame(rng, 1514));
  std::size_t written = 0;
  while (ring.writer.write({}, *packet)) ++written;
  EXPECT_EQ(written, kRing / record_bytes(1514));
  EXPECT_LT(ring.writer.room(), record_bytes(1514));
  ring.writer.publish();
  EXPECT_FALSE(ring.writer.write({}, *packet));
  ASSERT_TRUE(ring.reader.next().has_value());
  EXPECT_FALSE(ring.writer.write({}, *packet)) << "not given back yet";
  ring.reader.release();
  EXPECT_TRUE(ring.writer.write({}, *packet));
}

TEST(Frames, ThatAreShorterThanTheirPlaceLeaveAGap) {
  Ring ring;
  for (int round = 0; round < 3000; ++round) {
    ASSERT_GE(ring.writer.room_for(record_bytes(1500)), record_bytes(1500)) << round;
    std::byte* const record = ring.writer.begin();
    const std::size_t size = 1 + static_cast<std::size_t>(round) % 1500;
    FrameWriter::write_head(record, {}, size, record_bytes(1500));
    record[sizeof(RecordHead)] = static_cast<std::byte>(round);
    ring.writer.append(record_bytes(1500));
    ring.writer.publish();
    const auto frame = ring.reader.next();
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->bytes.size(), size);
    EXPECT_EQ(frame->bytes.front(), static_cast<std::byte>(round));
    ring.reader.release();
  }
}

TEST(Frames, WithAGapBeyondWhatWasWrittenEndTheRing) {
  Ring ring;
  ASSERT_GE(ring.writer.room_for(32), 32U);
  std::byte* const record = ring.writer.begin();
  FrameWriter::write_head(record, {}, 16, 48);
  ring.writer.append(32);
  ring.writer.publish();
  EXPECT_FALSE(ring.reader.next().has_value());
  EXPECT_TRUE(ring.reader.is_corrupted());
}

TEST(Frames, AreGivenBackInParts) {
  TestPool pool;
  Rng rng(1);
  Ring ring;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(ring.writer.write({}, *packet_of(pool.pool, random_frame(rng, 100))));
  }
  ring.writer.publish();
  const std::size_t room = ring.writer.room();
  const std::size_t taken = ring.reader.take(2, [](auto...) {});
  EXPECT_EQ(taken, 2U);
  ring.reader.release(record_bytes(100));
  EXPECT_EQ(ring.writer.room(), room + record_bytes(100));
  EXPECT_TRUE(ring.reader.next().has_value());
  ring.reader.release();
  EXPECT_EQ(ring.writer.room(), kRing);
}

TEST(Frames, WithALengthThatDoesNotFitEndTheRing) {
  for (const std::uint32_t length :
       {0U, 1515U, 65'558U, 0x7fff'ffffU, 0xffff'fff0U, 0xffff'ffffU}) {
    TestPool pool;
    Rng rng(1);
    Ring ring;
    ASSERT_TRUE(ring.writer.write({}, *packet_of(pool.pool, random_frame(rng, 1500))));
    ring.writer.publish();
    std::memcpy(ring.bytes.data(), &length, sizeof(length));
    EXPECT_FALSE(ring.reader.next().has_value()) << length;
    EXPECT_TRUE(ring.reader.is_corrupted());
    std::memset(ring.bytes.data(), 0x20, 1);
    EXPECT_FALSE(ring.reader.next().has_value()) << "for good";
  }
}

TEST(Frames, WithIndicesThatLieEndTheRing) {
  for (const std::uint32_t tail : {1U, 8U, 0x7fff'ffffU, static_cast<std::uint32_t>(kRing) + 16}) {
    Ring ring;
    ring.indices.tail = tail;
    EXPECT_FALSE(ring.reader.next().has_value());
    EXPECT_TRUE(ring.reader.is_corrupted()) << tail;
  }
  Ring ring;
  ring.indices.head = 16;
  EXPECT_EQ(ring.writer.room(), 0U);
  EXPECT_TRUE(ring.writer.is_corrupted());
}

}  // namespace
}  // namespace strata::driver::pipe::frames_test
