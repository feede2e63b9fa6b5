// SPDX-License-Identifier: Apache-2.0
// The words of traceroute.
#include <fmt/format.h>

#include "service/trace_session.h"

namespace strata::service {
namespace {

std::string text_of(const IpAddress& address) { return std::string(to_text(address).view()); }

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

std::string trace_opening(const TraceOptions& options) {
  const std::string whom = text_of(options.destination);
  const std::size_t headers = options.destination.is_v4() ? 28 : 48;
  return fmt::format("traceroute to {} ({}), {} hops max, {} byte packets", whom, whom,
                     options.hops_max, options.payload + headers);
}

std::string trace_hop_line(const TraceHop& hop, TraceNames names) {
  std::string line = fmt::format("{:2} ", hop.hop);
  std::optional<IpAddress> last;
  for (const TraceProbe& probe : hop.probes) {
    if (probe.state != TraceProbe::State::kAnswered) {
      line += " *";
      continue;
    }
    if (last != probe.from) {
      line += names == TraceNames::kNumeric ? fmt::format(" {}", text_of(probe.from))
                                            : fmt::format(" {0} ({0})", text_of(probe.from));
    }
    last = probe.from;
    line += fmt::format("  {:.3f} ms", milliseconds(probe.round_trip));
    if (!probe.note.empty()) line += " " + probe.note;
  }
  return line;
}

std::string trace_hop_json(const TraceHop& hop) {
  std::string text = fmt::format(R"({{"hop":{},"probes":[)", hop.hop);
  for (const TraceProbe& probe : hop.probes) {
    if (text.back() != '[') text += ',';
    if (probe.state != TraceProbe::State::kAnswered) {
      text += "null";
      continue;
    }
    text += fmt::format(R"({{"from":"{}","rtt_ms":{:.3f})", text_of(probe.from),
                        milliseconds(probe.round_trip));
    if (!probe.note.empty()) text += fmt::format(R"(,"note":"{}")", probe.note);
    text += '}';
  }
  return text + "]}";
}

}  // namespace strata::service
