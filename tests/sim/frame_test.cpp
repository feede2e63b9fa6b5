// SPDX-License-Identifier: Apache-2.0
#include "sim/frame.h"

#include <gtest/gtest.h>

#include <bit>
#include <vector>

#include "sim/lab.h"
#include "strata/memory.h"
#include "strata/wire/vlan.h"

namespace strata::sim::frame_test {
namespace {

struct FrameTest : testing::Test {
  [[nodiscard]] PacketPtr packet_of(Bytes bytes) {
    PacketPtr packet = pool.allocate_for(bytes.size());
    copy_bytes(bytes, packet->append(bytes.size()));
    return packet;
  }
  [[nodiscard]] static std::vector<std::byte> bytes_of(const Packet& packet) {
    std::vector<std::byte> bytes(packet.size());
    packet.copy_out(0, bytes);
    return bytes;
  }

  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 16, .large_buffers = 2, .extra_descriptors = 16}};
};

TEST_F(FrameTest, OneThatNobodySharesIsHandedOverAsItIs) {
  PacketPtr frame = packet_of(numbered_frame(5));
  frame->notes().flow_hash = 99;
  const Packet* before = frame.get();
  frame = make_own(std::move(frame), pool);
  EXPECT_EQ(frame.get(), before);
  EXPECT_EQ(frame->notes().flow_hash, 0U) << "notes do not cross a wire";
}

TEST_F(FrameTest, OneThatSharesBytesIsCopied) {
  const PacketPtr original = packet_of(numbered_frame(5));
  PacketPtr shared = original->share(0, original->size());
  shared = make_own(std::move(shared), pool);
  ASSERT_NE(shared, nullptr);
  EXPECT_TRUE(shared->is_writable());
  EXPECT_TRUE(original->is_writable()) << "nobody else holds the sender's bytes any longer";
  EXPECT_EQ(bytes_of(*shared), bytes_of(*original));
}

TEST_F(FrameTest, AChainBecomesOneSlice) {
  const std::vector<std::byte> whole = numbered_frame(9, 300);
  PacketPtr head = packet_of(Bytes(whole).first(40));
  head->append_chain(packet_of(Bytes(whole).subspan(40)));
  head = make_own(std::move(head), pool);
  ASSERT_NE(head, nullptr);
  EXPECT_FALSE(head->is_chain());
  EXPECT_EQ(bytes_of(*head), whole);
  EXPECT_EQ(pool.descriptors_in_use(), 1U);
}

TEST_F(FrameTest, FlippingChangesExactlySoManyBits) {
  Rng rng(11);
  for (const std::uint32_t bits : {1U, 2U, 7U, 100U}) {
    const PacketPtr frame = packet_of(numbered_frame(1, 64));
    const std::vector<std::byte> before = bytes_of(*frame);
    flip_bits(*frame, bits, rng);
    int changed = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      changed += std::popcount(std::to_integer<unsigned>(before[i] ^ frame->bytes()[i]));
    }
    EXPECT_EQ(changed, static_cast<int>(bits));
  }
}

TEST_F(FrameTest, FlippingMoreBitsThanThereAreFlipsAll) {
  Rng rng(1);
  const PacketPtr frame = packet_of(std::vector<std::byte>(2, std::byte{0x0f}));
  flip_bits(*frame, 1000, rng);
  EXPECT_EQ(bytes_of(*frame), std::vector<std::byte>(2, std::byte{0xf0}));
}

TEST_F(FrameTest, ATagComesAndGoesWithoutTouchingTheRest) {
  const std::vector<std::byte> untagged = numbered_frame(8, 80);
  PacketPtr frame = insert_tag(packet_of(untagged), 0xa064, pool);
  ASSERT_NE(frame, nullptr);
  EXPECT_EQ(frame->size(), untagged.size() + 4);
  EXPECT_EQ(link_header_bytes(*frame), 18U);
  const auto tag = wire::VlanView::parse(frame->bytes().subspan(14));
  ASSERT_TRUE(tag);
  EXPECT_EQ(tag->id(), 100U);
  EXPECT_EQ(tag->priority(), 5U);
  remove_tag(*frame);
  EXPECT_EQ(bytes_of(*frame), untagged);
  EXPECT_EQ(link_header_bytes(*frame), 14U);
}

TEST_F(FrameTest, ATagFindsRoomInACopyWhenThereIsNoHeadroom) {
  PacketPtr tight = pool.allocate(BufferClass::kSmall, 0);
  const std::vector<std::byte> untagged = numbered_frame(8, 80);
  copy_bytes(untagged, tight->append(untagged.size()));
  const PacketPtr frame = insert_tag(std::move(tight), 7, pool);
  ASSERT_NE(frame, nullptr);
  EXPECT_EQ(frame->size(), untagged.size() + 4);
}

TEST(Later, StopsAtTheEndOfTime) {
  EXPECT_EQ(later(Time(1s), 2s), Time(3s));
  EXPECT_EQ(later(Time(1s), Duration::max()), kNever);
  EXPECT_EQ(later(kNever, 1ns), kNever);
}

}  // namespace
}  // namespace strata::sim::frame_test
