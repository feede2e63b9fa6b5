// SPDX-License-Identifier: Apache-2.0
#include "service/lab/reading/link_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "service/lab.h"

namespace strata::service::link_files_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class LinkFiles : public testing::Test {
 protected:
  std::string file(const std::string& text) {
    const std::string path = folder_.path + "/file";
    std::ofstream(path) << text;
    return path;
  }
  TemporaryFolder folder_;
};

TEST_F(LinkFiles, ATraceIsALineAnOpportunity) {
  const auto trace = read_rate_trace(file("# a train\n0\n2\n2\r\n\n  7 \n10"));
  ASSERT_TRUE(trace.has_value()) << trace.error().text;
  EXPECT_EQ((*trace)->opportunities_ms, (std::vector<std::uint32_t>{0, 2, 2, 7, 10}));
}

TEST_F(LinkFiles, ATraceOfAFastLineIsLong) {
  std::string text;
  constexpr std::uint32_t kLines = 400'000;
  for (std::uint32_t line = 0; line < kLines; ++line) text += std::to_string(line / 8) + "\n";
  ASSERT_GT(text.size(), std::size_t{2} << 20U);
  const auto trace = read_rate_trace(file(text));
  ASSERT_TRUE(trace.has_value()) << trace.error().text;
  EXPECT_EQ((*trace)->opportunities_ms.size(), kLines);
}

TEST_F(LinkFiles, WhatNeverEndsIsNoFile) {
  EXPECT_THAT(read_rate_trace("/dev/zero").error().text, HasSubstr("larger than"));
}

TEST_F(LinkFiles, SamplesHaveUnitsOrAreMilliseconds) {
  const auto samples = read_jitter_samples(file("1.5\n250us\n0\n"));
  ASSERT_TRUE(samples.has_value()) << samples.error().text;
  EXPECT_EQ(**samples, (std::vector<Duration>{1500us, 250us, 0ns}));
}

TEST_F(LinkFiles, WhatIsWrongNamesTheLine) {
  EXPECT_THAT(read_rate_trace(file("1\n\n2.5\n")).error().text, HasSubstr("file:3: '2.5'"));
  EXPECT_THAT(read_rate_trace(file("5\n4\n")).error().text, HasSubstr("file:2: 4 is before 5"));
  EXPECT_THAT(read_rate_trace(file("-1\n")).error().text, HasSubstr("file:1: '-1'"));
  EXPECT_THAT(read_rate_trace(file("0\n0\n")).error().text, HasSubstr("no opportunity"));
  EXPECT_THAT(read_rate_trace(file("")).error().text, HasSubstr("no opportunity"));
  EXPECT_THAT(read_jitter_samples(file("1\nsoon\n")).error().text, HasSubstr("file:2: 'soon'"));
  EXPECT_THAT(read_jitter_samples(file("-3\n")).error().text, HasSubstr("file:1: '-3'"));
  EXPECT_THAT(read_jitter_samples(file("#\n")).error().text, HasSubstr("no samples"));
  EXPECT_FALSE(read_rate_trace("/no/such/file").has_value());
}

}  // namespace
}  // namespace strata::service::link_files_test
