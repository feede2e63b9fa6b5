// SPDX-License-Identifier: Apache-2.0
#include "service/explore/explore_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::service::explore_report_test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

Exploration found() {
  Finding finding;
  finding.trial = {.seed = 17, .is_listed = true, .items = {{ItemKind::kLose, "a-b", 12}}};
  finding.verdict = {.broken = Broken::kStuck, .text = "it \"waits\"", .packet_hash = 0xabc};
  finding.items_drawn = 40;
  finding.trials = 9;
  Exploration exploration;
  exploration.seeds = 20;
  exploration.finding = finding;
  return exploration;
}

TEST(ExploreReport, AFindingIsToldWithTheCommandThatShowsItAgain) {
  const Exploration exploration = found();
  const ReplayCommand command = replay_command("labs/chaos.toml", exploration.finding->trial);
  EXPECT_EQ(command.file, "chaos.seed17.trial");
  EXPECT_EQ(exploration_text(exploration, command),
            "seed 17: stuck: it \"waits\"\n"
            "40 faults and choices, shrunk to 1 in 9 trials:\n"
            "  lose a-b 12\n"
            "packet hash 0000000000000abc\n"
            "strata sim labs/chaos.toml --replay chaos.seed17.trial\n");
}

TEST(ExploreReport, WhatIsWrittenCanBeReadAgain) {
  const Exploration exploration = found();
  const std::string text = trial_file_text("labs/chaos.toml", *exploration.finding);
  const auto trial = read_trial_text(text, "test");
  ASSERT_TRUE(trial.has_value()) << trial.error().text;
  EXPECT_EQ(trial->seed, 17U);
  EXPECT_EQ(trial->items, exploration.finding->trial.items);
}

TEST(ExploreReport, NothingBrokenIsOneLine) {
  Exploration exploration;
  exploration.seeds = 3;
  exploration.items = 1;
  exploration.bytes = 2'500'000;
  EXPECT_EQ(exploration_text(exploration, {}),
            "3 seeds, one fault or choice, 2.5 MB moved: nothing is broken\n");
  exploration.is_whole = false;
  EXPECT_THAT(exploration_text(exploration, {}), EndsWith("(stopped before the end)\n"));
}

TEST(ExploreReport, JsonSaysTheSame) {
  const Exploration exploration = found();
  const std::string json =
      exploration_json(exploration, replay_command("l.toml", exploration.finding->trial));
  EXPECT_THAT(json, HasSubstr("\"seeds\": 20"));
  EXPECT_THAT(json, HasSubstr("\"text\": \"it \\\"waits\\\"\""));
  EXPECT_THAT(json, HasSubstr("\"items\": [\"lose a-b 12\"]"));
  EXPECT_THAT(json, HasSubstr("\"replay\": \"strata sim l.toml --replay l.seed17.trial\""));
  EXPECT_THAT(exploration_json({}, {}), HasSubstr("\"finding\": null"));
  const Finding& finding = *exploration.finding;
  EXPECT_THAT(replay_json(finding.trial, finding.verdict), HasSubstr("\"broken\": \"stuck\""));
  EXPECT_THAT(replay_text(finding.trial, finding.verdict), HasSubstr("seed 17, one fault"));
}

}  // namespace
}  // namespace strata::service::explore_report_test
