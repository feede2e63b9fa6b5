// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/retransmission_queue.h"

#include <gtest/gtest.h>

#include <vector>

#include "strata/rng.h"

namespace strata::tcp::retransmission_queue_test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kSegment = 100;

SequenceNumber at(std::uint32_t offset) { return SequenceNumber(0xffff'f000U + offset); }

struct Lab {
  HeapMemory memory;
  Slab<Record> records{memory, 1U << 20U};
  RetransmissionQueue queue{memory};
  Time now{1s};
  std::uint32_t end = 0;

  ~Lab() {
    queue.clear(records);
    EXPECT_EQ(records.size(), 0U);
  }
  void append(std::uint32_t bytes) {
    Record* const record = queue.append(records, at(end), at(end + bytes), now);
    ASSERT_NE(record, nullptr);
    record->segment_size = record->first_size = kSegment;
    end += bytes;
  }
  // Neighbours, sums and the order by time.
  void check(std::uint32_t una) const {
    SequenceNumber next = at(una);
    std::uint32_t sums[3] = {};
    std::size_t on_list = 0;
    bool was_sacked = false;
    for (std::size_t i = 0; i < queue.size(); ++i) {
      const Record& record = queue.at(records, i);
      ASSERT_EQ(record.begin, next);
      ASSERT_LT(record.begin, record.end);
      next = record.end;
      sums[static_cast<int>(record.state)] += record.length();
      const bool is_sacked = record.state == RecordState::kSacked;
      ASSERT_FALSE(is_sacked && was_sacked) << "two SACKed neighbours";
      was_sacked = is_sacked;
      if (record.state == RecordState::kInFlight) ++on_list;
    }
    ASSERT_EQ(next, at(end));
    ASSERT_EQ(queue.in_flight(), sums[0]);
    ASSERT_EQ(queue.sacked(), sums[1]);
    ASSERT_EQ(queue.lost(), sums[2]);
    Index before = kNoIndex;
    for (Index i = queue.oldest(); i != kNoIndex; i = queue.named(records, i).newer) {
      ASSERT_EQ(queue.named(records, i).older, before);
      if (before != kNoIndex) {
        ASSERT_LE(queue.named(records, before).sent_time, queue.named(records, i).sent_time);
      }
      before = i;
      ASSERT_GT(on_list, 0U);
      --on_list;
    }
    ASSERT_EQ(before, queue.newest());
    ASSERT_EQ(on_list, 0U);
  }
};

TEST(RetransmissionQueue, SplitsAtAnEdgeAndKeepsTheGrid) {
  Lab lab;
  lab.append(1000);
  ASSERT_TRUE(lab.queue.split(lab.records, 0, at(300)));
  EXPECT_EQ(lab.queue.at(lab.records, 1).begin, at(300));
  EXPECT_EQ(lab.queue.at(lab.records, 1).first_size, kSegment);
  lab.queue.trim_front(lab.records, at(150));
  EXPECT_EQ(lab.queue.at(lab.records, 0).first_size, 50);
  EXPECT_EQ(lab.queue.at(lab.records, 0).edge_behind(at(151)), at(200));
  lab.check(150);
}

TEST(RetransmissionQueue, JoinsSackedNeighbours) {
  Lab lab;
  for (int i = 0; i < 5; ++i) lab.append(kSegment);
  EXPECT_EQ(lab.queue.mark_sacked(lab.records, 1), 1U);
  EXPECT_EQ(lab.queue.mark_sacked(lab.records, 3), 3U);
  EXPECT_EQ(lab.queue.sacked_segments(), 2U);
  EXPECT_EQ(lab.queue.mark_sacked(lab.records, 2), 1U);
  EXPECT_EQ(lab.queue.size(), 3U);
  EXPECT_EQ(lab.queue.sacked_segments(), 3U);
  lab.check(0);
}

TEST(RetransmissionQueue, SendingAgainMakesNewest) {
  Lab lab;
  for (int i = 0; i < 3; ++i) lab.append(kSegment);
  lab.queue.mark_lost(lab.records, 0, TcpLossCause::kTimeout);
  EXPECT_EQ(lab.queue.next_lost(lab.records, 0), 0U);
  lab.now += 1s;
  lab.queue.mark_sent(lab.records, 0, lab.now);
  EXPECT_EQ(lab.queue.named(lab.records, lab.queue.newest()).begin, at(0));
  EXPECT_TRUE(lab.queue.at(lab.records, 0).was_retransmitted());
  EXPECT_EQ(lab.queue.next_lost(lab.records, 0), lab.queue.size());
  lab.check(0);
}

TEST(RetransmissionQueue, UndoPutsRecordsBackInTheOrderOfTime) {
  Lab lab;
  for (int i = 0; i < 6; ++i) {
    lab.append(kSegment);
    lab.now += 1ms;
  }
  for (const std::size_t lost : {4U, 1U, 2U}) {
    lab.queue.mark_lost(lab.records, lost, TcpLossCause::kReordering);
  }
  for (const std::size_t lost : {1U, 2U, 4U}) lab.queue.mark_in_flight(lab.records, lost);
  lab.check(0);
  EXPECT_EQ(lab.queue.named(lab.records, lab.queue.oldest()).begin, at(0));
}

// Wherever the search begins.
TEST(RetransmissionQueue, UndoFindsTheSamePlacesFromAnyOther) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rng rng(seed);
    Lab plain;
    Lab near;
    for (Lab* const lab : {&plain, &near}) {
      for (int i = 0; i < 100; ++i) {
        lab->append(kSegment);
        lab->now += i % 3 == 0 ? 1ms : 0ms;  // bursts have one time
      }
    }
    std::vector<std::size_t> lost;
    for (std::size_t i = 0; i < 100; ++i) {
      const bool is_again = rng.below(4) == 0;
      const bool is_lost = rng.below(2) == 0;
      for (Lab* const lab : {&plain, &near}) {
        lab->now += 1ms;
        if (is_again) lab->queue.mark_sent(lab->records, i, lab->now);
        if (is_lost) lab->queue.mark_lost(lab->records, i, TcpLossCause::kReordering);
      }
      if (is_lost) lost.push_back(i);
    }
    Index last = kNoIndex;
    for (const std::size_t position : lost) {
      plain.queue.mark_in_flight(plain.records, position);
      last = near.queue.mark_in_flight(near.records, position, last);
    }
    near.check(0);
    Index a = plain.queue.oldest();
    Index b = near.queue.oldest();
    for (int i = 0; i < 100; ++i) {
      ASSERT_EQ(plain.queue.named(plain.records, a).begin, near.queue.named(near.records, b).begin);
      a = plain.queue.named(plain.records, a).newer;
      b = near.queue.named(near.records, b).newer;
    }
  }
}

