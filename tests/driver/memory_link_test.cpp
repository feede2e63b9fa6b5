// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <deque>

#include "driver/packets.h"
#include "strata/devices.h"
#include "strata/wire/checksum.h"

namespace strata::driver::memory_link_test {
namespace {

constexpr std::size_t kMtu = 1500;
constexpr std::size_t kTransport = 34;  // Ethernet and IPv4 in front

void send(Device& device, PacketPtr packet) {
  PacketBatch batch;
  batch.push(std::move(packet));
  device.transmit(batch);
  ASSERT_EQ(batch.size(), 0U);
}

TEST(MemoryLink, EveryFrameArrivesOnceInOrderWithItsBytes) {
  for (const bool hands_over : {false, true}) {
    TestPool left, right;
    MemoryLinkOptions options;
    options.ring_packets = 100;
    options.hands_over_buffers = hands_over;
    MemoryLink link(options);
    Rng rng(7);
    std::deque<std::vector<std::byte>> expected;
    std::uint64_t received = 0;
    for (int round = 0; round < 400; ++round) {
      PacketBatch batch;
      for (std::uint64_t i = rng.below(40); i != 0; --i) {
        auto bytes = random_frame(rng, 14 + rng.below(kMtu + 1));
        batch.push(rng.below(3) == 0 ? chain_of(left.pool, bytes, 1 + rng.below(400))
                                     : packet_of(left.pool, bytes));
        expected.push_back(std::move(bytes));
      }
      const std::size_t room = link.end(0).room();
      const std::size_t offered = batch.size();
      link.end(0).transmit(batch);
      // What room() promised was taken, and what was not taken stays in order at the end.
      ASSERT_EQ(batch.size(), offered - std::min(offered, room));
      expected.resize(expected.size() - batch.size());
      if (rng.below(2) == 0) continue;
      PacketBatch arrived;
      link.end(1).receive(right.pool, arrived);
      for (const Packet* packet : arrived.packets()) {
        ASSERT_EQ(bytes_of(*packet), expected.front());
        expected.pop_front();
        ++received;
      }
    }
    EXPECT_EQ(link.packets_under_way(), expected.size());
    EXPECT_GT(received, 1000U);
    EXPECT_EQ(link.end(1).counters().received_packets, received);
    EXPECT_EQ(link.end(0).counters().failed_sends, 0U);
    link.clear();
    EXPECT_EQ(left.pool.descriptors_in_use(), 0U);
  }
}

TEST(MemoryLink, FlattensAChainIntoOneSlice) {
  TestPool left, right;
  MemoryLink link;
  Rng rng(1);
  const auto bytes = random_frame(rng, 1400);
  send(link.end(0), chain_of(left.pool, bytes, 100));
  PacketBatch arrived;
  link.end(1).receive(right.pool, arrived);
  ASSERT_EQ(arrived.size(), 1U);
  EXPECT_FALSE(arrived[0].is_chain());
  EXPECT_EQ(&arrived[0].pool(), &right.pool);
  EXPECT_GE(arrived[0].headroom(), kHeadroom);
  EXPECT_EQ(left.pool.descriptors_in_use(), 0U);
}

TEST(MemoryLink, HandsOverOnlyBuffersThatNobodyElseHolds) {
  TestPool pool;
  MemoryLinkOptions options;
  options.hands_over_buffers = true;
  MemoryLink link(options);
  Rng rng(2);
  const auto bytes = random_frame(rng, 200);
  PacketPtr own = packet_of(pool.pool, bytes);
  const std::byte* own_data = own->bytes().data();
  PacketPtr kept = packet_of(pool.pool, bytes);
  PacketPtr shared = kept->share(0, kept->size());
  send(link.end(0), std::move(own));
  send(link.end(0), std::move(shared));
  PacketBatch arrived;
  link.end(1).receive(pool.pool, arrived);
  ASSERT_EQ(arrived.size(), 2U);
  EXPECT_EQ(arrived[0].bytes().data(), own_data);
  EXPECT_NE(arrived[1].bytes().data(), kept->bytes().data());
  EXPECT_TRUE(arrived[1].is_writable());
}

TEST(MemoryLink, RefusesWhatTheLinkCannotCarryAndCountsIt) {
  TestPool left, right;
  MemoryLinkOptions options;
  options.vouches_for_bytes = false;
  options.tcp_segment_bytes_max = 8000;
  options.completes_checksums = true;
  MemoryLink link(options);
  Rng rng(3);
  const auto send_sized = [&](std::size_t ip_bytes, SegmentKind kind) {
    PacketPtr packet = packet_of(left.pool, random_frame(rng, 14 + ip_bytes));
    packet->notes().segment_kind = kind;
    packet->notes().segment_size = 1448;
    const auto before = link.end(0).counters().failed_sends;
    send(link.end(0), std::move(packet));
    return link.end(0).counters().failed_sends == before;
  };
  EXPECT_TRUE(send_sized(kMtu, SegmentKind::kNone));
  EXPECT_FALSE(send_sized(kMtu + 1, SegmentKind::kNone));
  EXPECT_TRUE(send_sized(8000, SegmentKind::kTcp));
  EXPECT_FALSE(send_sized(8001, SegmentKind::kTcp));
  EXPECT_FALSE(send_sized(2000, SegmentKind::kUdp));
  PacketBatch arrived;
  link.end(1).receive(right.pool, arrived);
  ASSERT_EQ(arrived.size(), 2U);
  EXPECT_EQ(arrived[1].notes().segment_kind, SegmentKind::kTcp);
  EXPECT_EQ(arrived[1].notes().segment_size, 1448);
}

TEST(MemoryLink, AVlanTagDoesNotCountAgainstTheMtu) {
  TestPool left;
  MemoryLink link;
  Rng rng(4);
  auto bytes = random_frame(rng, 14 + 4 + kMtu);
  bytes[12] = std::byte{0x81};
  send(link.end(0), packet_of(left.pool, bytes));
  EXPECT_EQ(link.end(0).counters().sent_packets, 1U);
  bytes[12] = std::byte{0x08};
  send(link.end(0), packet_of(left.pool, bytes));
  EXPECT_EQ(link.end(0).counters().failed_sends, 1U);
}

PacketPtr partial_packet(PacketPool& pool, Bytes bytes, std::size_t slice_bytes) {
  PacketPtr packet = chain_of(pool, bytes, slice_bytes);
  packet->notes().checksum = ChecksumState::kPartial;
  packet->notes().transport_offset = kTransport;
  packet->notes().checksum_offset = 16;  // TCP
  return packet;
}

TEST(MemoryLink, AVouchingLinkPassesPartialChecksumsOn) {
  TestPool left, right;
  MemoryLink link;
  Rng rng(5);
  const auto bytes = random_frame(rng, 300);
  send(link.end(0), partial_packet(left.pool, bytes, 300));
  PacketBatch arrived;
  link.end(1).receive(right.pool, arrived);
  ASSERT_EQ(arrived.size(), 1U);
  EXPECT_EQ(arrived[0].notes().checksum, ChecksumState::kPartial);
  EXPECT_EQ(arrived[0].notes().transport_offset, kTransport);
  EXPECT_EQ(arrived[0].notes().checksum_offset, 16);
  EXPECT_EQ(bytes_of(arrived[0]), bytes);
}

TEST(MemoryLink, ALinkThatDoesNotVouchFinishesChecksums) {
  TestPool left, right;
  MemoryLinkOptions options;
  options.vouches_for_bytes = false;
  options.completes_checksums = true;
  MemoryLink link(options);
  Rng rng(6);
  for (int round = 0; round < 100; ++round) {
    const auto bytes = random_frame(rng, 60 + rng.below(1000));
    send(link.end(0), partial_packet(left.pool, bytes, 1 + rng.below(300)));
    PacketBatch arrived;
    link.end(1).receive(right.pool, arrived);
    ASSERT_EQ(arrived.size(), 1U);
    EXPECT_EQ(arrived[0].notes().checksum, ChecksumState::kUnknown);
    // The field held the sum so far; the finished one is the complement of the sum over all.
    const Bytes segment = Bytes(bytes).subspan(kTransport);
    EXPECT_EQ(load_big_endian<std::uint16_t>(arrived[0].bytes().data() + kTransport + 16),
              wire::fold(wire::partial_sum(segment)));
  }
}

TEST(MemoryLink, ALinkWithoutOffloadsRefusesPartialChecksums) {
  TestPool left;
  MemoryLinkOptions options;
  options.vouches_for_bytes = false;
  MemoryLink link(options);
  Rng rng(8);
  send(link.end(0), partial_packet(left.pool, random_frame(rng, 300), 300));
  EXPECT_EQ(link.end(0).counters().failed_sends, 1U);
}

TEST(MemoryLink, RefusesAChecksumFieldOutsideThePacket) {
  TestPool left;
  MemoryLink link;
  Rng rng(9);
  send(link.end(0), partial_packet(left.pool, random_frame(rng, kTransport + 17), 300));
  EXPECT_EQ(link.end(0).counters().failed_sends, 1U);
}

TEST(MemoryLink, CountsFramesForWhichTheReceiverHasNoPackets) {
  TestPool left;
  PacketPoolConfig small;
  small.small_buffers = 2;
  small.large_buffers = 0;
  TestPool right(small);
  MemoryLink link;
  Rng rng(10);
  for (int i = 0; i < 5; ++i) send(link.end(0), packet_of(left.pool, random_frame(rng, 100)));
  PacketBatch arrived;
  link.end(1).receive(right.pool, arrived);
  EXPECT_EQ(arrived.size(), 2U);
  EXPECT_EQ(link.end(1).counters().pool_empty_drops, 3U);
  EXPECT_EQ(link.packets_under_way(), 0U);
}

TEST(MemoryLink, ASuperSegmentArrivesWithoutLargeBuffers) {
  TestPool left;
  PacketPoolConfig small;
  small.large_buffers = 0;
  TestPool right(small);
  MemoryLinkOptions options;
  options.tcp_segment_bytes_max = 65535;
  MemoryLink link(options);
  Rng rng(11);
  const auto bytes = random_frame(rng, 14 + 65535);
  PacketPtr packet = chain_of(left.pool, bytes, 60000);
  packet->notes().segment_kind = SegmentKind::kTcp;
  packet->notes().segment_size = 1448;
  send(link.end(0), std::move(packet));
  PacketBatch arrived;
  link.end(1).receive(right.pool, arrived);
  ASSERT_EQ(arrived.size(), 1U);
  EXPECT_EQ(bytes_of(arrived[0]), bytes);
}

TEST(MemoryLink, AnUnpluggedCableDiscardsWhatIsSent) {
  TestPool left, right;
  MemoryLink link;
  Rng rng(12);
  send(link.end(0), packet_of(left.pool, random_frame(rng, 100)));
  link.set_up(false);
  EXPECT_FALSE(link.end(0).is_up());
  EXPECT_FALSE(link.end(1).is_up());
  send(link.end(0), packet_of(left.pool, random_frame(rng, 100)));
  EXPECT_EQ(link.end(0).counters().failed_sends, 1U);
  PacketBatch arrived;
  link.end(1).receive(right.pool, arrived);
  EXPECT_EQ(arrived.size(), 1U);
}

TEST(MemoryLink, NotesOfTheSenderStayWithTheSender) {
  TestPool left, right;
  MemoryLink link;
  Rng rng(13);
  PacketPtr packet = packet_of(left.pool, random_frame(rng, 100));
  packet->notes().flow_hash = 99;
  packet->notes().interface = 3;
  packet->notes().is_reassembled = true;
  send(link.end(0), std::move(packet));
  PacketBatch arrived;
  link.end(1).receive(right.pool, arrived);
  ASSERT_EQ(arrived.size(), 1U);
  EXPECT_EQ(arrived[0].notes().flow_hash, 0U);
  EXPECT_EQ(arrived[0].notes().interface, kNoInterface);
  EXPECT_FALSE(arrived[0].notes().is_reassembled);
}

}  // namespace
}  // namespace strata::driver::memory_link_test
