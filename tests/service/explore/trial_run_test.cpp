// SPDX-License-Identifier: Apache-2.0
#include "service/explore/trial_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/explore/draw.h"
#include "service/explore/explore.h"
#include "service/explore/lab_text.h"

namespace strata::service::trial_run_test {
namespace {

using explore_lab::lab_of;
using explore_lab::trial_of;
using testing::HasSubstr;

LabFile lab(const std::string& more = "") {
  return lab_of(std::string(explore_lab::kTwoHosts) + explore_lab::kBulk + explore_lab::kAsk +
                more);
}

TrialVerdict run(const LabFile& of, const Trial& trial) {
  auto made = TrialRun::create(of, trial);
  EXPECT_TRUE(made.has_value()) << made.error().text;
  return (*made)->run();
}

TEST(TrialRun, NothingIsBrokenWhereNothingHappens) {
  const TrialVerdict verdict = run(lab(), trial_of("seed 1\n"));
  EXPECT_EQ(verdict.broken, Broken::kNothing) << verdict.text;
  // 60 KB, and 20 questions with their answers; each byte is written once and read once.
  EXPECT_EQ(verdict.bytes, 2U * (60'000 + 20 * (300 + 4'000)));
  EXPECT_TRUE(verdict.struck.empty());
}

TEST(TrialRun, EveryKindOfItemActs) {
  const char* const items[] = {
      "lose a-b 5",
      "corrupt a-b 5 1",
      "duplicate a-b 5",
      "hold a-b 5 30ms",
      "down a-b 30ms 200ms",
      "partition b-a 30ms 200ms",
      "talk bulk.server 9",
      "read_size bulk.server 0 7",
      "read_pause bulk.server 100 1s",
      "write_pause bulk.client 100 1s",
      "end bulk.client 700",
      "answer_last bulk.server",
      "accept_late bulk.server 1s",
      "small_receive bulk.server 0",
      "small_segments bulk.client 0",
      "crash b 30ms 1s",
      "exchange a 25ms 900",
      "write_size bulk.client 0 100",
      "abort bulk.server 1000",
      "close bulk.server 1000",
      "starve world 30ms 1s 0",
  };
  const std::uint64_t plain = run(lab(), trial_of("seed 1\n")).packet_hash;
  for (const char* item : items) {
    // Who answers last needs something to say.
    const std::string talk = std::string(item).starts_with("answer") ? "talk bulk.server 9\n" : "";
    const TrialVerdict verdict = run(lab(), trial_of("seed 1\n" + talk + item + "\n"));
    EXPECT_EQ(verdict.broken, Broken::kNothing) << item << ": " << verdict.text;
    // How much a call takes changes what is on the wire only when it waits for more.
    const bool is_size = std::string_view(item).find("_size") != std::string_view::npos;
    EXPECT_EQ(verdict.packet_hash == plain, is_size) << item;
  }
}

// What chance did, listed, gives the same run frame by frame.
TEST(TrialRun, ListedFaultsRepeatWhatChanceDid) {
  const LabFile chaos = lab_of(std::string(explore_lab::kTwoHosts) +
                               "loss = \"2%\"\nduplication = \"2%\"\ncorruption = \"1%\"\n"
                               "reordering = \"3%\"\njitter = \"2ms\"\n" +
                               explore_lab::kBulk + explore_lab::kAsk);
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Trial drawn{.seed = seed};
    const TrialVerdict first = run(chaos, drawn);
    ASSERT_FALSE(first.struck.empty());
    const TrialVerdict again = run(chaos, listed(drawn, first));
    EXPECT_EQ(again.packet_hash, first.packet_hash);
    EXPECT_EQ(again.struck, first.struck);
    EXPECT_NE(run(chaos, {.seed = seed, .is_listed = true}).packet_hash, first.packet_hash);
  }
}

TEST(TrialRun, FaultsAreListedForLinksThatBecomeOthersToo) {
  const LabFile changed = lab(R"(
[[event]]
at = "50ms"
link = "a-b"
change = { loss = "20%" }
)");
  EXPECT_FALSE(run(changed, {.seed = 1}).struck.empty());
  EXPECT_TRUE(run(changed, {.seed = 1, .is_listed = true}).struck.empty());
  Trial one = trial_of("seed 1\nlose a-b 30\n");
  one.is_listed = true;
  EXPECT_EQ(run(changed, one).struck, one.items);
}

TEST(TrialRun, TheSameTrialIsTheSameRun) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Trial drawn = draw_trial(lab(), seed);
    EXPECT_EQ(run(lab(), drawn).packet_hash, run(lab(), drawn).packet_hash) << seed;
  }
}

TEST(TrialRun, ATrialThatDoesNotFitTheLabIsRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"lose a-c 1", "there is no link 'a-c'"},
      {"down b-c 1s 1s", "there is no link 'b-c'"},
      {"crash c 1s 1s", "there is no host 'c'"},
      {"exchange c 1s 900", "there is no host 'c'"},
      {"end bulk.a 3", "there is no program 'bulk.a'"},
      {"talk ask.server 3", "in turn"},
  };
  for (const auto& [item, complaint] : cases) {
    const auto made = TrialRun::create(lab(), trial_of(std::string("seed 1\n") + item + "\n"));
    ASSERT_FALSE(made.has_value()) << item;
    EXPECT_THAT(made.error().text, HasSubstr(complaint));
  }
  const auto without = TrialRun::create(lab_of(explore_lab::kTwoHosts), {.seed = 1});
  ASSERT_FALSE(without.has_value());
  EXPECT_THAT(without.error().text, HasSubstr("no conversation to watch"));
}

}  // namespace
}  // namespace strata::service::trial_run_test
