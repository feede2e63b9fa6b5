// SPDX-License-Identifier: Apache-2.0
// Faults of exact frames, and the record of what chance did to frames.
#include <gtest/gtest.h>

#include "sim/lab.h"

namespace strata::sim::frame_faults_test {
namespace {

using Kind = FrameFault::Kind;

TEST(FrameFaults, EachFrameGetsWhatIsListedForIt) {
  Cable cable({.delay = 10ms,
               .frame_faults = {{.kind = Kind::kLose, .position = 1},
                                {.kind = Kind::kDuplicate, .position = 2},
                                {.kind = Kind::kHold, .position = 4, .delay = 25ms},
                                {.kind = Kind::kCorrupt, .position = 6, .bits_seed = 9},
                                {.kind = Kind::kDuplicate, .position = 6}}});
  cable.send_numbered(8, 10ms, 600);
  cable.world.run_for(100ms);
  std::vector<std::uint64_t> numbers = numbers_in(cable.b.received());
  ASSERT_EQ(numbers.size(), 9U);
  EXPECT_EQ(std::vector(numbers.begin(), numbers.begin() + 4),
            (std::vector<std::uint64_t>{0, 2, 2, 3}));
  EXPECT_EQ(numbers[4], 5U);  // 4 is held, until 6 has passed
  EXPECT_EQ(cable.counters().dropped_by(LinkDrop::kExactLoss), 1U);
  EXPECT_EQ(cable.counters().duplicated_frames, 2U);
  EXPECT_EQ(cable.counters().reordered_frames, 1U);
  EXPECT_EQ(cable.counters().corrupted_frames, 1U);
}

// Whatever chance does: listed, it is done again, to the bit and the nanosecond.
TEST(FrameFaults, WhatWasRecordedRepeatsItself) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    LinkConfig line{.bits_per_second = 10'000'000,
                    .delay = 5ms,
                    .jitter = 3ms,
                    .loss = {1, 10},
                    .burst_loss = {.good_to_bad = {1, 20}, .bad_to_good = {1, 4}},
                    .duplication = {1, 10},
                    .corruption = {1, 10},
                    .corrupted_bits = 3,
                    .reordering = {1, 10},
                    .reorder_delay = 7ms};
    Cable first(line, {.seed = seed});
    std::vector<FrameFault> struck;
    first.link.record_faults(Direction::kAToB, struck);
    first.send_numbered(500, 1ms);
    first.world.run_for(1s);
    ASSERT_GT(struck.size(), 100U);

    line.loss = line.duplication = line.corruption = line.reordering = {};
    line.burst_loss = {};
    line.frame_faults = struck;
    Cable again(line, {.seed = seed});
    again.send_numbered(500, 1ms);
    again.world.run_for(1s);
    EXPECT_EQ(again.world.packet_hash(), first.world.packet_hash()) << seed;
  }
}

TEST(FrameFaults, OutOfOrderOrBeforeTheBeginningIsNoList) {
  LinkConfig line{.frame_faults = {{.position = 5}, {.position = 4}}};
  EXPECT_FALSE(validate(line));
  line.frame_faults = {{.kind = Kind::kHold, .position = 4, .delay = -1ms}};
  EXPECT_FALSE(validate(line));
  line.frame_faults = {{.position = 4}, {.kind = Kind::kCorrupt, .position = 4}};
  EXPECT_TRUE(validate(line));
}

// The list may change while the line is in use: what is past is past.
TEST(FrameFaults, ANewListGoesOnFromTheNextFrame) {
  Cable cable;
  cable.send_numbered(3, 1ms);
  cable.link.configure(Direction::kAToB, {.frame_faults = {{.position = 0}, {.position = 4}}});
  cable.send_numbered(3, 1ms);
  EXPECT_EQ(numbers_in(cable.b.received()), (std::vector<std::uint64_t>{0, 1, 2, 0, 2}));
}

}  // namespace
}  // namespace strata::sim::frame_faults_test
