// SPDX-License-Identifier: Apache-2.0
// Two cores and their devices, turned by one thread; the threads are in core_inbox_test.cpp.
#include "runtime/cores/steered_device.h"

#include <gtest/gtest.h>

#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "support/frames.h"
#include "support/tcp_frames.h"
#include "support/test_device.h"

namespace strata::runtime::steered_device_test {
namespace {

using support::Frame;
using support::TestDevice;

constexpr MacAddress kOurs = MacAddress::from_value(0x0200'0000'0001);
constexpr MacAddress kTheirs = MacAddress::from_value(0x0200'0000'0002);
constexpr IpAddress kUs = IpAddress::v4(10, 0, 0, 1);
constexpr IpAddress kThem = IpAddress::v4(10, 0, 0, 2);

// A TCP segment whose home is that core.
Frame segment_for(std::uint16_t core, std::uint16_t from = 40000, std::size_t payload = 0) {
  const FlowShare share{.cores = 2};
  while (share.home_of(Endpoint{kUs, 80}, Endpoint{kThem, from}) != core) ++from;
  return support::ip_frame(
      kOurs, kTheirs, support::tcp_packet({kThem, from}, {kUs, 80}, {}, support::pattern(payload)));
}

struct Core {
  explicit Core(const PacketPoolConfig& config = {.small_buffers = 256, .large_buffers = 4})
      : pool(memory, config) {}
  std::size_t receive(SteeredDevice& device, std::vector<Frame>* frames = nullptr) {
    PacketBatch batch;
    device.receive(pool, batch);
    for (const Packet* packet : batch.packets()) {
      EXPECT_EQ(&packet->pool(), &pool) << "packets stay on their core";
      if (frames == nullptr) continue;
      frames->emplace_back(packet->size());
      packet->copy_out(0, frames->back().writable());
    }
    return batch.size();
  }
  HeapMemory memory;
  PacketPool pool;
};

class SteeredDeviceTest : public testing::Test {
 protected:
  void TearDown() override { crossbar_.clear(); }

