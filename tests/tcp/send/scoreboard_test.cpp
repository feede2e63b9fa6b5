// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/scoreboard.h"

#include <gtest/gtest.h>

#include <vector>

#include "strata/rng.h"

namespace strata::tcp::scoreboard_test {
namespace {

constexpr std::uint32_t kSegment = 100;

SequenceNumber at(std::uint32_t offset) { return SequenceNumber(0xffff'f800U + offset); }
wire::TcpSackBlock block(std::uint32_t left, std::uint32_t right) {
  return {at(left).value(), at(right).value()};
}
SackReading read(std::vector<wire::TcpSackBlock> blocks) {
  return read_sack(blocks, at(1000), at(9000), 5000);
}

TEST(ReadSack, KeepsWhatLiesInFlight) {
  const SackReading reading = read({block(2000, 3000), block(4000, 9000)});
  ASSERT_EQ(reading.count, 2U);
  EXPECT_EQ(reading.blocks[0], (SequenceRange{at(2000), at(3000)}));
  EXPECT_EQ(reading.blocks[1], (SequenceRange{at(4000), at(9000)}));
  EXPECT_FALSE(reading.duplicate);
}

TEST(ReadSack, IgnoresLies) {
  EXPECT_EQ(read({block(8000, 9001)}).count, 0U) << "beyond SND.NXT";
  EXPECT_EQ(read({block(3000, 3000)}).count, 0U) << "empty";
  EXPECT_EQ(read({block(3000, 2000)}).count, 0U) << "turned around";
  EXPECT_EQ(read({block(3000, 0x8000'0000U + 3000)}).count, 0U) << "half of all numbers";
  EXPECT_EQ(read({block(2000, 3000), block(0, 900)}).count, 1U) << "below SND.UNA";
}

TEST(ReadSack, CutsWhatReachesBelow) {
  const SackReading reading = read({block(2000, 3000), block(500, 1500)});
  ASSERT_EQ(reading.count, 2U);
  EXPECT_EQ(reading.blocks[1], (SequenceRange{at(1000), at(1500)}));
}

// RFC 2883 4 MUST: a first block below the cumulative acknowledgement, or inside the second block,
// tells of a duplicate.
TEST(ReadSack, RecognisesDuplicates) {
  EXPECT_EQ(read({block(500, 900)}).duplicate, (SequenceRange{at(500), at(900)}));
  const SackReading reading = read({block(3000, 3100), block(3000, 4000)});
  EXPECT_EQ(reading.duplicate, (SequenceRange{at(3000), at(3100)}));
  EXPECT_EQ(reading.count, 1U);
  EXPECT_FALSE(read({block(3000, 4100), block(3000, 4000)}).duplicate);
}

TEST(ReadSack, DoesNotBelieveAncientDuplicates) {
  EXPECT_FALSE(read_sack(std::vector{block(500, 900)}, at(1000), at(9000), 400).duplicate);
}

// RFC 6675 3 MUST: what a block covers is marked; what it covers in part is not.
// Marks equal a naive set of segments, whatever blocks come.
TEST(SackWalk, MarksEqualANaiveSet) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Rng rng(seed);
    HeapMemory memory;
    Slab<Record> records(memory, 1U << 16U);
    RetransmissionQueue sent(memory);
    std::vector<bool> naive;
    std::uint32_t end = 0;
    while (naive.size() < 300) {
      const auto segments = static_cast<std::uint32_t>(rng.between(1, 40));
      Record* const record = sent.append(records, at(end), at(end + segments * kSegment), Time{});
      ASSERT_NE(record, nullptr);
      record->segment_size = record->first_size = kSegment;
      end += segments * kSegment;
      naive.insert(naive.end(), segments, false);
    }
    for (int step = 0; step < 100; ++step) {
      auto left = static_cast<std::uint32_t>(rng.below(end));
      auto right = static_cast<std::uint32_t>(left + rng.between(1, 20 * kSegment));
      right = std::min(right, end);
      if (rng.chance({3, 4})) {
        left = left / kSegment * kSegment;
        right = (right + kSegment - 1) / kSegment * kSegment;
      }
      SackWalk walk(sent, records, {at(left), at(right)});
      while (const auto position = walk.next()) {
        const Record& record = sent.at(records, *position);
        ASSERT_GE(record.begin, at(left));
        ASSERT_LE(record.end, at(right));
        walk.marked(sent.mark_sacked(records, *position));
      }
      for (std::size_t i = 0; i < naive.size(); ++i) {
        const auto begin = static_cast<std::uint32_t>(i) * kSegment;
        if (left <= begin && begin + kSegment <= right) naive[i] = true;
        const Record& record = sent.at(records, sent.position_of(at(begin)));
        ASSERT_EQ(record.state == RecordState::kSacked, naive[i]) << "seed " << seed << ", " << i;
      }
    }
    sent.clear(records);
    EXPECT_EQ(records.size(), 0U);
  }
}

}  // namespace
}  // namespace strata::tcp::scoreboard_test
