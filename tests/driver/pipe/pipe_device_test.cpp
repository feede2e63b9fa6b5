// SPDX-License-Identifier: Apache-2.0
#include "driver/pipe/pipe_device.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <memory>

#include "driver/packets.h"
#include "driver/pipe/own_pipe.h"
#include "strata/devices.h"

namespace strata::driver::pipe::pipe_device_test {
namespace {

bool is_readable(const Device& device) {
  pollfd one{.fd = device.descriptor(), .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, 0) == 1;
}

class PipeDevices : public testing::Test {
 protected:
  PipeDevices() : first_(open()), second_(open()) { wait_until_up(); }

  std::unique_ptr<Device> open() {
    auto made = open_pipe({.name = pipe_.name()});
    EXPECT_TRUE(made.has_value());
    return std::move(*made);
  }
  // Both are asked every time: asking is what brings a link up.
  void wait_until_up() const {
    bool is_up = false;
    for (int i = 0; i < 500 && !is_up; ++i) {
      is_up = first_->is_up();
      is_up = second_->is_up() && is_up;
      ::poll(nullptr, 0, 1);
    }
    ASSERT_TRUE(is_up);
  }
  bool send(Device& device, Bytes bytes) {
    PacketBatch batch;
    batch.push(packet_of(pool_.pool, bytes));
    device.transmit(batch);
    return batch.empty();
  }
  std::vector<std::byte> receive(Device& device) {
    PacketBatch batch;
    device.receive(pool_.pool, batch);
    return batch.empty() ? std::vector<std::byte>{} : bytes_of(batch[0]);
  }

  OwnPipe pipe_;
  TestPool pool_;
  Rng rng_{1};
  std::unique_ptr<Device> first_, second_;
};

TEST_F(PipeDevices, CarryFramesBothWays) {
  for (const std::size_t size : {14U, 60U, 1514U}) {
    const auto there = random_frame(rng_, size);
    const auto back = random_frame(rng_, size);
    ASSERT_TRUE(send(*first_, there) && send(*second_, back));
    EXPECT_EQ(receive(*second_), there);
    EXPECT_EQ(receive(*first_), back);
  }
  EXPECT_EQ(first_->counters().sent_packets, 3U);
  EXPECT_EQ(second_->counters().received_packets, 3U);
}

TEST_F(PipeDevices, DifferInTheirAddresses) {
  EXPECT_NE(first_->capabilities().mac, second_->capabilities().mac);
}

TEST_F(PipeDevices, RingForNobodyWhoIsAwake) {
  EXPECT_TRUE(receive(*second_).empty());
  ASSERT_TRUE(send(*first_, random_frame(rng_, 60)));
  EXPECT_FALSE(is_readable(*second_));
  EXPECT_FALSE(second_->prepare_to_sleep()) << "there is a frame";
  EXPECT_FALSE(receive(*second_).empty());
  EXPECT_TRUE(second_->prepare_to_sleep());
}

TEST_F(PipeDevices, WakeWhoSleepsAndOnlyHim) {
  EXPECT_TRUE(receive(*second_).empty());
  EXPECT_TRUE(second_->prepare_to_sleep());
  EXPECT_FALSE(is_readable(*second_));
  ASSERT_TRUE(send(*first_, random_frame(rng_, 60)));
  EXPECT_TRUE(is_readable(*second_));
  ASSERT_TRUE(send(*first_, random_frame(rng_, 60)));
  PacketBatch batch;
  second_->receive(pool_.pool, batch);
  EXPECT_EQ(batch.size(), 2U);
  EXPECT_TRUE(receive(*second_).empty());
  EXPECT_TRUE(second_->prepare_to_sleep());
  EXPECT_FALSE(is_readable(*second_)) << "the bell was heard";
}

TEST_F(PipeDevices, CarrySuperSegmentsAndPartialChecksums) {
  auto bytes = random_frame(rng_, 30'000);
  bytes[14] = std::byte{0x45};
  bytes[34 + 12] = std::byte{0x50};  // a TCP header of 20 bytes
  bytes[34 + 13] = std::byte{0x10};
  PacketPtr packet = chain_of(pool_.pool, bytes, 1900);
  packet->notes().checksum = ChecksumState::kPartial;
  packet->notes().transport_offset = 34;
  packet->notes().checksum_offset = 16;
  packet->notes().segment_kind = SegmentKind::kTcp;
  packet->notes().segment_size = 1460;
  PacketBatch batch;
  batch.push(std::move(packet));
  first_->transmit(batch);
  second_->receive(pool_.pool, batch);
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_EQ(bytes_of(batch[0]), bytes);
  const PacketNotes& notes = batch[0].notes();
  EXPECT_EQ(notes.checksum, ChecksumState::kPartial);
  EXPECT_EQ(notes.segment_kind, SegmentKind::kTcp);
  EXPECT_EQ(notes.segment_size, 1460);
}

TEST_F(PipeDevices, KeepWhatDoesNotFitAndAreWokenWhenItDoes) {
  const auto frame = random_frame(rng_, 1514);
  std::size_t sent = 0;
  while (send(*first_, frame)) ++sent;
  EXPECT_GT(sent, 500U);
  EXPECT_EQ(first_->room(), 0U);
  EXPECT_TRUE(first_->prepare_to_sleep());
  EXPECT_FALSE(is_readable(*first_));
  while (!receive(*second_).empty()) {
  }
  EXPECT_TRUE(is_readable(*first_));
  EXPECT_GT(first_->room(), 0U);
  EXPECT_TRUE(first_->prepare_to_sleep());
}

TEST_F(PipeDevices, DoNotSleepWhileThereIsRoomAfterAll) {
  const auto frame = random_frame(rng_, 1514);
  while (send(*first_, frame)) {
  }
  while (!receive(*second_).empty()) {
  }
  EXPECT_FALSE(first_->prepare_to_sleep());
}

TEST_F(PipeDevices, DeliverWhatWasSentBeforeTheOtherDied) {
  const auto frame = random_frame(rng_, 100);
  ASSERT_TRUE(send(*first_, frame));
  first_.reset();
  EXPECT_EQ(receive(*second_), frame);
  EXPECT_FALSE(second_->prepare_to_sleep()) << "it has gone";
  EXPECT_TRUE(receive(*second_).empty());
  EXPECT_FALSE(second_->is_up());
  EXPECT_TRUE(send(*second_, frame));
  EXPECT_EQ(second_->counters().failed_sends, 1U) << "as on a cable that is not plugged in";
  first_ = open();
  wait_until_up();
  ASSERT_TRUE(send(*second_, frame));
  EXPECT_EQ(receive(*first_), frame);
}

TEST_F(PipeDevices, NoticeADeathThoughTheyNeverSleep) {
  first_.reset();
  for (int i = 0; i < 1000 && second_->is_up(); ++i) EXPECT_TRUE(receive(*second_).empty());
  EXPECT_FALSE(second_->is_up());
}

TEST_F(PipeDevices, CountWhatFindsNoPacket) {
  TestPool small({.small_buffers = 1, .large_buffers = 0});
  const PacketPtr held = small.pool.allocate();
  ASSERT_TRUE(send(*first_, random_frame(rng_, 60)));
  PacketBatch batch;
  second_->receive(small.pool, batch);
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(second_->counters().pool_empty_drops, 1U);
}

}  // namespace
}  // namespace strata::driver::pipe::pipe_device_test
