// SPDX-License-Identifier: Apache-2.0
#include "strata/packet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "strata/packet_pool.h"
#include "strata/rng.h"

namespace strata::packet_test {
namespace {

using Oracle = std::vector<std::byte>;

class Packets : public testing::Test {
 protected:
  PacketPtr make(std::size_t size, std::size_t headroom = kHeadroom) {
    PacketPtr packet = pool.allocate_for(size, headroom);
    EXPECT_NE(packet, nullptr);
    for (std::byte& byte : packet->append(size)) byte = static_cast<std::byte>(next_++);
    return packet;
  }
  static Oracle all_of(const Packet& packet) {
    Oracle bytes(packet.size());
    packet.copy_out(0, bytes);
    return bytes;
  }

  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 64, .large_buffers = 4, .extra_descriptors = 256}};
  unsigned next_ = 0;
};

TEST_F(Packets, HeadersGoInFrontAndTrailersBehind) {
  PacketPtr packet = make(10);
  EXPECT_EQ(packet->headroom(), kHeadroom);
  packet->prepend<2>()[0] = std::byte{0xaa};
  packet->append(1)[0] = std::byte{0xbb};
  EXPECT_EQ(packet->size(), 13U);
  EXPECT_EQ(packet->bytes().front(), std::byte{0xaa});
  EXPECT_EQ(packet->bytes().back(), std::byte{0xbb});
  packet->trim_front(2);
  EXPECT_EQ(packet->headroom(), kHeadroom);
}

TEST_F(Packets, PrependingBeyondTheHeadroomIsOurBug) {
  PacketPtr packet = make(1, 4);
  EXPECT_DEATH((void)packet->prepend(5), "");
}

TEST_F(Packets, ASharedBufferIsNotWritten) {
  PacketPtr packet = make(8);
  {
    const PacketPtr share = packet->share(2, 4);
    EXPECT_FALSE(packet->is_writable());
    EXPECT_DEATH((void)packet->mutable_bytes(), "");
    EXPECT_EQ(share->size(), 4U);
    EXPECT_EQ(share->bytes()[0], std::byte{2});
  }
  EXPECT_TRUE(packet->is_writable());
}

TEST_F(Packets, AShareOutlivesThePacketItCameFrom) {
  PacketPtr packet = make(100);
  packet->append_chain(make(100));
  const Oracle whole = all_of(*packet);
  const PacketPtr share = packet->share(90, 20);
  packet.reset();
  EXPECT_TRUE(std::ranges::equal(all_of(*share), std::span(whole).subspan(90, 20)));
}

TEST_F(Packets, PullMakesTheFrontOneSlice) {
  PacketPtr packet = make(3);
  packet->append_chain(make(2));
  packet->append_chain(make(5));
  const Oracle whole = all_of(*packet);
  EXPECT_FALSE(packet->pull(11));
  ASSERT_TRUE(packet->pull(6));
  EXPECT_EQ(packet->slice_size(), 6U);
  EXPECT_EQ(all_of(*packet), whole);
}

TEST_F(Packets, PullFailsWithoutRoomAndChangesNothing) {
  PacketPtr packet = make(kSmallBufferBytes - 10, 10);
  packet->append_chain(make(5));
  const Oracle whole = all_of(*packet);
  EXPECT_FALSE(packet->pull(packet->slice_size() + 1));
  EXPECT_EQ(all_of(*packet), whole);
}

TEST_F(Packets, CopiesHaveBytesOfTheirOwn) {
  PacketPtr packet = make(40);
  packet->append_chain(make(60));
  packet->notes().flow_hash = 9;
  PacketPtr copy = packet->copy(pool);
  EXPECT_EQ(all_of(*copy), all_of(*packet));
  EXPECT_EQ(copy->notes().flow_hash, 9U);
  EXPECT_FALSE(copy->is_chain());
  EXPECT_EQ(copy->headroom(), kHeadroom);
  copy->mutable_bytes()[0] = std::byte{0xff};
  EXPECT_NE(all_of(*copy), all_of(*packet));
}

