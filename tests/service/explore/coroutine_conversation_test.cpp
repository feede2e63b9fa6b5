// SPDX-License-Identifier: Apache-2.0
#include "service/explore/coroutine_conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "service/explore/crooked_queue.h"
#include "service/explore/lab_text.h"
#include "service/explore/trial_run.h"

namespace strata::service::coroutine_conversation_test {
namespace {

using explore_lab::trial_of;
using testing::HasSubstr;

LabFile lab(const std::string& line = "") {
  return explore_lab::lab_of(std::string(explore_lab::kTwoHosts) + line + explore_lab::kBulk);
}

TrialVerdict run(const LabFile& of, const std::string& items, std::uint64_t seed = 1) {
  Trial trial = trial_of("seed 1\ncoroutines bulk\n" + items);
  trial.seed = seed;
  auto made = TrialRun::create(of, trial);
  EXPECT_TRUE(made.has_value()) << made.error().text;
  return (*made)->run();
}

TEST(CoroutineConversation, MovesEachByteOnceAndEnds) {
  const TrialVerdict verdict = run(lab(), "");
  EXPECT_EQ(verdict.broken, Broken::kNothing) << verdict.text;
  EXPECT_EQ(verdict.bytes, 2U * 60'000);
  const TrialVerdict talked = run(lab(), "talk bulk.server 20000\n");
  EXPECT_EQ(talked.broken, Broken::kNothing) << talked.text;
  EXPECT_EQ(talked.bytes, 2U * 80'000);
  EXPECT_EQ(run(lab(), "end bulk.client 700\n").bytes, 2U * 700);
}

TEST(CoroutineConversation, WhateverBefallsItItEnds) {
  const char* const items[] = {
      "lose a-b 5",
      "down a-b 30ms 200ms",
      "accept_late bulk.server 2s",
      "read_size bulk.server 100 7",
      "read_pause bulk.server 5000 1s",
      "write_size bulk.client 100 20",
      "write_pause bulk.client 5000 1s",
      "crash a 30ms 1s",
      "crash b 30ms 1s",
      "starve world 30ms 1s 0",
      "partition b-a 40ms 90s",
  };
  for (const char* item : items) {
    const TrialVerdict verdict = run(lab(), std::string(item) + "\ntalk bulk.server 9000\n");
    EXPECT_EQ(verdict.broken, Broken::kNothing) << item << ": " << verdict.text;
  }
}

TEST(CoroutineConversation, CrossesABadLine) {
  const LabFile chaos = lab("loss = \"3%\"\nduplication = \"2%\"\nreordering = \"3%\"\n");
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const TrialVerdict verdict = run(chaos, "talk bulk.server 30000\n", seed);
    EXPECT_EQ(verdict.broken, Broken::kNothing) << verdict.text;
    EXPECT_FALSE(verdict.struck.empty());
  }
}

TEST(CoroutineConversation, AChoiceThatMeansNothingIsRefused) {
  const auto refusal = [](const std::string& items) {
    const LabFile both = explore_lab::lab_of(std::string(explore_lab::kTwoHosts) +
                                             explore_lab::kBulk + explore_lab::kAsk);
    const auto made = TrialRun::create(both, trial_of("seed 1\n" + items));
    return made.has_value() ? "" : made.error().text;
  };
  EXPECT_THAT(refusal("coroutines bulk\ncork bulk.client 0\n"),
              HasSubstr("'cork bulk.client 0': that is nothing for coroutines"));
  EXPECT_THAT(refusal("coroutines ask\n"), HasSubstr("that is for transfers"));
  EXPECT_THAT(refusal("coroutines bulk.client\n"), HasSubstr("there is no program"));
}

TEST(CoroutineConversation, WrongBytesAreFound) {
  auto made = TrialRun::create(lab(), trial_of("seed 1\ncoroutines bulk\n"));
  ASSERT_TRUE(made.has_value());
  sim::World& world = (*made)->world();
  world.find_link("a-b")->set_queue(
      sim::Direction::kAToB,
      std::make_unique<explore_lab::CrookedQueue>(explore_lab::Crime::kAlter, world.pool()));
  const TrialVerdict verdict = (*made)->run();
  EXPECT_EQ(verdict.broken, Broken::kBytes);
  EXPECT_THAT(verdict.text, HasSubstr("by coroutines"));
}

// In the middle of the transfer the line is cut for ever, and the trial does not say so: who reads
// there waits, for nothing tells that the other is no more.
TEST(CoroutineConversation, TasksThatDoNotEndAreFound) {
  auto made = TrialRun::create(lab(), trial_of("seed 1\ncoroutines bulk\n"));
  ASSERT_TRUE(made.has_value());
  sim::World& world = (*made)->world();
  world.executor().start_timer(Time(std::chrono::milliseconds(75)), [&world] {
    for (const auto direction : {sim::Direction::kAToB, sim::Direction::kBToA}) {
      world.find_link("a-b")->set_partitioned(direction, true);
    }
  });
  const TrialVerdict verdict = (*made)->run();
  EXPECT_EQ(verdict.broken, Broken::kStuck);
  EXPECT_THAT(verdict.text, HasSubstr("by coroutines"));
  EXPECT_THAT(verdict.text, HasSubstr("has not ended"));
}

}  // namespace
}  // namespace strata::service::coroutine_conversation_test
