// SPDX-License-Identifier: Apache-2.0
#include "bench/harness/options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace strata::bench::options_test {
namespace {

std::expected<Options, std::string> parse(std::vector<std::string> words) {
  std::vector<char*> arguments;
  arguments.reserve(words.size());
  for (std::string& word : words) arguments.push_back(word.data());
  return parse_options(arguments);
}

TEST(BenchOptions, EverythingHasADefault) {
  const auto options = parse({});
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->filter, "");
  EXPECT_EQ(options->rounds, 5U);
  EXPECT_FALSE(options->is_smoke);
}

TEST(BenchOptions, TakesANameAndValues) {
  const auto options = parse({"udp", "--rounds", "9", "--seconds", "1.5", "--json", "a", "--full"});
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->filter, "udp");
  EXPECT_EQ(options->rounds, 9U);
  EXPECT_DOUBLE_EQ(options->seconds.count(), 1.5);
  EXPECT_EQ(options->json_path, "a");
  EXPECT_TRUE(options->is_full);
}

TEST(BenchOptions, SmokeIsShort) {
  const auto options = parse({"--smoke"});
  ASSERT_TRUE(options.has_value());
  EXPECT_LT(options->seconds.count(), 2);
}

TEST(BenchOptions, SaysWhatIsWrong) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"--rounds"},
                                                                 {"--rounds", "0"},
                                                                 {"--rounds", "x"},
                                                                 {"--rounds", "3x"},
                                                                 {"--seconds", "-1"},
                                                                 {"--seconds", "nan"},
                                                                 {"--seconds", "inf"},
                                                                 {"--json", ""},
                                                                 {"--count", "-1"},
                                                                 {"--unknown"},
                                                                 {"one", "two"}}) {
    const auto options = parse(words);
    ASSERT_FALSE(options.has_value()) << words.front();
    EXPECT_NE(options.error(), "");
  }
}

}  // namespace
}  // namespace strata::bench::options_test
