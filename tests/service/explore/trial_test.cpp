// SPDX-License-Identifier: Apache-2.0
#include "service/explore/trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/explore/draw.h"
#include "service/explore/lab_text.h"

namespace strata::service::trial_test {
namespace {

using testing::HasSubstr;

TEST(Trial, ItsTextSaysAllOfIt) {
  const std::string text =
      "seed 17\nchance off\nlose a-b 12\ncorrupt a-b 14 99\nhold b-a 3 20ms\ndown a-b 1200ms "
      "300us\nstarve world 1s 500ms 16\nanswer_last bulk.server\nread_size bulk.client 0 7\n";
  const auto trial = read_trial_text(text, "test");
  ASSERT_TRUE(trial.has_value()) << trial.error().text;
  EXPECT_EQ(trial->seed, 17U);
  EXPECT_TRUE(trial->is_listed);
  ASSERT_EQ(trial->items.size(), 7U);
  EXPECT_EQ(trial->items[2], (TrialItem{ItemKind::kHold, "b-a", 3, 20'000'000}));
  EXPECT_EQ(trial->items[4],
            (TrialItem{ItemKind::kStarve, "world", 1'000'000'000, 500'000'000, 16}));
  EXPECT_EQ(to_text(*trial), text);
}

TEST(Trial, WhatASeedDrawsComesBackFromItsText) {
  const LabFile lab = explore_lab::lab_of(std::string(explore_lab::kTwoHosts) + explore_lab::kBulk +
                                          explore_lab::kAsk);
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Trial drawn = draw_trial(lab, seed);
    const auto read = read_trial_text(to_text(drawn), "test");
    ASSERT_TRUE(read.has_value()) << read.error().text;
    EXPECT_EQ(read->items, drawn.items) << seed;
  }
}

TEST(Trial, EmptyLinesAndWhatIsForPeopleAreSkipped) {
  const auto trial =
      read_trial_text("# found in May\n\nseed 3  # of many\r\n  lose a-b 1\n", "test");
  ASSERT_TRUE(trial.has_value()) << trial.error().text;
  EXPECT_EQ(trial->items.size(), 1U);
}

TEST(Trial, ComplaintsNameTheLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"lose a-b 1\n", "test: there is no line 'seed N'"},
      {"seed x\n", "test:1: expected 'seed' and a number"},
      {"seed 1\nbreak a-b 1\n", "test:2: 'break' is no fault or choice"},
      {"seed 1\nlose a-b\n", "test:2: 'lose' takes 2 words, not 1"},
      {"seed 1\nlose a-b -1\n", "test:2: '-1' is no number"},
      {"seed 1\nhold a-b 1 20\n", "is not a time"},
      {"seed 1\nchance on\n", "test:2: expected 'chance off'"},
  };
  for (const auto& [text, complaint] : cases) {
    const auto trial = read_trial_text(text, "test");
    ASSERT_FALSE(trial.has_value()) << text;
    EXPECT_THAT(trial.error().text, HasSubstr(complaint));
  }
}

}  // namespace
}  // namespace strata::service::trial_test
