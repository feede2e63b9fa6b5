// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ip/packets.h"
#include "ip/reassembly.h"
#include "strata/rng.h"

namespace strata::ip::reassembly_table_test {
namespace {

constexpr ReassemblyConfig kSmall{.buffer_bytes_max = 64 * kSmallBufferBytes,
                                  .datagrams_max = 64,
                                  .fragments_max = 64,
                                  .fragments_per_datagram_max = 8};

struct ReassemblyTableTest : ::testing::Test {
  HeapMemory pool_memory;
  HeapMemory memory;
  PacketPool pool{pool_memory, {.small_buffers = 512, .large_buffers = 2}};
  Reassembly reassembly{memory, SipKey{5, 6}, kSmall};
  Time now{};
  ByteVector payload = pattern(4000);

  Reassembly::Outcome feed(const Slice& slice) {
    const auto outcome = reassembly.on_fragment(fragment_of(pool, slice, payload), now);
    EXPECT_LE(reassembly.buffer_bytes(), kSmall.buffer_bytes_max);
    EXPECT_LE(reassembly.fragments(), kSmall.fragments_max);
    EXPECT_LE(reassembly.datagrams(), kSmall.datagrams_max);
    return {.whole = nullptr,
            .drop = outcome.drop,
            .refused = nullptr,
            .problem = {},
            .shed = outcome.shed + (outcome.whole != nullptr ? kWhole : 0)};
  }
  static constexpr std::uint32_t kWhole = 1U << 30U;
};

TEST_F(ReassemblyTableTest, OneSourceKeepsToItsShare) {
  for (std::uint32_t id = 0; id < 1000; ++id) {
    (void)feed({.size = 800, .identification = id});
  }
  EXPECT_EQ(reassembly.fragments(), kSmall.fragments_max / kSmall.source_share_divisor);
}

TEST_F(ReassemblyTableTest, OverItsShareASourceLosesItsOwnOldest) {
  const std::uint32_t share = 16;
  for (std::uint32_t id = 0; id < share; ++id) (void)feed({.size = 800, .identification = id});
  EXPECT_EQ(feed({.size = 800, .identification = share}).shed, 1U);
  // Datagram 0 went: its end completes nothing. Datagram 1 went for that end; 2 is still there.
  EXPECT_LT(feed({.offset = 800, .size = 8, .more = false, .identification = 0}).shed, kWhole);
  EXPECT_GE(feed({.offset = 800, .size = 8, .more = false, .identification = 2}).shed, kWhole);
}

TEST_F(ReassemblyTableTest, FloodFromOneSourceDoesNotPushOutAnHonestDatagram) {
  const IpAddress flooder = IpAddress::v4(203, 0, 113, 66);
  std::uint32_t flood_id = 0;
  const auto flood = [&](int count) {
    for (int i = 0; i < count; ++i) {
      (void)feed({.size = 800, .identification = flood_id++, .source = flooder});
    }
  };
  for (std::uint32_t ping = 0; ping < 50; ++ping) {
    flood(200);
    (void)feed({.offset = 0, .size = 1480, .identification = ping});
    flood(200);
    (void)feed({.offset = 1480, .size = 1480, .identification = ping});
    flood(200);
    const auto last = feed({.offset = 2960, .size = 1040, .more = false, .identification = ping});
    EXPECT_GE(last.shed, kWhole) << ping;
  }
}

TEST_F(ReassemblyTableTest, FloodFromManySourcesStaysWithinTheBudget) {
  Rng rng(3);
  std::uint64_t shed = 0;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const auto source = IpAddress::v4(static_cast<std::uint32_t>(rng.next()));
    shed += feed({.size = 800, .identification = i, .source = source}).shed;
  }
  EXPECT_EQ(shed, 5000U - reassembly.fragments());
  // What comes last finds room, however full it was.
  (void)feed({.offset = 0, .size = 800, .identification = 1});
  EXPECT_GE(feed({.offset = 800, .size = 8, .more = false, .identification = 1}).shed, kWhole);
}

TEST_F(ReassemblyTableTest, FloodFromManySourcesDoesNotPushOutWhatIsHalfThere) {
  Rng rng(3);
  (void)feed({.offset = 0, .size = 1480, .identification = 1});
  (void)feed({.offset = 1480, .size = 1480, .identification = 1});
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const auto source = IpAddress::v4(static_cast<std::uint32_t>(rng.next()));
    (void)feed({.size = 800, .identification = i, .source = source});
  }
  const auto last = feed({.offset = 2960, .size = 1040, .more = false, .identification = 1});
  EXPECT_GE(last.shed, kWhole);
}

