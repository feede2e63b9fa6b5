// SPDX-License-Identifier: Apache-2.0
// Reassembly: against an oracle that keeps the first value of every byte, and within its bounds.
#include "tcp/receive/reassembly.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "strata/rng.h"
#include "tcp/receive/rig.h"

namespace strata::tcp::reassembly_test {
namespace {

using testing::first_difference;
using testing::stream_byte;
using testing::stream_text;

struct ReassemblyBench {
  explicit ReassemblyBench(const PacketPoolConfig& buffers = {}, std::uint32_t segments_max = 4096)
      : pool(memory, buffers), reassembly(memory, segments_max) {}

  Reassembly::Added add(std::uint64_t begin, std::size_t count, unsigned salt = 0) {
    return reassembly.add(pool, begin, stream_text(pool, begin, count, salt));
  }
  std::vector<std::byte> move(std::uint64_t front) {
    Inbox inbox;
    const std::uint64_t end = reassembly.move_to(inbox, pool, front);
    EXPECT_EQ(inbox.size(), end - front);
    std::vector<std::byte> bytes(inbox.size());
    (void)inbox.read(bytes);
    return bytes;
  }

  HeapMemory memory;
  PacketPool pool;
  Reassembly reassembly;
};

TEST(Reassembly, KeepsLargePiecesByReferenceAndSmallOnesTogether) {
  ReassemblyBench bench;
  bench.add(10000, 1400);
  EXPECT_EQ(bench.pool.descriptors_in_use(), 1U);
  const std::size_t with_slice = bench.reassembly.bytes_held();
  for (std::uint64_t place = 20480; place < 22528; place += 2) bench.add(place, 1);
  EXPECT_EQ(bench.pool.descriptors_in_use(), 2U) << "one page holds a thousand pieces";
  EXPECT_EQ(bench.reassembly.covered().size(), 1025U);
  EXPECT_LT(bench.reassembly.bytes_held() - with_slice, 2048U + 1024 * 24);
}

TEST(Reassembly, TellsWhichPartHadBeenHere) {
  ReassemblyBench bench;
  bench.add(1000, 1000);
  bench.add(3000, 1000);
  const auto added = bench.add(500, 3000);
  EXPECT_EQ(added.bytes, 1500U);
  EXPECT_EQ(added.duplicate, (Interval{1000, 2000})) << "the first of several";
  EXPECT_FALSE(added.was_refused);
  EXPECT_EQ(bench.add(700, 100).bytes, 0U);
  EXPECT_EQ(bench.reassembly.covered().size(), 1U);
}

TEST(Reassembly, ShedsWhatIsFurthestAndNothingNearer) {
  ReassemblyBench bench;
  bench.add(1000, 1400);
  bench.add(9000, 1400);
  bench.add(5000, 1400);
  bench.add(20000, 5);
  for (const std::uint64_t end : {10400U, 6400U, 2400U}) {
    ASSERT_TRUE(bench.reassembly.shed_furthest());
    EXPECT_EQ(bench.reassembly.end(), end);
  }
  EXPECT_TRUE(bench.reassembly.shed_furthest());
  EXPECT_FALSE(bench.reassembly.shed_furthest());
  EXPECT_TRUE(bench.reassembly.empty());
  EXPECT_EQ(bench.reassembly.bytes_held(), 0U);
  EXPECT_EQ(bench.pool.descriptors_in_use(), 0U);
}

TEST(Reassembly, ShedsAPageUnderASliceWithoutLosingTheSlicesFront) {
  ReassemblyBench bench;
  bench.add(1000, 1400);  // reaches into the page at 2048
  bench.add(2500, 3);
  ASSERT_TRUE(bench.reassembly.shed_furthest());
  EXPECT_EQ(bench.reassembly.end(), 2048U);
  const auto bytes = bench.move(1000);
  EXPECT_EQ(bytes.size(), 1048U);
  EXPECT_EQ(first_difference(bytes, 1000), bytes.size());
}

TEST(Reassembly, ExchangesTheFurthestForWhatIsNearerOnceFull) {
  ReassemblyBench bench({}, 8);
  for (std::uint64_t i = 1; i <= 4; ++i) bench.add(i * 10000, 1400);
  EXPECT_EQ(bench.reassembly.segments(), 8U);
  EXPECT_TRUE(bench.add(50000, 1400).was_refused) << "further than all that is here";
  EXPECT_EQ(bench.add(15000, 1400).bytes, 1400U);
  EXPECT_EQ(bench.reassembly.end(), 31400U);
  EXPECT_LE(bench.reassembly.segments(), 8U);
}

TEST(Reassembly, RefusesQuietlyWithoutMemory) {
  HeapMemory memory(PacketPoolConfig{}.small_buffers * std::size_t{4096});
  PacketPool pool(memory, {.small_buffers = 4, .large_buffers = 0, .extra_descriptors = 0});
  ASSERT_TRUE(pool.is_usable());
  HeapMemory none(0);
  Reassembly reassembly(none, 100);
  EXPECT_TRUE(reassembly.add(pool, 5000, stream_text(pool, 5000, 1400)).was_refused);
  EXPECT_TRUE(reassembly.add(pool, 5000, stream_text(pool, 5000, 4)).was_refused);
  EXPECT_TRUE(reassembly.empty());
  EXPECT_EQ(pool.descriptors_in_use(), 0U);
}

// Honest and lying text of all sizes, sheds, and fronts that move: what comes out is the first
// value of each byte that was kept.
class ReassemblyOracle : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ReassemblyOracle, FirstBytesWin) {
  constexpr std::uint64_t kLength = 30000;
  Rng rng(GetParam());
  const auto segments_max = static_cast<std::uint32_t>(rng.below(2) == 0 ? 4096 : 20);
  ReassemblyBench bench({.small_buffers = rng.below(3) == 0 ? 24U : 256U,
                         .large_buffers = 0,
                         .extra_descriptors = rng.below(3) == 0 ? 0U : 512U},
                        segments_max);
  std::vector<std::optional<std::byte>> oracle(kLength + 4000);
  std::uint64_t front = 0;
  const auto forget_uncovered = [&] {
    std::uint64_t at = front;
    const auto forget_up_to = [&](std::uint64_t end) {
      for (; at < end; ++at) oracle[at].reset();
    };
    for (const Interval& interval : bench.reassembly.covered()) {
      forget_up_to(interval.begin);
      at = interval.end;
    }
    forget_up_to(std::min<std::uint64_t>(front + 7000, oracle.size()));
  };
  for (int step = 0; step < 800 && front < kLength; ++step) {
    const std::uint64_t action = rng.below(20);
    if (action == 0) {
      bench.reassembly.shed_furthest();
      forget_uncovered();
    } else if (action < 4) {
      const auto bytes = bench.move(front);
      for (const std::byte byte : bytes) ASSERT_EQ(byte, oracle[front++]) << "at " << front;
      if (action == 1) bench.reassembly.forget_before(front += rng.below(300));
    } else {
      const std::uint64_t begin = front + rng.below(std::min<std::uint64_t>(5000, kLength - front));
      const std::size_t count = 1 + (action < 12 ? rng.below(30) : rng.below(1800));
      const auto salt = static_cast<unsigned>(rng.below(3));
      PacketPtr text = stream_text(bench.pool, begin, count, salt);
      if (text == nullptr) continue;
      const std::uint64_t covered = bench.reassembly.covered().covered();
      const bool was_full = bench.reassembly.segments() >= segments_max;
      const auto added = bench.reassembly.add(bench.pool, begin, std::move(text));
      if (!was_full && bench.reassembly.segments() < segments_max) {
        ASSERT_EQ(bench.reassembly.covered().covered() - covered, added.bytes);
      }
      forget_uncovered();
      for (std::uint64_t i = begin; i < begin + count; ++i) {
        const bool is_here = bench.reassembly.covered().contains(i);
        if (is_here && !oracle[i]) oracle[i] = stream_byte(i, salt);
      }
    }
    ASSERT_LE(bench.reassembly.segments(), segments_max);
  }
  bench.reassembly.clear();
  EXPECT_EQ(bench.pool.descriptors_in_use(), 0U);
  EXPECT_EQ(bench.reassembly.bytes_held(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ReassemblyOracle, ::testing::Range<std::uint64_t>(1, 61));

}  // namespace
}  // namespace strata::tcp::reassembly_test
