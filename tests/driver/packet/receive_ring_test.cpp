// SPDX-License-Identifier: Apache-2.0
#include "driver/packet/receive_ring.h"

#include <gtest/gtest.h>
#include <linux/if_packet.h>

#include <array>
#include <cstring>
#include <vector>

#include "strata/rng.h"

namespace strata::driver::packet::receive_ring_test {
namespace {

constexpr std::size_t kSlotBytes = 2048;
constexpr std::size_t kSlots = 4;

// A ring in memory of our own, with us as the kernel.
class Ring {
 public:
  tpacket2_hdr& header(std::size_t slot) {
    return *reinterpret_cast<tpacket2_hdr*>(memory_.data() + slot * kSlotBytes);
  }
  // A frame of `size` bytes of `value`, of a frame of `length`.
  void put(std::size_t slot, std::uint32_t size, std::byte value, std::uint32_t status) {
    tpacket2_hdr& header = this->header(slot);
    header.tp_mac = 76;
    header.tp_snaplen = size;
    header.tp_len = size;
    std::memset(memory_.data() + slot * kSlotBytes + 76, std::to_integer<int>(value), size);
    header.tp_status = TP_STATUS_USER | status;
  }
  void put_notes(std::size_t slot, const VirtioHeader& notes) {
    std::memcpy(memory_.data() + slot * kSlotBytes + 76 - kVirtioHeaderBytes, &notes,
                kVirtioHeaderBytes);
  }
  ReceiveRing ring() { return {memory_.data(), kSlotBytes, kSlots}; }

 private:
  std::vector<std::byte> memory_ = std::vector<std::byte>(kSlots * kSlotBytes);
};

TEST(ReceiveRing, HandsOverFramesInOrderAndSlotsBack) {
  Ring kernel;
  ReceiveRing ring = kernel.ring();
  EXPECT_FALSE(ring.next());
  for (std::size_t i = 0; i < 3 * kSlots; ++i) {
    const std::size_t slot = i % kSlots;
    kernel.put(slot, 60, static_cast<std::byte>(i), 0);
    const auto frame = ring.next();
    ASSERT_TRUE(frame);
    ASSERT_EQ(frame->bytes.size(), 60U);
    EXPECT_EQ(frame->bytes[59], static_cast<std::byte>(i));
    EXPECT_FALSE(frame->tag);
    ring.release();
    EXPECT_EQ(kernel.header(slot).tp_status, 0U);
    EXPECT_FALSE(ring.next());
  }
}

TEST(ReceiveRing, ReadsWhatStandsBesideAFrame) {
  Ring kernel;
  VirtioHeader notes;
  notes.flags = VirtioHeader::kNeedsChecksum;
  notes.checksum_start = 34;
  notes.checksum_offset = 16;
  kernel.put(0, 100, std::byte{1},
             TP_STATUS_VLAN_VALID | TP_STATUS_VLAN_TPID_VALID | TP_STATUS_LOSING);
  kernel.put_notes(0, notes);
  kernel.header(0).tp_vlan_tpid = 0x88a8;
  kernel.header(0).tp_vlan_tci = 7;
  const ReceiveRing ring = kernel.ring();
  const auto frame = ring.next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->notes, notes);
  ASSERT_TRUE(frame->tag);
  EXPECT_EQ(frame->tag->ethertype, 0x88a8);
  EXPECT_EQ(frame->tag->control, 7);
  EXPECT_TRUE(frame->is_losing);
  EXPECT_FALSE(frame->is_cut);
}

TEST(ReceiveRing, ATagWithoutATypeIsACustomers) {
  Ring kernel;
  kernel.put(0, 100, std::byte{1}, TP_STATUS_VLAN_VALID);
  const ReceiveRing ring = kernel.ring();
  EXPECT_EQ(ring.next()->tag->ethertype, 0x8100);
}

TEST(ReceiveRing, TellsWhetherALongFrameWaits) {
  Ring kernel;
  kernel.put(0, 1900, std::byte{1}, TP_STATUS_COPY);
  kernel.header(0).tp_len = 60'000;
  kernel.put(1, 1900, std::byte{1}, 0);
  kernel.header(1).tp_len = 60'000;
  ReceiveRing ring = kernel.ring();
  EXPECT_TRUE(ring.next()->is_queued);
  ring.release();
  EXPECT_TRUE(ring.next()->is_cut);
  EXPECT_FALSE(ring.next()->is_queued);
}

TEST(ReceiveRing, BelievesNoHeaderThatLeavesItsSlot) {
  Ring kernel;
  ReceiveRing ring = kernel.ring();
  Rng rng(1);
  constexpr std::array<std::uint32_t, 8> kSizes{0, 13, 14, 1972, 1973, 2048, 65'536, UINT32_MAX};
  constexpr std::array<std::uint16_t, 7> kPlaces{0, 10, 52, 76, 2034, 2048, UINT16_MAX};
  for (std::size_t i = 0; i < 2000; ++i) {
    const std::size_t slot = i % kSlots;
    tpacket2_hdr& header = kernel.header(slot);
    header.tp_mac = kPlaces[rng.below(kPlaces.size())];
    header.tp_snaplen = kSizes[rng.below(kSizes.size())];
    header.tp_len = kSizes[rng.below(kSizes.size())];
    header.tp_status = static_cast<std::uint32_t>(rng.next()) | TP_STATUS_USER;
    const auto frame = ring.next();
    ASSERT_TRUE(frame);
    const bool fits = header.tp_mac >= 62 && header.tp_snaplen >= 14 &&
                      std::size_t{header.tp_mac} + header.tp_snaplen <= kSlotBytes;
    EXPECT_EQ(frame->bytes.size(), fits ? header.tp_snaplen : 0U);
    ring.release();
  }
}

}  // namespace
}  // namespace strata::driver::packet::receive_ring_test
