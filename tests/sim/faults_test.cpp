// SPDX-License-Identifier: Apache-2.0
#include "sim/faults.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <vector>

namespace strata::sim::faults_test {
namespace {

constexpr int kFrames = 200'000;

std::vector<LinkDrop> fates(Faults& faults, int count) {
  std::vector<LinkDrop> drops;
  for (int i = 0; i < count; ++i) drops.push_back(faults.next().drop);
  return drops;
}

TEST(Faults, LossComesAsOftenAsItsRatio) {
  for (const std::uint64_t per_mille : {1U, 10U, 100U, 500U}) {
    Faults faults(per_mille, "a-b", Direction::kAToB);
    const LinkConfig config{.loss = {per_mille, 1000}};
    faults.configure(config);
    int lost = 0;
    for (int i = 0; i < kFrames; ++i) lost += faults.next().drop == LinkDrop::kLoss ? 1 : 0;
    const double p = static_cast<double>(per_mille) / 1000;
    const double deviation = std::sqrt(kFrames * p * (1 - p));
    EXPECT_NEAR(lost, kFrames * p, 5 * deviation);
  }
}

TEST(Faults, FramesOfAFaultlessLinkCountForWhatIsListedLater) {
  Faults faults(1, "a-b", Direction::kAToB);
  const LinkConfig perfect{}, listed{.lost_frames = {1, 4}};
  faults.configure(perfect);
  for (const LinkDrop drop : fates(faults, 3)) EXPECT_EQ(drop, LinkDrop::kNone);
  faults.configure(listed);
  EXPECT_EQ(fates(faults, 3),
            (std::vector{LinkDrop::kNone, LinkDrop::kExactLoss, LinkDrop::kNone}));
}

TEST(Faults, ABurstGoesOnOnALinkThatBeginsNone) {
  Faults faults(1, "a-b", Direction::kAToB);
  const LinkConfig burst{.burst_loss = {.good_to_bad = {1, 1}}}, perfect{};
  faults.configure(burst);
  EXPECT_EQ(faults.next().drop, LinkDrop::kBurstLoss);
  faults.configure(perfect);
  for (const LinkDrop drop : fates(faults, 3)) EXPECT_EQ(drop, LinkDrop::kBurstLoss);
}

TEST(Faults, DelaysUpToTheEndOfTimeDoNotGoBeyondIt) {
  Faults faults(1, "a-b", Direction::kAToB);
  const LinkConfig config{
      .jitter = Duration::max(), .reordering = {1, 1}, .reorder_delay = Duration::max()};
  faults.configure(config);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(faults.next().extra_delay, Duration::max());
}

TEST(Faults, JitterHasTheShapeItIsGiven) {
  using namespace std::chrono_literals;
  const auto delays = [](const LinkConfig& config) {
    Faults faults(3, "a-b", Direction::kAToB);
    faults.configure(config);
    std::vector<double> all;
    for (int i = 0; i < kFrames; ++i) {
      all.push_back(static_cast<double>(faults.next().extra_delay.count()) / 1e6);
    }
    std::ranges::sort(all);
    return all;
  };
  const auto at = [](const std::vector<double>& all, double share) {
    return all[static_cast<std::size_t>(share * kFrames)];
  };
  const auto uniform = delays({.jitter = 8ms});
  EXPECT_NEAR(at(uniform, 0.25), 2, 0.05);
  EXPECT_NEAR(at(uniform, 0.75), 6, 0.05);
  const auto normal = delays({.jitter = 8ms, .jitter_shape = JitterShape::kNormal});
  EXPECT_NEAR(at(normal, 0.1587), -8, 0.15);
  EXPECT_NEAR(at(normal, 0.8413), 8, 0.15);
  const auto pareto = delays({.jitter = 8ms, .jitter_shape = JitterShape::kPareto});
  EXPECT_NEAR(at(pareto, 0.875), 8, 0.3) << "(1 + 1)^-3 = 1/8";
  const auto samples =
      std::make_shared<std::vector<Duration>>(std::vector<Duration>{1ms, 1ms, 5ms});
  const auto empirical =
      delays({.jitter_shape = JitterShape::kEmpirical, .jitter_samples = samples});
  EXPECT_EQ(empirical.front(), 1);
  EXPECT_EQ(empirical.back(), 5);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(empirical, 5.0)) / kFrames, 1.0 / 3, 0.01);
}

// Over ten seeds, each with three pairs of ratios: bursts last 1/r frames, p / (p + r) are lost.
TEST(Faults, BurstsAreWithinAFewPerCentOfTheoryOverSeeds) {
  struct Model {
    Ratio enter, leave;
  };
  for (const Model& model :
       {Model{{1, 100}, {1, 4}}, Model{{1, 30}, {1, 2}}, Model{{1, 200}, {1, 10}}}) {
    const LinkConfig config{.burst_loss = {.good_to_bad = model.enter, .bad_to_good = model.leave}};
    double lost = 0, bursts = 0, frames = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      Faults faults(seed, "a-b", Direction::kAToB);
      faults.configure(config);
      bool was_lost = false;
      for (const LinkDrop drop : fates(faults, kFrames)) {
        const bool is_lost = drop == LinkDrop::kBurstLoss;
        lost += is_lost ? 1 : 0;
        bursts += is_lost && !was_lost ? 1 : 0;
        frames += 1;
        was_lost = is_lost;
      }
    }
    const double p = 1.0 / static_cast<double>(model.enter.denominator);
    const double r = 1.0 / static_cast<double>(model.leave.denominator);
    EXPECT_NEAR(lost / bursts, 1 / r, 0.03 / r);
    EXPECT_NEAR(lost / frames, p / (p + r), 0.04 * p / (p + r));
  }
}

