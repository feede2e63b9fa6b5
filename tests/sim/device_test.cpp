// SPDX-License-Identifier: Apache-2.0
#include "sim/device.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "sim/channel.h"
#include "sim/engine.h"
#include "sim/lab.h"

namespace strata::sim::device_test {
namespace {

// A node with a device and no stack.
class Bench final : public Node {
 public:
  Bench(Engine& engine, std::string name)
      : Node(engine, std::move(name), engine.next_node_index()) {}

  std::optional<LinkDevice> device;
  int turns = 0;

 private:
  void on_frame(Port&, PacketPtr frame) override { device->arrive(std::move(frame)); }
  void on_connected(Port& port) override {
    device.emplace(port, engine_.config().vouches_for_bytes);
  }
  void turn(Time) override { ++turns; }
  std::size_t frames_waiting() const override { return device->frames_waiting(); }
};

struct DeviceTest : testing::Test {
  void join(const LinkConfig& config) { link = &engine.connect(a, b, config, config); }
  void fill(PacketBatch& batch, std::uint64_t count, std::size_t size = 1000) {
    for (std::uint64_t i = 0; i < count; ++i) {
      PacketPtr packet = engine.pool().allocate_for(size);
      copy_bytes(numbered_frame(i, size), packet->append(size));
      batch.push(std::move(packet));
    }
  }
  void run() {
    while (engine.turn(kNever)) {
    }
  }

  Engine engine{WorldConfig{}};
  Bench& a = static_cast<Bench&>(engine.add(std::make_unique<Bench>(engine, "a")));
  Bench& b = static_cast<Bench&>(engine.add(std::make_unique<Bench>(engine, "b")));
  Link* link = nullptr;
};

TEST_F(DeviceTest, OffersEthernetAndNothingBeyond) {
  join({.mtu = 9000});
  const DeviceCapabilities& capabilities = a.device->capabilities();
  EXPECT_EQ(capabilities.medium, Medium::kEthernet);
  EXPECT_EQ(capabilities.mtu, 9000U);
  EXPECT_EQ(capabilities.mac, a.mac());
  EXPECT_NE(a.mac(), b.mac());
  EXPECT_FALSE(capabilities.completes_checksums);
  EXPECT_FALSE(capabilities.vouches_for_bytes);
  EXPECT_EQ(capabilities.tcp_segment_bytes_max, 0U);
}

TEST_F(DeviceTest, CarriesABatchAcross) {
  join({.delay = 1ms});
  PacketBatch batch;
  fill(batch, 5);
  a.device->transmit(batch);
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(engine.frames_in_flight(), 5U);
  run();
  EXPECT_EQ(engine.frames_in_flight(), 5U) << "they wait to be received";
  b.device->receive(engine.pool(), batch);
  ASSERT_EQ(batch.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(number_in(batch[i].bytes()), i);
  EXPECT_EQ(b.device->counters().received_packets, 5U);
  EXPECT_EQ(b.device->counters().received_bytes, 5000U);
  EXPECT_EQ(a.device->counters().sent_packets, 5U);
  batch.clear();
  EXPECT_EQ(engine.pool().descriptors_in_use(), 0U);
}

TEST_F(DeviceTest, ReceivesNoMoreThanABatchHolds) {
  join({});
  PacketBatch batch;
  for (int i = 0; i < 2; ++i) {
    fill(batch, 50);
    a.device->transmit(batch);
  }
  run();
  b.device->receive(engine.pool(), batch);
  EXPECT_EQ(batch.size(), PacketBatch::kCapacity);
  batch.clear();
  b.device->receive(engine.pool(), batch);
  EXPECT_EQ(batch.size(), 100 - PacketBatch::kCapacity);
}

TEST_F(DeviceTest, TakesEverythingAndLetsTheQueueDropWithoutBackpressure) {
  join({.bits_per_second = 8'000'000, .queue_packets_max = 3});
  PacketBatch batch;
  fill(batch, 10);
  a.device->transmit(batch);
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(link->counters(Direction::kAToB).dropped_by(LinkDrop::kQueue), 6U);
}

TEST_F(DeviceTest, LeavesWhatTheQueueHasNoRoomForWithBackpressure) {
  join({.bits_per_second = 8'000'000, .queue_packets_max = 3, .backpressure = true});
  PacketBatch batch;
  fill(batch, 10);
  EXPECT_EQ(a.device->room(), 3U);
  a.device->transmit(batch);
  EXPECT_EQ(a.device->room(), 0U);
  ASSERT_EQ(batch.size(), 6U) << "one is on the wire, three wait";
  EXPECT_EQ(number_in(batch[0].bytes()), 4U);
  EXPECT_EQ(link->counters(Direction::kAToB).dropped_frames(), 0U);
  EXPECT_EQ(a.turns, 0);
  engine.turn(kNever);  // the wire becomes free, and the sender is told
  EXPECT_EQ(a.turns, 1);
  EXPECT_EQ(a.device->room(), 1U);
}

TEST_F(DeviceTest, IsDownWhenItsLinkIs) {
  join({});
  EXPECT_TRUE(a.device->is_up());
  link->set_up(false);
  EXPECT_FALSE(a.device->is_up());
  EXPECT_FALSE(b.device->is_up());
}

}  // namespace
}  // namespace strata::sim::device_test
