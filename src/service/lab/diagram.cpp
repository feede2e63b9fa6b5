// SPDX-License-Identifier: Apache-2.0
#include "service/lab/diagram.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

namespace strata::service {
namespace {

constexpr double kWidth = 900, kLeft = 70, kRight = 190, kPanel = 150, kGap = 46, kTop = 56;
constexpr std::array<std::string_view, 8> kColours{"#0b6e99", "#c2571a", "#5b8c2a", "#7d4f9e",
                                                   "#b8860b", "#a33b56", "#2f8f83", "#666666"};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

// The highest of those that are values; 0 when none is.
double peak_of(const DiagramCurve& curve) {
  double most = 0;
  for (const DiagramPoint& point : curve.points) {
    if (std::isfinite(point.y)) most = std::max(most, point.y);
  }
  return most;
}

struct Extent {
  double x = 0, y = 0;
};

Extent extent_of(const DiagramPanel& panel) {
  Extent most;
  for (const DiagramCurve& curve : panel.curves) {
    most.y = std::max(most.y, peak_of(curve));
    for (const DiagramPoint& point : curve.points) most.x = std::max(most.x, point.x);
  }
  most.x = std::max(most.x, 1e-9);
  return most;
}

// More would hide each other: those that reach highest.
void keep_highest(DiagramPanel& panel) {
  std::erase_if(panel.curves, [](const DiagramCurve& curve) { return peak_of(curve) == 0; });
  std::ranges::sort(panel.curves, [](const DiagramCurve& a, const DiagramCurve& b) {
    const double a_peak = peak_of(a), b_peak = peak_of(b);
    return a_peak != b_peak ? a_peak > b_peak : a.name < b.name;
  });
  if (panel.curves.size() > kColours.size()) panel.curves.resize(kColours.size());
}

// 1, 2 or 5 times a power of ten, so that about four of them make `most`.
double step_for(double most) {
  const double power = std::pow(10, std::floor(std::log10(most / 4)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= most / 5) return factor * power;
  }
  return 10 * power;
}

// From 0 to `most`.
std::vector<double> marks(double step, double most) {
  std::vector<double> all;
  for (int i = 0; i * step <= most * 1.001; ++i) all.push_back(i * step);
  return all;
}

class Drawing {
 public:
  Drawing(std::string_view title, std::size_t panels) {
    const double height = kTop + static_cast<double>(panels) * (kPanel + kGap) + 10;
    add(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}" )"
        R"(font-family="sans-serif" font-size="12">)",
        kWidth, height);
    add(R"(<rect width="100%" height="100%" fill="white"/>)");
    add(R"(<text x="{}" y="24" font-size="16">{}</text>)", kLeft, escaped(title));
  }

  void draw(const DiagramPanel& panel, std::size_t number) {
    top_ = kTop + static_cast<double>(number) * (kPanel + kGap);
    const Extent extent = extent_of(panel);
    const double step = step_for(extent.y);
    most_ = {extent.x, std::ceil(extent.y / step) * step};
    add(R"(<text x="{}" y="{:.1f}" fill="#333">{}</text>)", kLeft, top_ - 8, escaped(panel.title));
    for (const double mark : marks(step, most_.y)) {
      grid(kLeft, up(mark), kWidth - kRight, up(mark));
      label(kLeft - 6, up(mark) + 4, "end", mark);
    }
    for (const double mark : marks(step_for(most_.x), most_.x)) {
      grid(across(mark), top_, across(mark), top_ + kPanel);
      label(across(mark), top_ + kPanel + 16, "middle", mark);
    }
    add(R"(<text x="{:.1f}" y="{:.1f}" fill="#555">{}</text>)", kWidth - kRight + 12,
        top_ + kPanel + 16, escaped(panel.x_unit));
    for (std::size_t i = 0; i < panel.curves.size(); ++i) {
      curve(panel.curves[i], kColours[i]);
      add(R"(<text x="{}" y="{:.1f}" fill="{}">{}</text>)", kWidth - kRight + 12,
          top_ + 12 + 16 * static_cast<double>(i), kColours[i], escaped(panel.curves[i].name));
    }
  }

  [[nodiscard]] std::string finished() && { return std::move(text_) + "</svg>\n"; }

 private:
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }
  [[nodiscard]] double across(double x) const {
    return kLeft + x / most_.x * (kWidth - kLeft - kRight);
  }
  [[nodiscard]] double up(double y) const { return top_ + kPanel - y / most_.y * kPanel; }
  void grid(double x1, double y1, double x2, double y2) {
    add(R"(<path d="M{:.1f} {:.1f}L{:.1f} {:.1f}" stroke="#ddd"/>)", x1, y1, x2, y2);
  }
  void label(double x, double y, std::string_view anchor, double value) {
    add(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="#555">{:.4g}</text>)", x, y, anchor,
        value);
  }

  void curve(const DiagramCurve& curve, std::string_view colour) {
    std::string path;
    bool is_drawing = false;
    for (const DiagramPoint& point : curve.points) {
      const bool has_value = std::isfinite(point.y);
      if (has_value) append(path, curve.style, is_drawing, point);
      is_drawing = has_value;
    }
    add(R"(<path d="{}" fill="none" stroke="{}" stroke-width="1.6"/>)", path, colour);
  }
  void append(std::string& path, DiagramCurve::Style style, bool is_drawing,
              const DiagramPoint& point) const {
    const double x = across(point.x), y = up(point.y);
    const auto out = std::back_inserter(path);
    if (style == DiagramCurve::Style::kDots) {
      fmt::format_to(out, "M{:.1f} {:.1f}h1.6", x - 0.8, y);
    } else if (!is_drawing) {
      fmt::format_to(out, "M{:.1f} {:.1f}", x, y);
    } else if (style == DiagramCurve::Style::kSteps) {
      fmt::format_to(out, "H{:.1f}V{:.1f}", x, y);
    } else {
      fmt::format_to(out, "L{:.1f} {:.1f}", x, y);
    }
  }

  std::string text_;
  double top_ = 0;
  Extent most_;
};

}  // namespace

std::string diagram(std::string_view title, std::vector<DiagramPanel> panels) {
  for (DiagramPanel& panel : panels) keep_highest(panel);
  std::erase_if(panels, [](const DiagramPanel& panel) { return panel.curves.empty(); });
  Drawing drawing(title, panels.size());
  for (std::size_t i = 0; i < panels.size(); ++i) drawing.draw(panels[i], i);
  return std::move(drawing).finished();
}

}  // namespace strata::service
