// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string_view>

#include "service/lab/diagram.h"
#include "service/lab/lab_report.h"

namespace strata::service {
namespace {

std::string_view title_of(const LabResults& results) {
  return results.title.empty() ? "lab" : std::string_view(results.title);
}

DiagramCurve curve_of(const LabResults& results, const LabSeries& series) {
  DiagramCurve curve{.name = series.name, .points = {}};
  const std::size_t count = std::min(series.values.size(), results.times.size());
  for (std::size_t i = 0; i < count; ++i) {
    curve.points.push_back({results.times[i], series.values[i]});
  }
  return curve;
}

}  // namespace

std::string lab_picture(const LabResults& results) {
  std::vector<DiagramPanel> panels{{"goodput, Mbit/s", "seconds", {}},
                                   {"round trip, ms", "seconds", {}},
                                   {"congestion window, packets", "seconds", {}},
                                   {"waiting for the wire, ms", "seconds", {}}};
  for (const LabFlowResult& flow : results.flows) {
    const bool is_stream =
        flow.kind == LabTraffic::Kind::kBulk || flow.kind == LabTraffic::Kind::kOnOff;
    if (is_stream) panels[0].curves.push_back(curve_of(results, flow.goodput_mbit_s));
    panels[1].curves.push_back(curve_of(results, flow.rtt_ms));
    panels[2].curves.push_back(curve_of(results, flow.cwnd_packets));
  }
  for (const LabLinkResult& link : results.links) {
    panels[3].curves.push_back(curve_of(results, link.delay_ms));
  }
  return diagram(title_of(results), std::move(panels));
}

std::string lab_cdf(const LabResults& results) {
  DiagramPanel times{"share of exchanges that took no longer, %", "ms", {}};
  for (const LabFlowResult& flow : results.flows) {
    std::vector<double> sorted = flow.times_ms;
    std::ranges::sort(sorted);
    DiagramCurve curve{.name = flow.name, .points = {}, .style = DiagramCurve::Style::kSteps};
    // Where there are thousands, not each makes a step that anybody sees.
    constexpr std::size_t kStepsMax = 2000;
    const std::size_t stride = sorted.size() / kStepsMax + 1;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (i % stride != 0 && i + 1 != sorted.size()) continue;
      const double share = static_cast<double>(i + 1) / static_cast<double>(sorted.size());
      curve.points.push_back({sorted[i], 100 * share});
    }
    times.curves.push_back(std::move(curve));
  }
  return diagram(title_of(results), {std::move(times)});
}

std::string lab_sequence_picture(const LabResults& results) {
  std::vector<DiagramPanel> panels;
  for (const LabSequence& sequence : results.sequences) {
    DiagramCurve text{.name = "sent", .points = {}, .style = DiagramCurve::Style::kDots};
    DiagramCurve again{.name = "sent again", .points = {}, .style = DiagramCurve::Style::kDots};
    DiagramCurve acks{.name = "acknowledged", .points = {}, .style = DiagramCurve::Style::kSteps};
    std::uint64_t most = 0;
    for (const LabSequence::Point& point : sequence.points) {
      const double y = static_cast<double>(point.from) / 1000;
      if (point.is_ack()) {
        acks.points.push_back({point.seconds, y});
      } else {
        (point.to > most ? text : again).points.push_back({point.seconds, y});
        most = std::max(most, point.to);
      }
    }
    panels.push_back({sequence.name + ": sequence number, KB", "seconds", {text, again, acks}});
  }
  return diagram(title_of(results), std::move(panels));
}

}  // namespace strata::service
