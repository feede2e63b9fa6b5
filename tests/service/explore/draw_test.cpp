// SPDX-License-Identifier: Apache-2.0
#include "service/explore/draw.h"

#include <gtest/gtest.h>

#include <set>

#include "service/explore/coroutine_conversation.h"
#include "service/explore/datagram_exchange.h"
#include "service/explore/lab_text.h"

namespace strata::service::draw_test {
namespace {

LabFile lab() {
  return explore_lab::lab_of(std::string(explore_lab::kTwoHosts) + explore_lab::kBulk +
                             explore_lab::kAsk);
}

TEST(DrawTrial, TheSameSeedDrawsTheSame) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(draw_trial(lab(), seed).items, draw_trial(lab(), seed).items);
  }
  EXPECT_NE(draw_trial(lab(), 1).items, draw_trial(lab(), 2).items);
}

TEST(DrawTrial, EveryKindComesUpInAThousandSeeds) {
  std::set<ItemKind> seen;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    for (const TrialItem& item : draw_trial(lab(), seed).items) seen.insert(item.kind);
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(ItemKind::kSmallSegments) + 1);
}

TEST(DrawTrial, CoroutinesGetTheChoicesThatMeanSomethingToThem) {
  std::set<ItemKind> seen;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    const Trial trial = draw_trial(lab(), seed);
    if (!is_by_coroutines(trial, lab().traffic[0])) continue;
    for (const TrialItem& item : trial.items) {
      if (!item.where.starts_with("bulk")) continue;
      EXPECT_TRUE(is_coroutine_choice(item.kind)) << to_text(item);
      seen.insert(item.kind);
    }
  }
  EXPECT_EQ(seen.size(), 8U);
}

TEST(DrawTrial, DatagramsGetTheChoicesThatMeanSomethingToThem) {
  const LabFile datagrams =
      explore_lab::lab_of(std::string(explore_lab::kTwoHosts) + explore_lab::kDatagrams);
  std::set<ItemKind> seen;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    for (const TrialItem& item : draw_trial(datagrams, seed).items) {
      if (!is_program_choice(item.kind)) continue;
      EXPECT_TRUE(is_datagram_choice(item.kind)) << to_text(item);
      seen.insert(item.kind);
    }
  }
  EXPECT_EQ(seen.size(), 7U);
}

TEST(DrawTrial, DatagramsMoveNoChoiceOfOthers) {
  const std::string hosts = explore_lab::kTwoHosts;
  const LabFile alone = explore_lab::lab_of(hosts + explore_lab::kBulk);
  const LabFile both = explore_lab::lab_of(hosts + explore_lab::kDatagrams + explore_lab::kBulk);
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Trial trial = draw_trial(both, seed);
    std::erase_if(trial.items,
                  [](const TrialItem& item) { return item.where.starts_with("udp."); });
    EXPECT_EQ(trial.items, draw_trial(alone, seed).items) << seed;
  }
}

TEST(DrawTrial, WhoAsksAndAnswersInTurnIsToldNothingElse) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    for (const TrialItem& item : draw_trial(lab(), seed).items) {
      const bool is_for_bulk = item.kind == ItemKind::kTalk || item.kind == ItemKind::kAnswerLast;
      if (is_for_bulk) {
        EXPECT_EQ(item.where, "bulk.server");
      }
    }
  }
}

}  // namespace
}  // namespace strata::service::draw_test
