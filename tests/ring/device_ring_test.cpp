// SPDX-License-Identifier: Apache-2.0
#include "ring/device_ring.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <deque>

#include "driver/packets.h"
#include "strata/devices.h"
#include "strata/ring.h"
#include "strata/wire/checksum.h"

namespace strata::ring::device_ring_test {
namespace {

std::vector<std::byte> bytes_of(const Frame& frame) {
  return {frame.bytes().begin(), frame.bytes().end()};
}

// A cable with a ring at one end and the test's own device at the other.
struct Cable {
  explicit Cable(const MemoryLinkOptions& options = {})
      : link(options), port(Port::over(link.end(0))) {}
  ~Cable() { link.clear(); }

  Device& far() { return link.end(1); }
  void send(PacketPtr packet) {
    PacketBatch batch;
    batch.push(std::move(packet));
    far().transmit(batch);
  }

  driver::TestPool pool;
  MemoryLink link;
  Port port;
  Rng rng{1};
};

TEST(DeviceRing, CarriesFramesInOrderBothWays) {
  Cable cable;
  std::deque<std::vector<std::byte>> there, back;
  PacketBatch batch;
  std::size_t arrived_there = 0, arrived_back = 0;
  for (int step = 0; step < 3000; ++step) {
    const auto frame = driver::random_frame(cable.rng, cable.rng.between(14, 1514));
    if (cable.rng.between(0, 1) == 0) {
      if (cable.port.tx().send(frame)) there.push_back(frame);
      cable.send(driver::chain_of(cable.pool.pool, frame, 300));
      back.push_back(frame);
    }
    if (cable.rng.between(0, 4) != 0) continue;
    cable.far().receive(cable.pool.pool, batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      ASSERT_EQ(driver::bytes_of(batch[i]), there.front());
      there.pop_front();
      ++arrived_there;
    }
    batch.clear();
    for (const Frame& arrived : cable.port.rx().batch(cable.rng.between(1, 100))) {
      ASSERT_EQ(bytes_of(arrived), back.front());
      back.pop_front();
      ++arrived_back;
    }
  }
  EXPECT_GT(arrived_there, 500U);
  EXPECT_GT(arrived_back, 500U);
  EXPECT_EQ(cable.port.rx().drops() + cable.port.tx().drops(), 0U);
}

TEST(DeviceRing, SendsWhatWasReservedAndNoMore) {
  Cable cable;
  const auto frames = cable.port.tx().reserve(10, 100);
  ASSERT_EQ(frames.size(), 10U);
  for (Frame& frame : frames) {
    std::ranges::fill(frame.bytes(), std::byte{7});
    frame.resize(60);
  }
  cable.port.tx().commit(4);
  PacketBatch batch;
  cable.far().receive(cable.pool.pool, batch);
  ASSERT_EQ(batch.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(driver::bytes_of(batch[i]), std::vector(60, std::byte{7}));
  }
  EXPECT_EQ(cable.port.tx().frames(), 4U);
}

TEST(DeviceRing, WaitsForRoomAndPushesOn) {
  Cable cable({.ring_packets = 16});
  std::size_t sent = 0;
  while (cable.port.tx().send(std::vector<std::byte>(60))) ++sent;
  EXPECT_EQ(sent, 16U);
  EXPECT_FALSE(cable.port.tx().wait({}));
  PacketBatch batch;
  cable.far().receive(cable.pool.pool, batch);
  EXPECT_TRUE(cable.port.tx().wait({}));
  EXPECT_TRUE(cable.port.tx().sync());
  EXPECT_TRUE(cable.port.tx().send(std::vector<std::byte>(60)));
}

TEST(DeviceRing, KeepsAFrameWhileOthersComeAndGo) {
  Cable cable;
  const auto first = driver::random_frame(cable.rng, 100);
  cable.send(driver::packet_of(cable.pool.pool, first));
  Frame kept = std::move(cable.port.rx().batch(64)[0]);
  std::size_t received = 0;
  for (int i = 0; i < 1000; ++i) {
    cable.send(driver::packet_of(cable.pool.pool, driver::random_frame(cable.rng, 100)));
    received += cable.port.rx().batch(64).size();
  }
  EXPECT_EQ(bytes_of(kept), first);
  EXPECT_EQ(received, 255U) << "it holds back what came after it, as far as the ring goes";
  kept = Frame();
  EXPECT_FALSE(cable.port.rx().batch(64).empty());
}

TEST(DeviceRing, FinishesAChecksumThatTheDeviceDoesNot) {
  Cable cable({.vouches_for_bytes = false});
  const auto frames = cable.port.tx().reserve(2, 100);
  ASSERT_EQ(frames.size(), 2U);
  for (Frame& frame : frames) std::ranges::fill(frame.bytes(), std::byte{});
  Offload offload;
  offload.flags = Offload::kNeedsChecksum;
  offload.checksum_start = 34;
  offload.checksum_offset = 16;
  frames[0].bytes()[40] = std::byte{0x12};
  frames[0].set_offload(offload);
  offload.checksum_start = 99;
  frames[1].set_offload(offload);
  cable.port.tx().commit(2);
  PacketBatch batch;
  cable.far().receive(cable.pool.pool, batch);
  ASSERT_EQ(batch.size(), 1U) << "a checksum outside of the frame is no frame's";
  EXPECT_EQ(cable.port.tx().drops(), 1U);
  EXPECT_TRUE(wire::is_valid(wire::partial_sum(batch[0].bytes().subspan(34))));
  EXPECT_EQ(driver::bytes_of(batch[0])[50], std::byte{0xed});
}

TEST(DeviceRing, TellsWhatASenderHasLeftUndone) {
  Cable cable({.tcp_segment_bytes_max = 65'535});
  auto bytes = driver::random_frame(cable.rng, 30'000);
  bytes[14] = std::byte{0x45};
  bytes[34 + 12] = std::byte{0x50};  // a TCP header of 20 bytes
  bytes[34 + 13] = std::byte{0x10};
  PacketPtr packet = driver::chain_of(cable.pool.pool, bytes, 1900);
  packet->notes().checksum = ChecksumState::kPartial;
  packet->notes().transport_offset = 34;
  packet->notes().checksum_offset = 16;
  packet->notes().segment_kind = SegmentKind::kTcp;
  packet->notes().segment_size = 1460;
  cable.send(std::move(packet));
  const auto frames = cable.port.rx().batch(64);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(bytes_of(frames[0]), bytes);
  EXPECT_EQ(frames[0].offload().segment_kind, Offload::kSegmentsTcpV4);
  EXPECT_EQ(frames[0].offload().segment_bytes, 1460);
  // And it goes back as it came.
  EXPECT_EQ(cable.port.tx().copy(frames), 1U);
  PacketBatch batch;
  cable.far().receive(cable.pool.pool, batch);
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_EQ(driver::bytes_of(batch[0]), bytes);
  EXPECT_EQ(batch[0].notes().segment_size, 1460);
}

TEST(DeviceRing, SendsNothingIntoACableThatIsOut) {
  Cable cable;
  cable.link.set_up(false);
  EXPECT_FALSE(cable.port.tx().is_up());
  EXPECT_TRUE(cable.port.tx().reserve(1).empty());
  cable.link.set_up(true);
  EXPECT_EQ(cable.port.tx().reserve(1).size(), 1U);
}

TEST(DeviceRing, HasAClockWhereTheDeviceHasNoDescriptor) {
  Cable cable;
  EXPECT_TRUE(cable.port.rx().prepare_to_sleep());
  cable.send(driver::packet_of(cable.pool.pool, driver::random_frame(cable.rng, 60)));
  EXPECT_FALSE(cable.port.rx().prepare_to_sleep());
  ASSERT_EQ(cable.port.rx().batch(64).size(), 1U);
  EXPECT_TRUE(cable.port.rx().prepare_to_sleep());
  pollfd one{.fd = cable.port.rx().descriptor(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&one, 1, 10'000), 1);
}

}  // namespace
}  // namespace strata::ring::device_ring_test
