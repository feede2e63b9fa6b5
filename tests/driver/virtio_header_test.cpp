// SPDX-License-Identifier: Apache-2.0
#include "driver/virtio_header.h"

#include <gtest/gtest.h>

#include "driver/packets.h"

namespace strata::driver::virtio_header_test {
namespace {

constexpr std::size_t kTransport = 34;

// An Ethernet frame with an IPv4 header and a TCP header of 20 bytes.
std::vector<std::byte> tcp_frame(std::size_t payload_bytes) {
  std::vector<std::byte> frame(kTransport + 20 + payload_bytes);
  frame[12] = std::byte{0x08};
  frame[14] = std::byte{0x45};
  frame[kTransport + 12] = std::byte{0x50};
  return frame;
}

VirtioHeader tcp_header() {
  VirtioHeader header;
  header.flags = VirtioHeader::kNeedsChecksum;
  header.checksum_start = kTransport;
  header.checksum_offset = 16;
  return header;
}

TEST(VirtioHeader, DescribesExactlyWhatItWasToldAboutASuperSegment) {
  TestPool pool;
  PacketPtr packet = chain_of(pool.pool, tcp_frame(5000), 54);
  VirtioHeader header = tcp_header();
  header.gso_type = VirtioHeader::kGsoTcpV4;
  header.gso_size = 1448;
  header.header_length = 54;
  ASSERT_TRUE(take_notes(header, Medium::kEthernet, *packet));
  EXPECT_EQ(packet->notes().checksum, ChecksumState::kPartial);
  EXPECT_EQ(packet->notes().segment_kind, SegmentKind::kTcp);
  EXPECT_EQ(packet->notes().segment_size, 1448);
  VirtioHeader again;
  ASSERT_TRUE(describe(*packet, Medium::kEthernet, again));
  EXPECT_EQ(again, header);
}

TEST(VirtioHeader, TellsIpVersionsAndCongestionMarksApart) {
  TestPool pool;
  auto frame = tcp_frame(3000);
  frame[14] = std::byte{0x60};
  frame[kTransport + 13] = std::byte{0x80};  // CWR
  PacketPtr packet = chain_of(pool.pool, frame, 1000);
  packet->notes().checksum = ChecksumState::kPartial;
  packet->notes().transport_offset = kTransport;
  packet->notes().checksum_offset = 16;
  packet->notes().segment_kind = SegmentKind::kTcp;
  packet->notes().segment_size = 1000;
  VirtioHeader header;
  ASSERT_TRUE(describe(*packet, Medium::kEthernet, header));
  EXPECT_EQ(header.gso_type, VirtioHeader::kGsoTcpV6 | VirtioHeader::kGsoEcn);
}

TEST(VirtioHeader, ASingleSegmentIsNoSuperSegment) {
  TestPool pool;
  PacketPtr packet = packet_of(pool.pool, tcp_frame(1000));
  packet->notes().checksum = ChecksumState::kPartial;
  packet->notes().transport_offset = kTransport;
  packet->notes().checksum_offset = 16;
  packet->notes().segment_kind = SegmentKind::kTcp;
  packet->notes().segment_size = 1000;
  VirtioHeader header;
  ASSERT_TRUE(describe(*packet, Medium::kEthernet, header));
  EXPECT_EQ(header.gso_type, VirtioHeader::kGsoNone);
}

TEST(VirtioHeader, VerifiedStaysVerified) {
  TestPool pool;
  PacketPtr packet = packet_of(pool.pool, tcp_frame(10));
  VirtioHeader header;
  header.flags = VirtioHeader::kDataValid;
  ASSERT_TRUE(take_notes(header, Medium::kEthernet, *packet));
  EXPECT_EQ(packet->notes().checksum, ChecksumState::kVerified);
}

TEST(VirtioHeader, RefusesHostileValues) {
  TestPool pool;
  const auto refuses = [&](auto change) {
    PacketPtr packet = packet_of(pool.pool, tcp_frame(100));
    VirtioHeader header = tcp_header();
    header.gso_type = VirtioHeader::kGsoTcpV4;
    header.gso_size = 50;
    change(header);
    const bool refused = !take_notes(header, Medium::kEthernet, *packet);
    EXPECT_TRUE(!refused || packet->notes().checksum == ChecksumState::kUnknown);
    return refused;
  };
  EXPECT_FALSE(refuses([](VirtioHeader&) {}));
  EXPECT_TRUE(refuses([](VirtioHeader& h) { h.checksum_start = 65535; }));
  EXPECT_TRUE(refuses([](VirtioHeader& h) { h.checksum_start = 14; }));
  EXPECT_TRUE(refuses([](VirtioHeader& h) { h.checksum_start = 154 - 17; }));
  EXPECT_FALSE(refuses([](VirtioHeader& h) { h.checksum_start = 154 - 18; }));
  EXPECT_TRUE(refuses([](VirtioHeader& h) { h.checksum_offset = 65535; }));
  EXPECT_TRUE(refuses([](VirtioHeader& h) { h.checksum_offset = 256; }));
  EXPECT_TRUE(refuses([](VirtioHeader& h) { h.gso_size = 0; }));
  EXPECT_TRUE(refuses([](VirtioHeader& h) { h.gso_type = 3; }));
  EXPECT_TRUE(refuses([](VirtioHeader& h) { h.gso_type = VirtioHeader::kGsoEcn; }));
  EXPECT_TRUE(refuses([](VirtioHeader& h) { h.flags = 0; }));
}

TEST(VirtioHeader, NeverNamesABytePastTheEndWhateverTheHeaderSays) {
  TestPool pool;
  Rng rng(1);
  int accepted = 0;
  for (int round = 0; round < 100'000; ++round) {
    PacketPtr packet = packet_of(pool.pool, tcp_frame(rng.below(200)));
    VirtioHeader header;
    header.flags = static_cast<std::uint8_t>(rng.below(4));
    header.gso_type = static_cast<std::uint8_t>(rng.below(256));
    header.gso_size = static_cast<std::uint16_t>(rng.below(300));
    header.checksum_start = static_cast<std::uint16_t>(rng.below(300));
    header.checksum_offset = static_cast<std::uint16_t>(rng.below(300));
    const Medium medium = rng.below(2) == 0 ? Medium::kEthernet : Medium::kIp;
    if (!take_notes(header, medium, *packet)) continue;
    ++accepted;
    const PacketNotes& notes = packet->notes();
    if (notes.checksum == ChecksumState::kPartial) {
      ASSERT_LE(notes.transport_offset + notes.checksum_offset + 2U, packet->size());
    }
    VirtioHeader again;
    static_cast<void>(describe(*packet, medium, again));
  }
  EXPECT_GT(accepted, 100);
}

TEST(VirtioHeader, DoesNotSendNotesThatDoNotFitThePacket) {
  TestPool pool;
  PacketPtr packet = packet_of(pool.pool, tcp_frame(2000 - 1));
  VirtioHeader header;
  packet->notes().segment_kind = SegmentKind::kTcp;
  packet->notes().segment_size = 500;
  packet->notes().transport_offset = kTransport;
  EXPECT_FALSE(describe(*packet, Medium::kEthernet, header)) << "its checksums are not partial";
  packet->notes().checksum = ChecksumState::kPartial;
  packet->notes().checksum_offset = 16;
  EXPECT_TRUE(describe(*packet, Medium::kEthernet, header));
  packet->notes().transport_offset = static_cast<std::uint16_t>(packet->size() - 17);
  EXPECT_FALSE(describe(*packet, Medium::kEthernet, header));
}

}  // namespace
}  // namespace strata::driver::virtio_header_test