  static constexpr std::size_t kRing = 8;
  Core core0_, core1_;
  PortClaims claims_{2};
  Bells bells_{2};
  TestDevice queue0_, queue1_;
  Crossbar crossbar_{
      {.cores = 2, .queues = 2, .capabilities = {.mac = kOurs}, .ring_packets = kRing},
      claims_,
      bells_};
  SteeredDevice device0_{crossbar_, 0, &queue0_};
  SteeredDevice device1_{crossbar_, 1, &queue1_};
};

TEST_F(SteeredDeviceTest, WhatCameToTheWrongQueueGoesHome) {
  queue0_.push(segment_for(1, 40000));
  queue0_.push(segment_for(0, 41000));
  queue0_.push(segment_for(1, 42000));
  std::vector<Frame> at0, at1;
  EXPECT_EQ(core0_.receive(device0_, &at0), 1U);
  EXPECT_EQ(at0.front(), segment_for(0, 41000));
  EXPECT_TRUE(device1_.has_waiting());
  EXPECT_EQ(core1_.receive(device1_, &at1), 2U);
  EXPECT_EQ(at1.front(), segment_for(1, 40000)) << "in order";
  EXPECT_EQ(at1.back(), segment_for(1, 42000));
  EXPECT_FALSE(device1_.has_waiting());
  EXPECT_EQ(device0_.crossings().handed_over, 2U);
  EXPECT_EQ(device1_.crossings().taken_over, 2U);
  EXPECT_NE(core0_.pool.descriptors_in_use(), 0U);
  EXPECT_EQ(core0_.receive(device0_), 0U);
  EXPECT_EQ(core0_.pool.descriptors_in_use(), 0U) << "the next turn gives them back";
}

TEST_F(SteeredDeviceTest, WhoSleepsIsRungOnce) {
  int rung = 0;
  bells_.set(1, [&rung] { ++rung; });
  queue0_.push(segment_for(1));
  static_cast<void>(core0_.receive(device0_));
  EXPECT_EQ(rung, 0) << "core 1 is awake";
  bells_.say_asleep(1);
  for (int i = 0; i < 3; ++i) {
    queue0_.push(segment_for(1));
    static_cast<void>(core0_.receive(device0_));
  }
  EXPECT_EQ(rung, 1);
}

TEST_F(SteeredDeviceTest, NotesTravelWithThePacket) {
  PacketNotes notes;
  notes.checksum = ChecksumState::kPartial;
  notes.transport_offset = 34;
  notes.checksum_offset = 16;
  notes.segment_kind = SegmentKind::kTcp;
  notes.segment_size = 1448;
  queue0_.push(segment_for(1, 40000, 30'000), notes);
  static_cast<void>(core0_.receive(device0_));
  PacketBatch batch;
  device1_.receive(core1_.pool, batch);
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_EQ(batch[0].size(), 30'054U);
  EXPECT_EQ(batch[0].notes().checksum, ChecksumState::kPartial);
  EXPECT_EQ(batch[0].notes().transport_offset, 34);
  EXPECT_EQ(batch[0].notes().checksum_offset, 16);
  EXPECT_EQ(batch[0].notes().segment_kind, SegmentKind::kTcp);
  EXPECT_EQ(batch[0].notes().segment_size, 1448);
}

TEST_F(SteeredDeviceTest, ShortSuperSegmentsLeaveTheLargeBuffersAlone) {
  const Frame frame = segment_for(1, 40000, 6000);
  queue0_.push(frame);
  static_cast<void>(core0_.receive(device0_));
  PacketBatch batch;
  const std::size_t large_before = core1_.pool.large_free();
  device1_.receive(core1_.pool, batch);
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_EQ(core1_.pool.large_free(), large_before);
  Frame got(batch[0].size());
  batch[0].copy_out(0, got.writable());
  EXPECT_EQ(got, frame);
}

TEST_F(SteeredDeviceTest, AFullRingCostsOnlyThatCoresPackets) {
  for (int i = 0; i < 20; ++i) queue0_.push(segment_for(1));
  for (int i = 0; i < 5; ++i) queue0_.push(segment_for(0));
  EXPECT_EQ(core0_.receive(device0_), 5U);
  EXPECT_EQ(device0_.crossings().ring_full_drops, 20U - kRing);
  EXPECT_EQ(core0_.pool.descriptors_in_use(), kRing) << "what was dropped went back";
  EXPECT_EQ(core1_.receive(device1_), kRing);
  queue0_.push(segment_for(1));
  static_cast<void>(core0_.receive(device0_));
  EXPECT_EQ(core1_.receive(device1_), 1U) << "and then it goes on";
}

TEST_F(SteeredDeviceTest, AnEmptyPoolAtHomeIsCounted) {
  Core poor({.small_buffers = 1, .large_buffers = 0, .external_buffers = 0});
  const PacketPtr held = poor.pool.allocate();
  queue0_.push(segment_for(1));
  static_cast<void>(core0_.receive(device0_));
  EXPECT_EQ(poor.receive(device1_), 0U);
  EXPECT_EQ(device1_.counters().pool_empty_drops, 1U);
}

TEST_F(SteeredDeviceTest, ArpRepliesReachEveryCore) {
  const Frame reply =
      support::ethernet(kOurs, kTheirs, wire::kEtherTypeArp,
                        support::arp_packet({.operation = wire::ArpOperation::kReply,
                                             .sender_mac = kTheirs,
                                             .sender_ip = kThem,
                                             .target_mac = kOurs,
                                             .target_ip = kUs}));
  queue1_.push(reply);
  EXPECT_EQ(core1_.receive(device1_), 1U);
  std::vector<Frame> at0;
  EXPECT_EQ(core0_.receive(device0_, &at0), 1U);
  EXPECT_EQ(at0.front(), reply);
}

TEST_F(SteeredDeviceTest, OnlyTheFrontCoreSpeaksForTheHost) {
  const Frame announcement =
      support::ethernet(MacAddress::broadcast(), kOurs, wire::kEtherTypeArp,
                        support::arp_packet({.operation = wire::ArpOperation::kRequest,
                                             .sender_mac = kOurs,
                                             .sender_ip = kUs,
                                             .target_mac = {},
                                             .target_ip = kUs}));
  for (const bool is_front : {true, false}) {
    Core& core = is_front ? core0_ : core1_;
    PacketBatch batch;
    for (const Frame& frame : {announcement, segment_for(0)}) {
      PacketPtr packet = core.pool.allocate();
      copy_bytes(frame.all(), packet->append(frame.size()));
      batch.push(std::move(packet));
    }
    (is_front ? device0_ : device1_).transmit(batch);
    EXPECT_TRUE(batch.empty());
  }
  EXPECT_EQ(queue0_.sent().size(), 2U);
  EXPECT_EQ(queue1_.sent().size(), 1U);
  EXPECT_EQ(device1_.crossings().withheld, 1U);
}

TEST_F(SteeredDeviceTest, TakenPacketsLeaveTheOwnQueueItsTurn) {
  Crossbar wide({.cores = 2, .queues = 2, .capabilities = {.mac = kOurs}, .ring_packets = 128},
                claims_, bells_);
  SteeredDevice giver(wide, 0, &queue0_);
  SteeredDevice taker(wide, 1, &queue1_);
  for (int i = 0; i < 100; ++i) queue0_.push(segment_for(1));
  for (int i = 0; i < 100; ++i) queue1_.push(segment_for(1));
  for (int i = 0; i < 2; ++i) static_cast<void>(core0_.receive(giver));
  EXPECT_EQ(core1_.receive(taker), PacketBatch::kCapacity);
  EXPECT_EQ(taker.crossings().taken_over, PacketBatch::kCapacity / 2);
  wide.clear();
}

// A device with one queue: core 1 receives and sends by core 0.
class OneQueueTest : public testing::Test {
 protected:
  void TearDown() override { crossbar_.clear(); }

  PacketBatch& filled(PacketBatch& batch, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const Frame frame = segment_for(1, static_cast<std::uint16_t>(40000 + i));
      PacketPtr packet = core1_.pool.allocate();
      copy_bytes(frame.all(), packet->append(frame.size()));
      batch.push(std::move(packet));
    }
    return batch;
  }

  Core core0_, core1_;
  PortClaims claims_{2};
  Bells bells_{2};
  TestDevice queue_;
  Crossbar crossbar_{{.cores = 2, .queues = 1, .capabilities = {.mac = kOurs}, .ring_packets = 8},
                     claims_,
                     bells_};
  SteeredDevice device0_{crossbar_, 0, &queue_};
  SteeredDevice device1_{crossbar_, 1, nullptr};
};

TEST_F(OneQueueTest, TheOtherCoreSendsByTheOneThatHasIt) {
  PacketBatch batch;
  device1_.transmit(filled(batch, 3));
  EXPECT_TRUE(batch.empty());
  EXPECT_TRUE(queue_.sent().empty());
  EXPECT_EQ(core0_.receive(device0_), 0U);
  ASSERT_EQ(queue_.sent().size(), 3U);
  EXPECT_EQ(queue_.sent().front(), segment_for(1, 40000));
  EXPECT_EQ(device0_.crossings().sent_for_others, 3U);
  EXPECT_EQ(device1_.counters().sent_packets, 3U);
  EXPECT_EQ(core1_.receive(device1_), 0U);
  EXPECT_EQ(core1_.pool.descriptors_in_use(), 0U);
}

TEST_F(OneQueueTest, NothingThatWasSentIsLostForWantOfRoom) {
  PacketBatch batch;
  device1_.transmit(filled(batch, 12));
  EXPECT_EQ(batch.size(), 4U) << "the ring has eight places";
  EXPECT_EQ(device1_.room(), 0U);
  queue_.room_left = 5;
  static_cast<void>(core0_.receive(device0_));
  EXPECT_EQ(queue_.sent().size(), 5U);
  queue_.room_left = 100;
  static_cast<void>(core0_.receive(device0_));
  device1_.transmit(batch);
  static_cast<void>(core0_.receive(device0_));
  EXPECT_EQ(queue_.sent().size(), 12U);
  EXPECT_EQ(device0_.counters().failed_sends, 0U);
}

TEST_F(OneQueueTest, TheLinkIsUpWhereItsQueueIs) {
  queue_.is_plugged = false;
  EXPECT_FALSE(device0_.is_up());
  EXPECT_FALSE(device1_.is_up());
  queue_.is_plugged = true;
  EXPECT_TRUE(device0_.is_up());
  EXPECT_TRUE(device1_.is_up());
}

TEST_F(OneQueueTest, FragmentsPutTogetherElsewhereAreHandedOn) {
  PacketPtr packet = core0_.pool.allocate();
  const Frame frame = segment_for(1);
  copy_bytes(frame.all(), packet->append(frame.size()));
  packet->notes().is_reassembled = true;
  device0_.hand_over(std::move(packet), 1);
  PacketBatch batch;
  device1_.receive(core1_.pool, batch);
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_TRUE(batch[0].notes().is_reassembled);
}

}  // namespace
}  // namespace strata::runtime::steered_device_test