// Halves that are never completed must not make those that begin compete for what they leave.
TEST_F(ReassemblyTableTest, HalvesFromManySourcesDoNotHoldTheTable) {
  for (std::uint32_t i = 0; i < 32; ++i) {
    const IpAddress source = IpAddress::v4(0x0b00'0000U + i);
    (void)feed({.size = 800, .identification = i, .source = source});
    (void)feed({.offset = 800, .size = 800, .identification = i, .source = source});
  }
  for (std::uint32_t id = 0; id < 8; ++id) (void)feed({.size = 800, .identification = id});
  for (std::uint32_t id = 0; id < 8; ++id) {
    const auto last = feed({.offset = 800, .size = 8, .more = false, .identification = id});
    EXPECT_GE(last.shed, kWhole) << id;
  }
}

TEST_F(ReassemblyTableTest, DatagramOfTooManyFragmentsIsDiscarded) {
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(feed({.offset = i * 8, .size = 8}).drop, DropReason::kNone);
  }
  EXPECT_EQ(feed({.offset = 64, .size = 8}).drop, DropReason::kFragmentTooMany);
  EXPECT_EQ(reassembly.fragments(), 0U);
}

TEST_F(ReassemblyTableTest, BufferBudgetHoldsEvenForOneDatagram) {
  Reassembly tight(memory, SipKey{},
                   {.buffer_bytes_max = 2 * kSmallBufferBytes, .source_share_divisor = 1});
  DropReason last = DropReason::kNone;
  for (std::size_t i = 0; i < 3; ++i) {
    last =
        tight.on_fragment(fragment_of(pool, {.offset = i * 800, .size = 800}, payload), now).drop;
  }
  EXPECT_EQ(last, DropReason::kFragmentBudget);
  EXPECT_LE(tight.buffer_bytes(), 2 * kSmallBufferBytes);
}

TEST_F(ReassemblyTableTest, WithoutMemoryFragmentsAreDropped) {
  for (std::size_t limit = 0; limit < 40'000; limit += 1000) {
    HeapMemory scarce(limit);
    {
      Reassembly poor(scarce, SipKey{1, 1});
      for (std::uint32_t id = 0; id < 200; ++id) {
        const auto outcome =
            poor.on_fragment(fragment_of(pool, {.size = 800, .identification = id}, payload), now);
        EXPECT_TRUE(outcome.drop == DropReason::kNone ||
                    outcome.drop == DropReason::kFragmentBudget);
      }
    }
    EXPECT_EQ(scarce.bytes_used(), 0U);
    EXPECT_EQ(pool.descriptors_in_use(), 0U);
  }
}

TEST_F(ReassemblyTableTest, LinkLocalSourcesOfTwoLinksAreStrangers) {
  const auto on_link = [&](InterfaceId interface, const Slice& slice) {
    Fragment fragment = fragment_of(pool, slice, payload);
    fragment.interface = interface;
    return reassembly.on_fragment(std::move(fragment), now).whole != nullptr;
  };
  const IpAddress neighbor = IpAddress::v6(0xfe80'0000'0000'0000, 5);
  EXPECT_FALSE(on_link(1, {.is_v4 = false, .size = 800, .source = neighbor}));
  const Slice end{.is_v4 = false, .offset = 800, .size = 8, .more = false, .source = neighbor};
  EXPECT_FALSE(on_link(2, end));
  EXPECT_TRUE(on_link(1, end));
}

}  // namespace
}  // namespace strata::ip::reassembly_table_test
