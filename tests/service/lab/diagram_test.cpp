// SPDX-License-Identifier: Apache-2.0
#include "service/lab/diagram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace strata::service::diagram_test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
using Style = DiagramCurve::Style;

std::string drawn(DiagramCurve curve) { return diagram("t", {{"y", "x", {std::move(curve)}}}); }

TEST(Diagram, CurvesHaveGapsWhereThereIsNoValue) {
  const std::string svg = drawn({"c", {{0, 10}, {1, kNan}, {2, 10}}, Style::kLine});
  // Nothing but two beginnings: from 70 to 710 across, the highest mark at 56.
  EXPECT_THAT(svg, HasSubstr(R"(d="M70.0 56.0M710.0 56.0")"));
}

TEST(Diagram, StepsAreLevelAndDotsStandAlone) {
  EXPECT_THAT(drawn({"c", {{0, 5}, {1, 10}}, Style::kSteps}), HasSubstr("M70.0 131.0H710.0V56.0"));
  EXPECT_THAT(drawn({"c", {{0, 5}, {1, 10}}, Style::kDots}), HasSubstr("M69.2 131.0h1.6M709.2"));
}

TEST(Diagram, ShowsTheHighestOfManyAndNothingOfNothing) {
  DiagramPanel panel{"y", "x", {}};
  for (int i = 0; i < 20; ++i) {
    panel.curves.push_back({"c" + std::to_string(i), {{1, static_cast<double>(i)}}});
  }
  const std::string svg = diagram("t", {panel, {"empty", "x", {{"none", {{1, 0}}}}}});
  EXPECT_THAT(svg, HasSubstr(">c19<"));
  EXPECT_THAT(svg, HasSubstr(">c12<"));
  EXPECT_THAT(svg, Not(HasSubstr(">c11<")));
  EXPECT_THAT(svg, Not(HasSubstr("empty")));
}

TEST(Diagram, TextIsEscaped) { EXPECT_THAT(diagram("<&>", {}), HasSubstr("&lt;&amp;&gt;")); }

}  // namespace
}  // namespace strata::service::diagram_test
