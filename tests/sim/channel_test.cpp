// SPDX-License-Identifier: Apache-2.0
#include "sim/channel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sim/lab.h"

namespace strata::sim::channel_test {
namespace {

constexpr std::uint64_t kMegabit = 1'000'000;

TEST(Channel, AFrameTakesItsSerialisationAndThenTheDelay) {
  Cable cable({.bits_per_second = 10 * kMegabit, .delay = 20ms});
  cable.a.send(numbered_frame(0, 1250));
  EXPECT_EQ(cable.world.run_until_idle(1s), RunEnd::kIdle);
  ASSERT_EQ(cable.b.received().size(), 1U);
  EXPECT_EQ(cable.b.received()[0].at, Time(1ms + 20ms));
  EXPECT_EQ(cable.world.now(), Time(21ms));
}

TEST(Channel, APerfectCableTakesNoTime) {
  Cable cable;
  cable.a.send(numbered_frame(0));
  cable.world.run_until_idle(1s);
  ASSERT_EQ(cable.b.received().size(), 1U);
  EXPECT_EQ(cable.b.received()[0].at, Time{});
}

TEST(Channel, FramesFollowEachOtherOnTheWire) {
  Cable cable({.bits_per_second = 8 * kMegabit, .delay = 5ms});
  for (std::uint64_t i = 0; i < 4; ++i) cable.a.send(numbered_frame(i, 1000));
  cable.world.run_until_idle(1s);
  ASSERT_EQ(cable.b.received().size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(cable.b.received()[i].at, Time((i + 1) * 1ms + 5ms));
  }
  EXPECT_EQ(cable.counters().queue_packets_peak, 3U);
  EXPECT_EQ(cable.counters().queue_bytes_peak, 3000U);
}

TEST(Channel, ASaturatedLinkRunsAtItsRateToTheNanosecond) {
  // 100 bytes at 7 Mbit/s are 114285.71... ns: seven frames take 800,000 ns exactly.
  Cable cable({.bits_per_second = 7 * kMegabit, .queue_packets_max = 10'000});
  for (std::uint64_t i = 0; i < 7000; ++i) cable.a.send(numbered_frame(i, 100));
  cable.world.run_until_idle(10s);
  ASSERT_EQ(cable.b.received().size(), 7000U);
  EXPECT_EQ(cable.b.received()[0].at, Time(114'285ns));
  EXPECT_EQ(cable.b.received()[6].at, Time(800us));
  EXPECT_EQ(cable.b.received()[6999].at, Time(800ms));
}

TEST(Channel, TheOverheadCountsForTheRateOnly) {
  Cable cable({.bits_per_second = 8 * kMegabit, .frame_overhead_bytes = 24});
  cable.a.send(numbered_frame(0, 100));
  cable.world.run_until_idle(1s);
  EXPECT_EQ(cable.b.received().at(0).at, Time(124us));
  EXPECT_EQ(cable.counters().delivered_bytes, 100U);
}

TEST(Channel, DirectionsDoNotWaitForEachOther) {
  Cable cable({.bits_per_second = 8 * kMegabit}, {.bits_per_second = 80 * kMegabit, .delay = 1ms});
  cable.a.send(numbered_frame(0, 1000));
  cable.b.send(numbered_frame(1, 1000));
  cable.world.run_until_idle(1s);
  EXPECT_EQ(cable.b.received().at(0).at, Time(1ms));
  EXPECT_EQ(cable.a.received().at(0).at, Time(1100us));
}

TEST(Channel, AFullQueueDropsTheNewest) {
  Cable cable({.bits_per_second = 8 * kMegabit, .queue_packets_max = 3});
  for (std::uint64_t i = 0; i < 10; ++i) cable.a.send(numbered_frame(i, 1000));
  cable.world.run_until_idle(1s);
  EXPECT_EQ(numbers_in(cable.b.received()), (std::vector<std::uint64_t>{0, 1, 2, 3}));
  EXPECT_EQ(cable.counters().dropped_by(LinkDrop::kQueue), 6U);
  EXPECT_EQ(cable.counters().queue_packets_peak, 3U);
}

TEST(Channel, AQueueLimitedInBytesHoldsMoreSmallFrames) {
  Cable cable({.bits_per_second = 8 * kMegabit, .queue_bytes_max = 2000});
  for (std::uint64_t i = 0; i < 30; ++i) cable.a.send(numbered_frame(i, 100));
  EXPECT_EQ(cable.counters().dropped_by(LinkDrop::kQueue), 9U) << "one is on the wire, 20 wait";
  cable.world.run_until_idle(1s);
  EXPECT_EQ(cable.b.received().size(), 21U);
}

TEST(Channel, OversizedFramesAreDroppedAndTagsAreNotCounted) {
  Cable cable({.mtu = 1000});
  cable.a.send(numbered_frame(0, 1014));
  cable.a.send(numbered_frame(1, 1015));
  std::vector<std::byte> tagged = numbered_frame(2, 1018);
  store_big_endian<std::uint16_t>(tagged.data() + 12, 0x8100);
  cable.a.send(tagged);
  tagged.push_back(std::byte{});
  cable.a.send(tagged);
  cable.world.run_until_idle(1s);
  EXPECT_EQ(cable.b.received().size(), 2U);
  EXPECT_EQ(cable.counters().dropped_by(LinkDrop::kOversized), 2U);
}

TEST(Channel, ADuplicateArrivesBesideItsOriginal) {
  Cable cable({.delay = 1ms, .duplication = {1, 1}});
  cable.a.send(numbered_frame(5));
  cable.world.run_until_idle(1s);
  EXPECT_EQ(numbers_in(cable.b.received()), (std::vector<std::uint64_t>{5, 5}));
  EXPECT_EQ(cable.counters().duplicated_frames, 1U);
  EXPECT_EQ(cable.counters().delivered_frames, 2U);
}

TEST(Channel, EveryNthFrameIsHeldBack) {
  Cable cable({.delay = 1ms, .reorder_every = 3, .reorder_delay = 25us});
  cable.send_numbered(7, 10us);
  cable.world.run_until_idle(1s);
  // Frames 2 and 5 come 25 us late: behind two frames that left 10 and 20 us after them.
  EXPECT_EQ(numbers_in(cable.b.received()), (std::vector<std::uint64_t>{0, 1, 3, 4, 2, 6, 5}));
  EXPECT_EQ(cable.counters().reordered_frames, 2U);
}

TEST(Channel, FramesHeldBackByChanceAreOvertakenAndNoneIsLost) {
  Cable cable({.delay = 1ms, .reordering = {1, 10}, .reorder_delay = 1ms});
  cable.send_numbered(2000, 100us);
  cable.world.run_until_idle(1s);
  std::vector<std::uint64_t> numbers = numbers_in(cable.b.received());
  EXPECT_FALSE(std::ranges::is_sorted(numbers));
  EXPECT_NEAR(static_cast<double>(cable.counters().reordered_frames), 200, 50);
  std::ranges::sort(numbers);
  ASSERT_EQ(numbers.size(), 2000U);
  EXPECT_EQ(std::ranges::adjacent_find(numbers), numbers.end());
}

TEST(Channel, JitterIsUniformAndKeepsTheOrder) {
  Cable cable({.delay = 10ms, .jitter = 4ms});
  cable.send_numbered(2000, 10ms);
  cable.world.run_until_idle(1s);
  ASSERT_EQ(cable.b.received().size(), 2000U);
  double sum = 0;
  for (std::size_t i = 0; i < 2000; ++i) {
    const Duration took = cable.b.received()[i].at - Time(i * 10ms);
    EXPECT_GE(took, 10ms);
    EXPECT_LE(took, 14ms);
    sum += static_cast<double>((took - 10ms).count());
  }
  EXPECT_NEAR(sum / 2000, 2e6, 1e5);
}

TEST(Channel, JitterReordersOnlyWhereItMay) {
  for (const bool reorders : {false, true}) {
    Cable cable({.delay = 10ms, .jitter = 4ms, .jitter_reorders = reorders});
    cable.send_numbered(500, 100us);
    cable.world.run_until_idle(1s);
    const auto numbers = numbers_in(cable.b.received());
    EXPECT_EQ(numbers.size(), 500U);
    EXPECT_EQ(std::ranges::is_sorted(numbers), !reorders);
  }
}

TEST(Channel, AShorterDelayDoesNotLetLaterFramesOvertake) {
  Cable cable({.delay = 10ms});
  cable.a.send(numbered_frame(0));
  cable.link.configure(Direction::kAToB, {.delay = 1ms});
  cable.a.send(numbered_frame(1));
  cable.world.run_until_idle(1s);
  EXPECT_EQ(numbers_in(cable.b.received()), (std::vector<std::uint64_t>{0, 1}));
  EXPECT_EQ(cable.b.received()[1].at, Time(10ms));
}

TEST(Channel, CorruptionFlipsBitsAndLeavesTheSendersCopyAlone) {
  Cable cable({.corruption = {1, 1}, .corrupted_bits = 3});
  const std::vector<std::byte> sent = numbered_frame(7, 200);
  PacketPtr original = cable.world.pool().allocate_for(sent.size());
  copy_bytes(sent, original->append(sent.size()));
  cable.a.send(original->share(0, original->size()));
  cable.world.run_until_idle(1s);
  const std::vector<std::byte>& got = cable.b.received().at(0).bytes;
  int changed = 0;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    changed += std::popcount(std::to_integer<unsigned>(sent[i] ^ got.at(i)));
  }
  EXPECT_EQ(changed, 3);
  EXPECT_TRUE(std::ranges::equal(original->bytes(), sent));
  EXPECT_EQ(cable.b.received()[0].checksum, ChecksumState::kUnknown);
  EXPECT_EQ(cable.counters().corrupted_frames, 1U);
}

TEST(Channel, NothingIsVouchedForUnlessTheWorldDoes) {
  for (const bool vouches : {false, true}) {
    Cable cable({}, WorldConfig{.vouches_for_bytes = vouches});
    PacketPtr frame = cable.world.pool().allocate_for(64);
    copy_bytes(numbered_frame(0), frame->append(64));
    frame->notes().checksum = ChecksumState::kVerified;
    frame->notes().flow_hash = 5;
    cable.a.send(std::move(frame));
    cable.world.run_until_idle(1s);
    EXPECT_EQ(cable.b.received().at(0).checksum,
              vouches ? ChecksumState::kVerified : ChecksumState::kUnknown);
  }
}

TEST(Channel, APartitionIsOneWayAndSilent) {
  Cable cable;
  cable.link.set_partitioned(Direction::kAToB, true);
  cable.a.send(numbered_frame(0));
  cable.b.send(numbered_frame(1));
  cable.world.run_until_idle(1s);
  EXPECT_TRUE(cable.link.is_up());
  EXPECT_TRUE(cable.b.received().empty());
  EXPECT_EQ(cable.a.received().size(), 1U);
  EXPECT_EQ(cable.counters().dropped_by(LinkDrop::kPartition), 1U);
  cable.link.set_partitioned(Direction::kAToB, false);
  cable.a.send(numbered_frame(2));
  cable.world.run_until_idle(1s);
  EXPECT_EQ(numbers_in(cable.b.received()), std::vector<std::uint64_t>{2});
}

TEST(Channel, WhatWaitsAndWhatIsOnTheWireIsLostWhenTheLinkGoesDown) {
  Cable cable({.bits_per_second = 8 * kMegabit, .delay = 10ms});
  for (std::uint64_t i = 0; i < 5; ++i) cable.a.send(numbered_frame(i, 1000));
  cable.world.run_for(2ms);  // two have left, one is leaving, two wait
  cable.link.set_up(false);
  cable.a.send(numbered_frame(5));
  cable.world.run_for(1ms);
  cable.link.set_up(true);
  cable.a.send(numbered_frame(6));
  cable.world.run_until_idle(1s);
  EXPECT_EQ(numbers_in(cable.b.received()), std::vector<std::uint64_t>{6});
  EXPECT_EQ(cable.counters().dropped_by(LinkDrop::kDown), 6U);
  EXPECT_EQ(cable.world.leaked_packets(), 0U);
}

TEST(Channel, ANewRateHoldsFromTheNextFrameOn) {
  Cable cable({.bits_per_second = 8 * kMegabit});
  cable.a.send(numbered_frame(0, 1000));
  cable.a.send(numbered_frame(1, 1000));
  cable.link.configure(Direction::kAToB, {.bits_per_second = 80 * kMegabit});
  cable.world.run_until_idle(1s);
  EXPECT_EQ(cable.b.received().at(0).at, Time(1ms));
  EXPECT_EQ(cable.b.received().at(1).at, Time(1100us));
}

// Hands out the newest first, and never more than the one.
struct Stack1 final : QueueDiscipline {
  void enqueue(PacketPtr frame, Time, Drops& drops) override {
    if (kept != nullptr) drops.drop(std::move(kept));
    kept = std::move(frame);
  }
  PacketPtr dequeue(Time, Drops&) override { return std::move(kept); }
  std::size_t packets() const override { return kept == nullptr ? 0 : 1; }
  std::size_t bytes() const override { return kept == nullptr ? 0 : kept->size(); }
  std::size_t room() const override { return 1; }
  PacketPtr kept;
};

TEST(Channel, AnotherDisciplineDecidesWhatIsDroppedAndTakesOverWhatWaits) {
  Cable cable({.bits_per_second = 8 * kMegabit});
  for (std::uint64_t i = 0; i < 4; ++i) cable.a.send(numbered_frame(i, 1000));
  cable.link.set_queue(Direction::kAToB, std::make_unique<Stack1>());
  cable.a.send(numbered_frame(4, 1000));
  cable.world.run_until_idle(1s);
  EXPECT_EQ(numbers_in(cable.b.received()), (std::vector<std::uint64_t>{0, 4}));
  EXPECT_EQ(cable.counters().dropped_by(LinkDrop::kQueue), 3U);
}

TEST(Channel, ATailDropAgainHasTheLimitsOfTheConfiguration) {
  Cable cable({.bits_per_second = 8 * kMegabit});
  cable.link.set_queue(Direction::kAToB, std::make_unique<Stack1>());
  for (std::uint64_t i = 0; i < 3; ++i) cable.a.send(numbered_frame(i, 1000));
  cable.link.set_tail_drop(Direction::kAToB);
  cable.link.configure(Direction::kAToB, {.bits_per_second = 8 * kMegabit, .queue_packets_max = 2});
  for (std::uint64_t i = 3; i < 6; ++i) cable.a.send(numbered_frame(i, 1000));
  cable.link.set_tail_drop(Direction::kAToB);
  cable.world.run_until_idle(1s);
  EXPECT_EQ(numbers_in(cable.b.received()), (std::vector<std::uint64_t>{0, 2, 3}));
  EXPECT_EQ(cable.counters().dropped_by(LinkDrop::kQueue), 3U);
}

TEST(Channel, EveryFrameSentIsDeliveredOrAccountedForByCause) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const LinkConfig config{.bits_per_second = 8 * kMegabit,
                            .delay = 3ms,
                            .jitter = 1ms,
                            .jitter_reorders = true,
                            .queue_packets_max = 5,
                            .loss = {1, 10},
                            .lost_frames = {3, 4, 9},
                            .burst_loss = {.good_to_bad = {1, 50}, .bad_to_good = {1, 4}},
                            .duplication = {1, 10},
                            .corruption = {1, 10},
                            .reordering = {1, 10}};
    Cable cable(config, WorldConfig{.seed = seed});
    for (int i = 0; i < 300; ++i) {
      cable.send_numbered(3, 900us, 1000);
      if (i == 100) cable.link.set_up(false);
      if (i == 110) cable.link.set_up(true);
    }
    cable.world.run_until_idle(1s);
    const LinkCounters& counters = cable.counters();
    EXPECT_EQ(counters.sent_frames + counters.duplicated_frames,
              counters.delivered_frames + counters.dropped_frames());
    EXPECT_EQ(counters.delivered_frames, cable.b.received().size());
    EXPECT_TRUE(cable.world.is_quiet());
    EXPECT_EQ(cable.world.leaked_packets(), 0U);
  }
}

TEST(Channel, AnEmptyPoolIsACauseLikeAnyOther) {
  Cable cable({.delay = 1ms}, WorldConfig{.packets = {.small_buffers = 1,
                                                      .large_buffers = 0,
                                                      .external_buffers = 0,
                                                      .extra_descriptors = 2}});
  PacketPtr original = cable.world.pool().allocate();
  copy_bytes(numbered_frame(0), original->append(64));
  cable.a.send(original->share(0, 64));  // needs a copy, and the only buffer is the original's
  cable.world.run_until_idle(1s);
  EXPECT_EQ(cable.counters().dropped_by(LinkDrop::kPoolEmpty), 1U);
  EXPECT_FALSE(cable.a.send(numbered_frame(1)));
}

}  // namespace
}  // namespace strata::sim::channel_test
