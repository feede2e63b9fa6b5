// SPDX-License-Identifier: Apache-2.0
// SackHistory: which blocks, in which order (RFC 2018 4, RFC 2883 4).
#include "tcp/receive/sack_history.h"

#include <gtest/gtest.h>

#include <string>

#include "strata/memory.h"

namespace strata::tcp::sack_history_test {
namespace {

constexpr std::uint64_t kNoTrigger = UINT64_MAX;

struct HistoryBench {
  HeapMemory memory;
  IntervalSet covered{memory, 100};
  SackHistory history;

  void arrive(std::uint64_t begin, std::uint64_t end) {
    ASSERT_TRUE(covered.insert(begin, end));
    history.on_arrival(begin);
  }
  // Sequence numbers are offsets plus 4294967000, so that they wrap in the middle.
  [[nodiscard]] std::string blocks(std::uint64_t trigger = kNoTrigger, SequenceRange duplicate = {},
                                   std::size_t blocks_max = 4) const {
    std::string out;
    const SequenceOrigin origin{SequenceNumber(kBase + 100), 100};
    for (const auto& block : history.blocks(covered, origin, trigger, duplicate, blocks_max)) {
      if (!out.empty()) out += ' ';
      out += std::to_string(block.left - kBase) + "-" + std::to_string(block.right - kBase);
    }
    return out;
  }
  static constexpr std::uint32_t kBase = 4294967000U;
};

// RFC 2018 4 MUST: the first block holds the segment that triggered the ACK.
// RFC 2018 4 SHOULD: as many other blocks as fit, the most recently reported first.
TEST(SackHistory, TellsTheTriggerFirstAndThenTheLatest) {
  HistoryBench bench;
  bench.arrive(200, 210);
  bench.arrive(300, 310);
  bench.arrive(400, 410);
  EXPECT_EQ(bench.blocks(400), "400-410 300-310 200-210");
  EXPECT_EQ(bench.blocks(200), "200-210 400-410 300-310") << "an ACK owed for an earlier one";
  bench.arrive(210, 220);
  EXPECT_EQ(bench.blocks(), "200-220 400-410 300-310") << "a block grows and comes first";
}

TEST(SackHistory, TellsJoinedStretchesOnce) {
  HistoryBench bench;
  bench.arrive(200, 210);
  bench.arrive(220, 230);
  bench.arrive(210, 220);
  EXPECT_EQ(bench.blocks(210), "200-230");
}

TEST(SackHistory, ForgetsWhatIsInOrderByNow) {
  HistoryBench bench;
  bench.arrive(200, 210);
  bench.arrive(300, 310);
  ASSERT_TRUE(bench.covered.erase(0, 210));
  EXPECT_EQ(bench.blocks(200), "300-310");
}

TEST(SackHistory, LimitsBlocksToTheRoomInTheOptions) {
  HistoryBench bench;
  for (std::uint64_t i = 1; i <= 7; ++i) bench.arrive(i * 100, i * 100 + 10);
  EXPECT_EQ(bench.blocks(700), "700-710 600-610 500-510 400-410");
  EXPECT_EQ(bench.blocks(700, {}, 3), "700-710 600-610 500-510");
}

// RFC 2883 4 MUST: the first block reports the duplicate segment.
// RFC 2883 4.1 MUST: the block after it holds the stretch that the duplicate is part of.
TEST(SackHistory, TellsADuplicateBeforeEverythingElse) {
  HistoryBench bench;
  bench.arrive(200, 300);
  bench.arrive(400, 500);
  const SequenceRange duplicate{SequenceNumber(HistoryBench::kBase + 220),
                                SequenceNumber(HistoryBench::kBase + 240)};
  EXPECT_EQ(bench.blocks(220, duplicate), "220-240 200-300 400-500");
  EXPECT_EQ(bench.blocks(220, duplicate, 1), "220-240");
}

TEST(SackHistory, FillsTheRoomWithStretchesItHasForgotten) {
  HistoryBench bench;
  bench.arrive(200, 210);
  for (std::uint64_t i = 0; i < 4; ++i) bench.arrive(300 + i * 10, 310 + i * 10);
  EXPECT_EQ(bench.blocks(), "300-340 200-210");
}

}  // namespace
}  // namespace strata::tcp::sack_history_test
