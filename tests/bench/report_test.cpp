// SPDX-License-Identifier: Apache-2.0
#include "bench/harness/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace strata::bench::report_test {
namespace {

using testing::HasSubstr;
using testing::Not;

Result result_of(Better better, std::vector<double> ours, std::vector<double> peer) {
  Result result;
  result.name = "area/what";
  result.unit = "Gbit/s";
  result.claim = "a \"quoted\" claim";
  result.better = better;
  result.contestants = {
      {.name = "strata",
       .unavailable = "",
       .samples = std::move(ours),
       .details = {},
       .worked = Seconds(3),
       .took = Seconds(2)},
      {.name = "peer", .unavailable = "", .samples = std::move(peer), .details = {}}};
  return result;
}

TEST(BenchReport, RatioIsOurMedianOverTheFirstPeers) {
  const Result result = result_of(Better::kHigher, {1, 30, 6}, {3, 2, 4});
  EXPECT_DOUBLE_EQ(result.ratio().value(), 2);
}

TEST(BenchReport, NoRatioBesideAPeerThatDidNotRun) {
  Result result = result_of(Better::kHigher, {1}, {});
  result.contestants[1].unavailable = "needs root";
  EXPECT_FALSE(result.ratio().has_value());
  EXPECT_THAT(text_of(result), HasSubstr("not available: needs root"));
  EXPECT_THAT(json_of({result}, {}), HasSubstr("\"unavailable\": \"needs root\""));
}

TEST(BenchReport, GoalsFollowWhichWayIsBetter) {
  Result fast = result_of(Better::kHigher, {10}, {5});
  fast.goal = 9;
  EXPECT_EQ(fast.reaches_goal(), true);
  fast.ratio_goal = 2.5;
  EXPECT_EQ(fast.reaches_goal(), false);

  Result slow = result_of(Better::kLower, {10}, {9});
  slow.ratio_goal = 1.2;
  EXPECT_EQ(slow.reaches_goal(), true);
  slow.goal = 9;
  EXPECT_EQ(slow.reaches_goal(), false);
}

TEST(BenchReport, AGoalBesideAnAbsentPeerCannotBeJudged) {
  Result result = result_of(Better::kLower, {10}, {});
  result.contestants[1].unavailable = "needs root";
  result.ratio_goal = 1.2;
  EXPECT_FALSE(result.reaches_goal().has_value());
  EXPECT_THAT(text_of(result), HasSubstr("cannot be judged"));
}

TEST(BenchReport, TextHasMedianAndSpread) {
  EXPECT_THAT(text_of(result_of(Better::kHigher, {1.5, 2.5, 3.5}, {1})),
              HasSubstr("2.50 [1.50 - 3.50]"));
}

TEST(BenchReport, SaysHowManyCoresWereBusy) {
  const Result result = result_of(Better::kHigher, {1}, {1});
  EXPECT_THAT(text_of(result), HasSubstr("1.5 cores"));
  EXPECT_THAT(json_of({result}, {}), HasSubstr("\"cores\": 1.50"));
}

TEST(BenchReport, APointSaysOfWhichCurve) {
  Result result = result_of(Better::kHigher, {1}, {1});
  EXPECT_THAT(json_of({result}, {}), Not(HasSubstr("point")));
  result.point = {.curve = "area/growth", .of = "flows", .at = 10};
  EXPECT_THAT(json_of({result}, {}),
              HasSubstr("{\"curve\": \"area/growth\", \"of\": \"flows\", \"at\": 10}"));
}

TEST(BenchReport, JsonEscapesAndKeepsEverySample) {
  const std::string json = json_of({result_of(Better::kHigher, {1.5, 2.5}, {1})}, {});
  EXPECT_THAT(json, HasSubstr("a \\\"quoted\\\" claim"));
  EXPECT_THAT(json, HasSubstr("\"samples\": [1.5, 2.5]"));
  EXPECT_THAT(json, Not(HasSubstr("nan")));
}

TEST(BenchReport, FiguresHaveAFewDigits) {
  EXPECT_EQ(figure(0), "0");
  EXPECT_EQ(figure(0.01234), "0.0123");
  EXPECT_EQ(figure(7.666), "7.67");
  EXPECT_EQ(figure(123.45), "123.5");
  EXPECT_EQ(figure(33832), "33832");
}

}  // namespace
}  // namespace strata::bench::report_test
