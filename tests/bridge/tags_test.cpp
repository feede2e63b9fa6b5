// SPDX-License-Identifier: Apache-2.0
#include "bridge/tags.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>
#include <vector>

#include "strata/wire/ethernet.h"
#include "strata/wire/vlan.h"

namespace strata::bridge::tags_test {
namespace {

class Tags : public testing::Test {
 protected:
  PacketPtr frame(std::size_t headroom = kHeadroom) {
    PacketPtr made = pool.allocate(BufferClass::kSmall, headroom);
    const MutableBytes bytes = made->append(60);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
    made->notes().network_offset = 14;
    made->notes().transport_offset = 34;
    return made;
  }
  static std::vector<std::byte> bytes_of(const Packet& packet) {
    std::vector<std::byte> bytes(packet.size());
    packet.copy_out(0, bytes);
    return bytes;
  }
  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 16, .large_buffers = 1, .extra_descriptors = 16}};
};

TEST_F(Tags, WhatIsPutInComesOutAgain) {
  const auto before = bytes_of(*frame());
  PacketPtr tagged = insert_tag(frame(), 0x600a, pool);
  ASSERT_NE(tagged, nullptr);
  EXPECT_EQ(tagged->size(), 64U);
  EXPECT_EQ(wire::EthernetLayout::Type::get(tagged->bytes()), wire::kEtherTypeVlan);
  const auto tag = wire::VlanView::parse(tagged->bytes().subspan(14));
  ASSERT_TRUE(tag);
  EXPECT_EQ(tag->id(), 10U);
  EXPECT_EQ(tag->priority(), 3U);
  EXPECT_EQ(tagged->notes().network_offset, 18U);
  EXPECT_EQ(tagged->notes().transport_offset, 38U);
  tagged = rewrite_tag(std::move(tagged), 20, pool);
  ASSERT_NE(tagged, nullptr);
  EXPECT_EQ(wire::VlanView::parse(tagged->bytes().subspan(14))->id(), 20U);
  const PacketPtr plain = remove_tag(std::move(tagged), pool);
  ASSERT_NE(plain, nullptr);
  EXPECT_EQ(bytes_of(*plain), before);
  EXPECT_EQ(plain->notes().transport_offset, 34U);
}

// Others look at the same bytes, or there is no room: a copy is made.
TEST_F(Tags, BytesOfOthersAreLeftAlone) {
  PacketPtr original = frame();
  const auto before = bytes_of(*original);
  PacketPtr shared = original->share(0, original->size());
  const PacketPtr tagged = insert_tag(std::move(shared), 10, pool);
  ASSERT_NE(tagged, nullptr);
  EXPECT_EQ(bytes_of(*original), before);
  const PacketPtr cramped = insert_tag(frame(0), 10, pool);
  ASSERT_NE(cramped, nullptr);
  EXPECT_EQ(bytes_of(*cramped), bytes_of(*tagged));
}

TEST_F(Tags, AnEmptyPoolIsToldByNothing) {
  std::vector<PacketPtr> all;
  PacketPtr cramped = frame(0);
  while (PacketPtr packet = pool.allocate()) all.push_back(std::move(packet));
  while (PacketPtr packet = pool.allocate(BufferClass::kLarge, 0)) all.push_back(std::move(packet));
  EXPECT_EQ(insert_tag(std::move(cramped), 10, pool), nullptr);
}

}  // namespace
}  // namespace strata::bridge::tags_test