TEST(Faults, ARatioOfNothingOrEverythingIsExact) {
  Faults faults(1, "a-b", Direction::kAToB);
  const LinkConfig none;
  const LinkConfig all{.loss = {1, 1}};
  faults.configure(none);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(faults.next().drop, LinkDrop::kNone);
  faults.configure(all);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(faults.next().drop, LinkDrop::kLoss);
}

TEST(Faults, ListedFramesAreLostAndNoOthers) {
  Faults faults(1, "a-b", Direction::kAToB);
  const LinkConfig config{.lost_frames = {0, 1, 7, 30}};
  faults.configure(config);
  for (std::uint64_t i = 0; i < 40; ++i) {
    const bool is_listed = i == 0 || i == 1 || i == 7 || i == 30;
    EXPECT_EQ(faults.next().drop, is_listed ? LinkDrop::kExactLoss : LinkDrop::kNone) << i;
  }
}

TEST(Faults, AListGivenLaterCountsFromTheFirstFrameOfTheLink) {
  Faults faults(1, "a-b", Direction::kAToB);
  const LinkConfig none;
  faults.configure(none);
  for (int i = 0; i < 5; ++i) (void)faults.next();
  const LinkConfig late{.lost_frames = {2, 6}};
  faults.configure(late);
  EXPECT_EQ(faults.next().drop, LinkDrop::kNone);       // frame 5
  EXPECT_EQ(faults.next().drop, LinkDrop::kExactLoss);  // frame 6
}

// Gilbert's model with p = 1/100 and r = 1/5: bursts last 1/r frames, and p / (p + r) are lost.
TEST(Faults, BurstsHaveTheLengthAndShareOfGilbertsModel) {
  Faults faults(5, "a-b", Direction::kAToB);
  const LinkConfig config{.burst_loss = {.good_to_bad = {1, 100}, .bad_to_good = {1, 5}}};
  faults.configure(config);
  int lost = 0;
  int bursts = 0;
  bool was_lost = false;
  for (const LinkDrop drop : fates(faults, kFrames)) {
    const bool is_lost = drop == LinkDrop::kBurstLoss;
    lost += is_lost ? 1 : 0;
    bursts += is_lost && !was_lost ? 1 : 0;
    was_lost = is_lost;
  }
  EXPECT_NEAR(static_cast<double>(lost) / kFrames, 0.01 / 0.21, 0.003);
  EXPECT_NEAR(static_cast<double>(lost) / bursts, 5.0, 0.3);
}

TEST(Faults, ElliottsStatesLoseWithTheirOwnRatios) {
  Faults faults(5, "a-b", Direction::kAToB);
  const LinkConfig config{.burst_loss = {.good_to_bad = {1, 50},
                                         .bad_to_good = {1, 50},
                                         .loss_in_good = {1, 100},
                                         .loss_in_bad = {1, 2}}};
  faults.configure(config);
  int lost = 0;
  for (const LinkDrop drop : fates(faults, kFrames)) lost += drop == LinkDrop::kBurstLoss ? 1 : 0;
  // Half of the time in each state: (1 % + 50 %) / 2.
  EXPECT_NEAR(static_cast<double>(lost) / kFrames, 0.255, 0.015);
}

TEST(Faults, OneFaultDoesNotMoveTheDrawsOfAnother) {
  const LinkConfig alone{.corruption = {1, 20}};
  const LinkConfig crowded{.jitter = std::chrono::milliseconds(3),
                           .duplication = {1, 3},
                           .corruption = {1, 20},
                           .reordering = {1, 4}};
  Faults a(9, "a-b", Direction::kAToB);
  Faults b(9, "a-b", Direction::kAToB);
  a.configure(alone);
  b.configure(crowded);
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(a.next().is_corrupted, b.next().is_corrupted);
}

TEST(Faults, LinksDirectionsAndSeedsDrawDifferently) {
  const LinkConfig config{.loss = {1, 2}};
  const auto draws = [&](std::uint64_t seed, std::string_view link, Direction direction) {
    Faults faults(seed, link, direction);
    faults.configure(config);
    return fates(faults, 64);
  };
  const auto reference = draws(1, "a-b", Direction::kAToB);
  EXPECT_EQ(draws(1, "a-b", Direction::kAToB), reference);
  EXPECT_NE(draws(2, "a-b", Direction::kAToB), reference);
  EXPECT_NE(draws(1, "a-c", Direction::kAToB), reference);
  EXPECT_NE(draws(1, "a-b", Direction::kBToA), reference);
}

TEST(Faults, AFrameThatIsLostSuffersNothingElse) {
  Faults faults(1, "a-b", Direction::kAToB);
  const LinkConfig config{.loss = {1, 1}, .duplication = {1, 1}, .corruption = {1, 1}};
  faults.configure(config);
  const Fate fate = faults.next();
  EXPECT_EQ(fate.drop, LinkDrop::kLoss);
  EXPECT_FALSE(fate.is_corrupted);
  EXPECT_FALSE(fate.is_duplicated);
}

}  // namespace
}  // namespace strata::sim::faults_test
