// SPDX-License-Identifier: Apache-2.0
#include "service/lab/seed_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace strata::service::seed_runs_test {
namespace {

using testing::HasSubstr;

struct Told {
  std::vector<std::string> texts;
  std::string trouble;
};

Told run(SeedRuns runs) {
  Told told;
  runs.tell = [&](std::uint64_t seed, const std::string& text) {
    told.texts.push_back(std::to_string(seed) + ":" + text);
    return true;
  };
  if (const auto done = run_seeds(runs); !done) told.trouble = done.error().text;
  return told;
}

Outcome<std::string> square(std::uint64_t seed) { return std::to_string(seed * seed); }

TEST(SeedRuns, ManyJobsTellWhatOneTellsInTheSameOrder) {
  SeedRuns runs{
      .first = 3, .last = 40, .run = [](std::uint64_t seed, const auto&) { return square(seed); }};
  const Told one = run(runs);
  ASSERT_EQ(one.texts.size(), 38U);
  EXPECT_EQ(one.texts.front(), "3:9");
  EXPECT_EQ(one.texts.back(), "40:1600");
  for (const unsigned jobs : {2U, 5U, 100U}) {
    runs.jobs = jobs;
    EXPECT_EQ(run(runs).texts, one.texts) << jobs;
  }
}

TEST(SeedRuns, LongTextsComeWhole) {
  const std::string text(3'000'000, 'x');
  const Told told = run({.first = 1, .last = 3, .jobs = 3, .run = [&](std::uint64_t, const auto&) {
                           return std::string(text);
                         }});
  EXPECT_EQ(told.texts, (std::vector{"1:" + text, "2:" + text, "3:" + text}));
}

TEST(SeedRuns, TheFirstFailureEndsThem) {
  for (const unsigned jobs : {1U, 3U}) {
    const Told told = run({.first = 1,
                           .last = 9,
                           .jobs = jobs,
                           .run = [](std::uint64_t seed, const auto&) -> Outcome<std::string> {
                             if (seed == 4) return failed("no");
                             return square(seed);
                           }});
    EXPECT_EQ(told.trouble, "no");
    EXPECT_EQ(told.texts, (std::vector<std::string>{"1:1", "2:4", "3:9"}));
  }
}

TEST(SeedRuns, AProcessThatDiesIsSaid) {
  const Told told = run({.first = 1,
                         .last = 3,
                         .jobs = 2,
                         .run = [](std::uint64_t seed, const auto&) -> Outcome<std::string> {
                           if (seed == 2) ::kill(::getpid(), SIGKILL);
                           return square(seed);
                         }});
  EXPECT_THAT(told.trouble, HasSubstr("seed 2: its process ended by signal 9"));
}

// What runs is asked to come to an end, and what it has is told.
TEST(SeedRuns, AnInterruptionEndsAllThatRunEarly) {
  for (const unsigned jobs : {1U, 2U}) {
    SeedRuns runs{.first = 1,
                  .last = 50,
                  .jobs = jobs,
                  .run = [](std::uint64_t, const auto& stopped) -> Outcome<std::string> {
                    while (!stopped()) {
                    }
                    return "early";
                  },
                  .interrupted = [] { return true; }};
    const Told told = run(runs);
    EXPECT_EQ(told.texts.size(), jobs);
    EXPECT_EQ(told.texts.front(), "1:early");
  }
}

TEST(SeedRuns, WhoHasHeardEnoughHearsNoMore) {
  for (const unsigned jobs : {1U, 4U}) {
    std::vector<std::uint64_t> heard;
    const SeedRuns runs{.first = 1,
                        .last = 20,
                        .jobs = jobs,
                        .run = [](std::uint64_t seed, const auto&) { return square(seed); },
                        .tell =
                            [&](std::uint64_t seed, const std::string&) {
                              heard.push_back(seed);
                              return seed < 3;
                            }};
    EXPECT_TRUE(run_seeds(runs).has_value());
    EXPECT_EQ(heard, (std::vector<std::uint64_t>{1, 2, 3}));
  }
}

}  // namespace
}  // namespace strata::service::seed_runs_test