TEST_F(Packets, TheLongestPacketIsCopiedWithTheHeadroomThatIsLeft) {
  PacketPtr packet = make(60000, 0);
  packet->append_chain(make(kLargeBufferBytes - 60001, 0));
  const PacketPtr copy = packet->copy(pool);
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(copy->headroom(), 1U);
  EXPECT_EQ(all_of(*copy), all_of(*packet));
  packet->append_chain(make(2));
  EXPECT_EQ(packet->copy(pool), nullptr);
}

TEST_F(Packets, BuffersAreCountedAndNotPayload) {
  PacketPtr packet = make(1);
  packet->append_chain(make(1));
  EXPECT_EQ(packet->buffer_bytes(), 2 * kSmallBufferBytes);
}

// Slices of several pools in one chain: each goes back to where it came from, whoever shares it.
TEST_F(Packets, ChainsOverTwoPoolsGoHome) {
  PacketPool other(memory, {.small_buffers = 4, .large_buffers = 0, .extra_descriptors = 4});
  {
    PacketPtr packet = make(10);
    PacketPtr tail = other.allocate();
    (void)tail->append(10);
    packet->append_chain(std::move(tail));
    const PacketPtr share = packet->share(5, 10);
    EXPECT_EQ(share->size(), 10U);
    EXPECT_EQ(other.descriptors_in_use(), 2U);
  }
  EXPECT_EQ(pool.descriptors_in_use(), 0U);
  EXPECT_EQ(other.descriptors_in_use(), 0U);
  EXPECT_EQ(other.small_free(), 4U);
}

class PacketOperations : public Packets, public testing::WithParamInterface<int> {};

// Whatever is done to a chain, it holds the bytes that a plain vector would, and in the end the
// pool is as it was.
TEST_P(PacketOperations, AgreeWithAVector) {
  Rng rng(static_cast<std::uint64_t>(GetParam()));
  {
    PacketPtr packet = make(rng.below(300));
    Oracle oracle = all_of(*packet);
    std::vector<PacketPtr> shares;
    for (int step = 0; step < 200; ++step) {
      const std::size_t cut = rng.below(oracle.size() + 1);
      switch (rng.below(9)) {
        case 0: {
          PacketPtr tail = make(rng.below(400), rng.below(64));
          const Oracle more = all_of(*tail);
          oracle.insert(oracle.end(), more.begin(), more.end());
          packet->append_chain(std::move(tail));
          break;
        }
        case 1:
          packet->truncate(cut);
          oracle.resize(cut);
          break;
        case 2:
          packet->skip(cut / 4);
          oracle.erase(oracle.begin(), oracle.begin() + static_cast<std::ptrdiff_t>(cut / 4));
          break;
        case 3:
          if (packet->pull(cut)) {
            EXPECT_GE(packet->slice_size(), cut);
          }
          break;
        case 4: {
          const std::size_t count = rng.below(oracle.size() - cut + 1);
          PacketPtr share = packet->share(cut, count);
          if (share == nullptr) break;
          EXPECT_TRUE(std::ranges::equal(all_of(*share), std::span(oracle).subspan(cut, count)));
          if (shares.size() < 4) shares.push_back(std::move(share));
          break;
        }
        case 5:
          if (!shares.empty()) shares.pop_back();
          break;
        case 6:
          if (packet->is_writable() && packet->headroom() >= 3) {
            const MutableBytes front = packet->prepend(3);
            std::ranges::fill(front, std::byte{0x11});
            oracle.insert(oracle.begin(), 3, std::byte{0x11});
          }
          break;
        case 7:
          if (PacketPtr copy = packet->copy(pool)) packet = std::move(copy);
          break;
        default:
          if (oracle.size() > 4000) {
            packet->truncate(100);
            oracle.resize(100);
          }
          break;
      }
      ASSERT_EQ(packet->size(), oracle.size());
      ASSERT_EQ(all_of(*packet), oracle);
    }
  }
  EXPECT_EQ(pool.descriptors_in_use(), 0U);
  EXPECT_EQ(pool.small_free(), 64U);
  EXPECT_EQ(pool.large_free(), 4U);
}
INSTANTIATE_TEST_SUITE_P(Seeds, PacketOperations, testing::Range(0, 50));

}  // namespace
}  // namespace strata::packet_test
