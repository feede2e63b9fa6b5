// SPDX-License-Identifier: Apache-2.0
// Our own stack, searched. STRATA_SEEDS=FIRST-LAST tries others; STRATA_FULL tries two thousand.
#include "service/explore/explore.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "service/explore/lab_text.h"

namespace strata::service::explore_test {
namespace {

using namespace explore_lab;

ExploreOptions seeds_to_try() {
  ExploreOptions options{.first_seed = 1, .last_seed = 40, .jobs = 2};
  if (std::getenv("STRATA_FULL") != nullptr) options.last_seed = 2'000;
  if (const char* text = std::getenv("STRATA_SEEDS")) {
    unsigned long long first = 0, last = 0;
    if (std::sscanf(text, "%llu-%llu", &first, &last) == 2) {
      options.first_seed = first;
      options.last_seed = last;
    }
  }
  return options;
}

void expect_nothing_broken(const LabFile& lab) {
  const ExploreOptions options = seeds_to_try();
  const auto found = explore(lab, options, [](const Exploration&) { return true; });
  ASSERT_TRUE(found.has_value()) << found.error().text;
  if (found->finding) {
    FAIL() << to_text(found->finding->verdict.broken) << ": " << found->finding->verdict.text
           << "\n"
           << to_text(found->finding->trial);
  }
  EXPECT_TRUE(found->is_whole);
  EXPECT_EQ(found->seeds, options.last_seed - options.first_seed + 1);
  EXPECT_GT(found->items, found->seeds);
}

TEST(Explore, FindsNothingBroken) {
  expect_nothing_broken(lab_of(std::string(kTwoHosts) + kBulk + kAsk));
}

TEST(Explore, FindsNothingBrokenInDatagrams) {
  const char* const kChance = "loss = \"2%\"\nduplication = \"2%\"\ncorruption = \"1%\"\n";
  expect_nothing_broken(lab_of(std::string(kTwoHosts) + kChance + kDatagrams));
}

// What breaks by itself needs no fault at all.
TEST(Explore, ACrashIsShrunkLikeAnythingElse) {
  LabFile impossible = lab_of(std::string(kTwoHosts) + kBulk);
  impossible.links[0].there.corrupted_bits = 0;
  const auto found = explore(impossible, {.first_seed = 1, .last_seed = 9, .jobs = 2},
                             [](const Exploration&) { return true; });
  ASSERT_TRUE(found.has_value()) << found.error().text;
  ASSERT_TRUE(found->finding.has_value());
  EXPECT_EQ(found->finding->trial.seed, 1U);
  EXPECT_EQ(found->finding->verdict.broken, Broken::kCrashed);
  EXPECT_TRUE(found->finding->trial.items.empty());
}

TEST(Explore, StopsWhenTold) {
  const LabFile lab = lab_of(std::string(kTwoHosts) + kBulk);
  const auto found = explore(lab, {.first_seed = 1, .last_seed = 1'000'000, .jobs = 2},
                             [](const Exploration& so_far) { return so_far.seeds < 3; });
  ASSERT_TRUE(found.has_value()) << found.error().text;
  EXPECT_FALSE(found->is_whole);
  EXPECT_LT(found->seeds, 10U);
}

TEST(Explore, ALabWithoutConversationsIsRefused) {
  const auto found = explore(lab_of(kTwoHosts), {}, [](const Exploration&) { return true; });
  ASSERT_FALSE(found.has_value());
}

}  // namespace
}  // namespace strata::service::explore_test
