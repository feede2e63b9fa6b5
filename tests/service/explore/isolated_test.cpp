// SPDX-License-Identifier: Apache-2.0
#include "service/explore/isolated.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/explore/lab_text.h"
#include "service/explore/trial_run.h"

namespace strata::service::isolated_test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

LabFile lab() {
  return explore_lab::lab_of(std::string(explore_lab::kTwoHosts) + explore_lab::kBulk);
}

TEST(Isolated, AChildTellsWhatWouldBeSeenHere) {
  const Trial trial = explore_lab::trial_of("seed 5\nlose a-b 3\nhold b-a 2 20ms\n");
  auto here = TrialRun::create(lab(), trial);
  ASSERT_TRUE(here.has_value());
  const TrialVerdict expected = (*here)->run();
  const auto told = run_isolated(lab(), trial);
  ASSERT_TRUE(told.has_value()) << told.error().text;
  EXPECT_EQ(told->broken, expected.broken);
  EXPECT_EQ(told->packet_hash, expected.packet_hash);
  EXPECT_EQ(told->bytes, expected.bytes);
  EXPECT_EQ(told->struck, expected.struck);
}

TEST(Isolated, ATrialThatDoesNotFitIsAFailureAndNoVerdict) {
  const auto told = run_isolated(lab(), explore_lab::trial_of("seed 5\nlose a-z 3\n"));
  ASSERT_FALSE(told.has_value());
  EXPECT_EQ(told.error().text, "'lose a-z 3': there is no link 'a-z'");
}

// No reader lets such a link through; a world has a STRATA_CHECK against it.
TEST(Isolated, AFailedCheckIsAVerdictAndNotTheEnd) {
  LabFile impossible = lab();
  impossible.links[0].there.corrupted_bits = 0;
  const auto told = run_isolated(impossible, {.seed = 1});
  ASSERT_TRUE(told.has_value()) << told.error().text;
  EXPECT_EQ(told->broken, Broken::kCrashed);
  EXPECT_THAT(told->text, StartsWith("src/sim/channel.cpp:"));
  EXPECT_THAT(told->text, HasSubstr("STRATA_CHECK(validate(config)"));
}

TEST(Isolated, AVerdictSurvivesItsLine) {
  const TrialVerdict verdict{.broken = Broken::kStuck,
                             .text = "a: wrote 3 of 9",
                             .packet_hash = 0xfedc'ba98'7654'3210,
                             .bytes = 77,
                             .struck = {{ItemKind::kCorrupt, "a-b", 4, UINT64_MAX}}};
  const auto read = parse_verdict(verdict_line(verdict));
  ASSERT_TRUE(read.has_value()) << read.error().text;
  EXPECT_EQ(read->broken, verdict.broken);
  EXPECT_EQ(read->text, verdict.text);
  EXPECT_EQ(read->packet_hash, verdict.packet_hash);
  EXPECT_EQ(read->bytes, verdict.bytes);
  EXPECT_EQ(read->struck, verdict.struck);
  for (const char* text : {"", "verdict", "verdict 1 2 3", "verdict 1 2 3\ntext\nlose"}) {
    EXPECT_FALSE(parse_verdict(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace strata::service::isolated_test
