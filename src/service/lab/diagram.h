// SPDX-License-Identifier: Apache-2.0
// Diagrams as SVG: panels below each other, each with curves of one unit and a legend.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace strata::service {

// Where y is no number, the curve has a gap.
struct DiagramPoint {
  double x = 0, y = 0;
};

struct DiagramCurve {
  enum class Style {
    kLine,   // from point to point
    kSteps,  // level until the next point
    kDots,   // each point by itself
  };
  std::string name;
  std::vector<DiagramPoint> points;
  Style style = Style::kLine;
};

struct DiagramPanel {
  std::string title;   // what y is
  std::string x_unit;  // what x is
  std::vector<DiagramCurve> curves;
};

// Panels without a value above zero are left out, and of one with more curves than colours those
// that reach less high.
[[nodiscard]] std::string diagram(std::string_view title, std::vector<DiagramPanel> panels);

}  // namespace strata::service
