// SPDX-License-Identifier: Apache-2.0
// The explorer finds a bug that only this program has: src/tcp/receive/reassembly.cpp is compiled
// into it once more, with STRATA_PLANTED_BUG. What is wrong there takes a gap before small
// segments: one fault of a frame and one choice of a program.
#include <gtest/gtest.h>

#include "service/explore/explore.h"
#include "service/explore/isolated.h"
#include "service/explore/trial_run.h"

namespace strata::service::planted_bug_test {
namespace {

constexpr const char* kLab = R"(
until = "5s"
[[host]]
name = "a"
[[host]]
name = "b"
[[link]]
between = ["a", "b"]
rate = "10Mbit/s"
delay = "10ms"
[[traffic]]
name = "bulk"
kind = "bulk"
from = "a"
to = "b"
bytes = "60KB"
)";

LabFile lab() {
  auto read = read_lab_text(kLab, "test");
  EXPECT_TRUE(read.has_value()) << read.error().text;
  return *read;
}

Exploration search(unsigned jobs) {
  auto found = explore(lab(), {.first_seed = 1, .last_seed = 300, .jobs = jobs},
                       [](const Exploration&) { return true; });
  EXPECT_TRUE(found.has_value()) << found.error().text;
  return std::move(*found);
}

TEST(PlantedBug, IsFoundAndShrunkToWhatItTakes) {
  const Exploration found = search(2);
  ASSERT_TRUE(found.finding.has_value());
  const Finding& finding = *found.finding;
  SCOPED_TRACE(to_text(finding.trial));
  EXPECT_EQ(finding.verdict.broken, Broken::kBytes) << finding.verdict.text;
  EXPECT_LE(finding.trial.seed, 100U);
  EXPECT_TRUE(finding.trial.is_listed);
  EXPECT_GE(finding.items_drawn, finding.trial.items.size());
  ASSERT_LE(finding.trial.items.size(), 4U);
  // Nothing of it can go.
  for (std::size_t i = 0; i < finding.trial.items.size(); ++i) {
    Trial fewer = finding.trial;
    fewer.items.erase(fewer.items.begin() + static_cast<std::ptrdiff_t>(i));
    const auto verdict = run_isolated(lab(), fewer);
    ASSERT_TRUE(verdict.has_value());
    EXPECT_NE(verdict->broken, Broken::kBytes) << to_text(finding.trial.items[i]);
  }
}

TEST(PlantedBug, ReplaysTheSameFromItsText) {
  const Exploration found = search(1);
  ASSERT_TRUE(found.finding.has_value());
  const auto trial = read_trial_text(to_text(found.finding->trial), "test");
  ASSERT_TRUE(trial.has_value()) << trial.error().text;
  for (int round = 0; round < 2; ++round) {
    auto run = TrialRun::create(lab(), *trial);
    ASSERT_TRUE(run.has_value()) << run.error().text;
    const TrialVerdict again = (*run)->run();
    EXPECT_EQ(again.broken, found.finding->verdict.broken);
    EXPECT_EQ(again.text, found.finding->verdict.text);
    EXPECT_EQ(again.packet_hash, found.finding->verdict.packet_hash);
  }
}

TEST(PlantedBug, HowManySearchAtATimeChangesNothing) {
  const Exploration alone = search(1), together = search(3);
  ASSERT_TRUE(alone.finding && together.finding);
  EXPECT_EQ(to_text(alone.finding->trial), to_text(together.finding->trial));
  EXPECT_EQ(alone.finding->verdict.packet_hash, together.finding->verdict.packet_hash);
}

}  // namespace
}  // namespace strata::service::planted_bug_test