TEST(RetransmissionQueue, WithoutMemoryOneRecordIsAll) {
  HeapMemory memory(0);
  Slab<Record> records(memory, 10);
  RetransmissionQueue queue(memory);
  for (int again = 0; again < 2; ++again) {
    EXPECT_NE(queue.append(records, at(0), at(10), Time{}), nullptr);
    EXPECT_EQ(queue.append(records, at(10), at(20), Time{}), nullptr);
    EXPECT_FALSE(queue.split(records, 0, at(5)));
    EXPECT_EQ(queue.size(), 1U);
    EXPECT_EQ(queue.in_flight(), 10U);
    queue.pop_front(records);
    EXPECT_TRUE(queue.empty());
  }
}

// Any history of states equals what a state per segment would say.
TEST(RetransmissionQueue, EqualsAStatePerSegment) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Rng rng(seed);
    Lab lab;
    std::vector<RecordState> naive;  // by segment, from una on
    std::uint32_t una = 0;
    for (int step = 0; step < 600; ++step) {
      lab.now += 1us;
      const std::uint64_t what = rng.below(6);
      if (what == 0 || naive.empty()) {
        const auto segments = static_cast<std::uint32_t>(rng.between(1, 20));
        lab.append(segments * kSegment);
        naive.insert(naive.end(), segments, RecordState::kInFlight);
      } else if (what == 1) {
        const auto acked =
            static_cast<std::uint32_t>(rng.between(1, std::min<std::size_t>(naive.size(), 12)));
        una += acked * kSegment;
        naive.erase(naive.begin(), naive.begin() + acked);
        while (!lab.queue.empty() && lab.queue.at(lab.records, 0).end <= at(una)) {
          lab.queue.pop_front(lab.records);
        }
        if (!lab.queue.empty() && lab.queue.at(lab.records, 0).begin < at(una)) {
          lab.queue.trim_front(lab.records, at(una));
        }
      } else {
        // One segment changes its state.
        const auto segment = static_cast<std::uint32_t>(rng.below(naive.size()));
        const std::uint32_t begin = una + segment * kSegment;
        std::size_t position = lab.queue.position_of(at(begin));
        if (lab.queue.at(lab.records, position).begin < at(begin)) {
          ASSERT_TRUE(lab.queue.split(lab.records, position++, at(begin)));
        }
        if (at(begin + kSegment) < lab.queue.at(lab.records, position).end) {
          ASSERT_TRUE(lab.queue.split(lab.records, position, at(begin + kSegment)));
        }
        if (what == 2 || naive[segment] == RecordState::kSacked) {
          lab.queue.mark_sacked(lab.records, position);
          naive[segment] = RecordState::kSacked;
          // A split may have parted SACKed neighbours: they find each other again.
        } else if (what == 3) {
          lab.queue.mark_lost(lab.records, position, TcpLossCause::kReordering);
          naive[segment] = RecordState::kLost;
        } else if (what == 4) {
          lab.queue.mark_sent(lab.records, position, lab.now);
          naive[segment] = RecordState::kInFlight;
        } else {
          lab.queue.mark_in_flight(lab.records, position);
          naive[segment] = RecordState::kInFlight;
        }
      }
      ASSERT_NO_FATAL_FAILURE(lab.check(una)) << "seed " << seed << " step " << step;
      std::size_t first_lost = naive.size();
      for (std::size_t i = 0; i < naive.size(); ++i) {
        const auto place = static_cast<std::uint32_t>(una + i * kSegment);
        const std::size_t position = lab.queue.position_of(at(place));
        ASSERT_EQ(lab.queue.at(lab.records, position).state, naive[i]);
        if (naive[i] == RecordState::kLost) first_lost = std::min(first_lost, i);
      }
      const std::size_t lost = lab.queue.next_lost(lab.records, 0);
      ASSERT_EQ(lost == lab.queue.size(), first_lost == naive.size());
      if (lost < lab.queue.size()) {
        ASSERT_EQ(lab.queue.at(lab.records, lost).begin,
                  at(static_cast<std::uint32_t>(una + first_lost * kSegment)));
      }
    }
  }
}

}  // namespace
}  // namespace strata::tcp::retransmission_queue_test
