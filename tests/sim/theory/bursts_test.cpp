// SPDX-License-Identifier: Apache-2.0
// Losses in bursts beside their closed forms (Gilbert 1960, Elliott 1963).
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "sim/lab.h"

namespace strata::sim::bursts_test {
namespace {

constexpr std::uint64_t kFrames = 1'000'000;

// Which of kFrames were lost.
std::vector<bool> losses(const GilbertElliott& bursts) {
  LinkConfig line;
  line.burst_loss = bursts;
  Cable cable(line, WorldConfig{.seed = 3});
  std::vector<bool> lost(kFrames, true);
  cable.b.set_on_frame(
      [&lost](PacketPtr frame, std::size_t, Time) { lost[number_in(frame->bytes())] = false; });
  for (std::uint64_t i = 0; i < kFrames; ++i) {
    cable.a.send(numbered_frame(i));
    cable.world.run_for(1us);
  }
  return lost;
}

struct Runs {
  double count = 0, frames = 0;
  std::vector<double> at_least = std::vector<double>(64);  // by length
};

Runs runs_of(const std::vector<bool>& lost) {
  Runs runs;
  for (std::size_t i = 0; i < lost.size();) {
    std::size_t length = 0;
    while (i + length < lost.size() && lost[i + length]) ++length;
    if (length != 0) ++runs.count;
    runs.frames += static_cast<double>(length);
    for (std::size_t at = 1; at <= length && at < runs.at_least.size(); ++at) ++runs.at_least[at];
    i += length + 1;
  }
  return runs;
}

// Gilbert's: all is lost in the bad state, in which the link is p / (p + r) of the time, for 1 / r
// frames on average, and for n or more with a chance of (1 - r)^(n - 1).
TEST(Bursts, AreAsLongAndAsManyAsGilbertHasThem) {
  const double p = 0.01, r = 0.2;
  const Runs runs = runs_of(losses({.good_to_bad = {1, 100}, .bad_to_good = {1, 5}}));
  EXPECT_NEAR(runs.frames / kFrames / (p / (p + r)), 1, 0.03);
  EXPECT_NEAR(runs.frames / runs.count * r, 1, 0.03);
  for (const std::size_t length : {2U, 5U, 10U}) {
    const double expected = std::pow(1 - r, static_cast<double>(length) - 1);
    EXPECT_NEAR(runs.at_least[length] / runs.count / expected, 1, 0.05) << length;
  }
}

// Elliott's: some are lost in the good state, and some are not in the bad one.
TEST(Bursts, BothStatesLoseTheirShare) {
  const Runs runs = runs_of(losses({.good_to_bad = {1, 50},
                                    .bad_to_good = {1, 10},
                                    .loss_in_good = {1, 1000},
                                    .loss_in_bad = {1, 2}}));
  const double bad = 0.02 / (0.02 + 0.1);
  EXPECT_NEAR(runs.frames / kFrames / (bad * 0.5 + (1 - bad) * 0.001), 1, 0.03);
}

}  // namespace
}  // namespace strata::sim::bursts_test
