// SPDX-License-Identifier: Apache-2.0
#include "service/lab/lab_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "service/json_text.h"

namespace strata::service {
namespace {

using Out = std::back_insert_iterator<std::string>;

std::string_view name_of(LabTraffic::Kind kind) {
  switch (kind) {
    case LabTraffic::Kind::kBulk: return "bulk";
    case LabTraffic::Kind::kRequest: return "request";
    case LabTraffic::Kind::kPing: return "ping";
    case LabTraffic::Kind::kUdp: return "udp";
    case LabTraffic::Kind::kOnOff: return "on_off";
    case LabTraffic::Kind::kRamp: return "ramp";
    case LabTraffic::Kind::kFlows: return "flows";
    case LabTraffic::Kind::kPage: return "page";
    case LabTraffic::Kind::kSynFlood: return "syn_flood";
  }
  return {};
}

std::string number(double value) {
  return std::isfinite(value) ? fmt::format("{:.6g}", value) : std::string("null");
}

std::string array(const std::vector<double>& values) {
  std::string text = "[";
  for (const double value : values) text += (text.size() == 1 ? "" : ",") + number(value);
  return text + "]";
}

double mean(const std::vector<double>& values) {
  double sum = 0, count = 0;
  for (const double value : values) {
    if (std::isfinite(value)) sum += value, count += 1;
  }
  return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / count;
}

std::string spread_of(const std::vector<double>& times) {
  if (times.empty()) return "-";
  return fmt::format("{:.1f} / {:.1f} / {:.1f}", quantile(times, 0.5), quantile(times, 0.99),
                     quantile(times, 1));
}

std::string causes_json(const FlowCounts& counts) {
  std::string causes;
  for (std::size_t i = 0; i < kTcpLossCauses; ++i) {
    if (counts.retransmits_by[i] == 0) continue;
    fmt::format_to(Out(causes), R"({}"{}":{})", causes.empty() ? "" : ",",
                   loss_cause_name(static_cast<TcpLossCause>(i)), counts.retransmits_by[i]);
  }
  return "{" + causes + "}";
}

std::string json_of(const LabNodeResult& node) {
  std::string drops;
  for (const auto& [reason, count] : node.dropped) {
    fmt::format_to(Out(drops), "{}{}:{}", drops.empty() ? "" : ",", json_string(name_of(reason)),
                   count);
  }
  return fmt::format(R"({{"name":{},"dropped":{{{}}}}})", json_string(node.name), drops);
}

std::string json_of(const LabFlowResult& flow) {
  return fmt::format(
      R"({{"name":{},"kind":"{}","bytes":{},"bits_per_second":{},"sent":{},"exchanges":{},)"
      R"("retransmits":{},"retransmits_by":{},"failed":{},"trouble":{},"times_ms":{},)"
      R"("goodput_mbit_s":{},"rtt_ms":{},)"
      R"("cwnd_packets":{}}})",
      json_string(flow.name), name_of(flow.kind), flow.counts.bytes, number(flow.bits_per_second),
      flow.counts.sent, flow.counts.exchanges, flow.counts.retransmits, causes_json(flow.counts),
      flow.counts.failed, flow.trouble.empty() ? "null" : json_string(flow.trouble),
      array(flow.times_ms), array(flow.goodput_mbit_s.values), array(flow.rtt_ms.values),
      array(flow.cwnd_packets.values));
}

std::string json_of(const LabLinkResult& link) {
  std::string drops;
  for (std::size_t i = 1; i < link.counters.dropped.size(); ++i) {
    if (link.counters.dropped[i] == 0) continue;
    fmt::format_to(Out(drops), "{}{}:{}", drops.empty() ? "" : ",",
                   json_string(sim::to_text(static_cast<sim::LinkDrop>(i))),
                   link.counters.dropped[i]);
  }
  return fmt::format(
      R"({{"name":{},"sent_frames":{},"sent_bytes":{},"delivered_frames":{},"delivered_bytes":{},)"
      R"("dropped":{{{}}},"queue_packets_peak":{},"queue_packets":{},"delay_ms":{}}})",
      json_string(link.name), link.counters.sent_frames, link.counters.sent_bytes,
      link.counters.delivered_frames, link.counters.delivered_bytes, drops,
      link.counters.queue_packets_peak, array(link.queue_packets.values),
      array(link.delay_ms.values));
}

// Why segments were sent again and packets dropped, where they were.
std::string reasons_text(const LabResults& results) {
  std::string text;
  const auto add = [&](std::string_view name, std::string_view what, std::string_view why,
                       std::uint64_t count) {
    if (count == 0) return;
    if (text.empty()) text = "\n";
    fmt::format_to(Out(text), "{:<20} {:>12} {} ({})\n", name, count, what, why);
  };
  for (const LabFlowResult& flow : results.flows) {
    for (std::size_t i = 0; i < kTcpLossCauses; ++i) {
      add(flow.name, "sent again", loss_cause_name(static_cast<TcpLossCause>(i)),
          flow.counts.retransmits_by[i]);
    }
  }
  for (const LabLinkResult& link : results.links) {
    for (std::size_t i = 1; i < link.counters.dropped.size(); ++i) {
      add(link.name, "dropped", sim::to_text(static_cast<sim::LinkDrop>(i)),
          link.counters.dropped[i]);
    }
  }
  for (const LabNodeResult& node : results.nodes) {
    for (const auto& [reason, count] : node.dropped) {
      add(node.name, "dropped", name_of(reason), count);
    }
  }
  return text;
}

}  // namespace

std::string_view loss_cause_name(TcpLossCause cause) {
  switch (cause) {
    case TcpLossCause::kDuplicateAcks: return "duplicate ACKs";
    case TcpLossCause::kReordering: return "overtaken (RACK)";
    case TcpLossCause::kProbe: return "tail-loss probe";
    case TcpLossCause::kTimeout: return "timeout";
    case TcpLossCause::kLostAgain: return "lost again";
    case TcpLossCause::kPartialAck: return "partial ACK";
    case TcpLossCause::kWindowProbe: return "window probe";
    case TcpLossCause::kPathMtu: return "path MTU";
    case TcpLossCause::kCount: break;
  }
  return {};
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::ranges::sort(values);
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(std::lround(share * last))];
}

std::string lab_text(const LabResults& results) {
  std::string text;
  fmt::format_to(Out(text), "{}: {:.6g} s, seed {}, {} events, packet hash {:016x}{}\n",
                 results.title.empty() ? "lab" : results.title, results.seconds, results.seed,
                 results.events, results.packet_hash,
                 results.is_whole ? "" : " (stopped before its end)");
  fmt::format_to(Out(text), "\n{:<20} {:<8} {:>12} {:>12} {:>12} {:>28}\n", "flow", "kind",
                 "Mbit/s", "exchanges", "retransmits", "ms: median / 99 % / most");
  for (const LabFlowResult& flow : results.flows) {
    fmt::format_to(Out(text), "{:<20} {:<8} {:>12.3f} {:>12} {:>12} {:>28}\n", flow.name,
                   name_of(flow.kind), flow.bits_per_second / 1e6, flow.counts.exchanges,
                   flow.counts.retransmits, spread_of(flow.times_ms));
    if (!flow.trouble.empty()) fmt::format_to(Out(text), "{:<20}   {}\n", "", flow.trouble);
  }
  fmt::format_to(Out(text), "\n{:<20} {:>12} {:>12} {:>14} {:>14}\n", "link", "frames", "dropped",
                 "queue, mean", "queue, ms");
  for (const LabLinkResult& link : results.links) {
    const double delay = mean(link.delay_ms.values);
    fmt::format_to(Out(text), "{:<20} {:>12} {:>12} {:>14.1f} {:>14}\n", link.name,
                   link.counters.sent_frames, link.counters.dropped_frames(),
                   mean(link.queue_packets.values),
                   std::isfinite(delay) ? fmt::format("{:.1f}", delay) : "-");
  }
  text += reasons_text(results);
  if (results.accuracy) text += accuracy_text(*results.accuracy);
  return text;
}

std::string lab_csv(const LabResults& results) {
  std::vector<std::pair<std::string, const std::vector<double>*>> columns;
  for (const LabFlowResult& flow : results.flows) {
    columns.emplace_back(flow.name + ".goodput_mbit_s", &flow.goodput_mbit_s.values);
    columns.emplace_back(flow.name + ".rtt_ms", &flow.rtt_ms.values);
    columns.emplace_back(flow.name + ".cwnd_packets", &flow.cwnd_packets.values);
  }
  for (const LabLinkResult& link : results.links) {
    columns.emplace_back(link.name + ".queue_packets", &link.queue_packets.values);
    columns.emplace_back(link.name + ".delay_ms", &link.delay_ms.values);
  }
  std::string text = "seconds";
  for (const auto& [name, values] : columns) text += "," + name;
  text += '\n';
  for (std::size_t i = 0; i < results.times.size(); ++i) {
    fmt::format_to(Out(text), "{:.6g}", results.times[i]);
    for (const auto& [name, values] : columns) {
      const bool has_value = i < values->size() && std::isfinite((*values)[i]);
      text += has_value ? fmt::format(",{:.6g}", (*values)[i]) : ",";
    }
    text += '\n';
  }
  return text;
}

std::string lab_json(const LabResults& results) {
  std::string text = fmt::format(
      R"({{"title":{},"seed":{},"seconds":{},"packet_hash":"{:016x}","events":{},"whole":{},)"
      R"("times":{},"flows":[)",
      json_string(results.title), results.seed, number(results.seconds), results.packet_hash,
      results.events, results.is_whole, array(results.times));
  for (std::size_t i = 0; i < results.flows.size(); ++i) {
    text += (i == 0 ? "" : ",") + json_of(results.flows[i]);
  }
  text += "],\"links\":[";
  for (std::size_t i = 0; i < results.links.size(); ++i) {
    text += (i == 0 ? "" : ",") + json_of(results.links[i]);
  }
  text += "],\"nodes\":[";
  for (std::size_t i = 0; i < results.nodes.size(); ++i) {
    text += (i == 0 ? "" : ",") + json_of(results.nodes[i]);
  }
  text += "]";
  if (results.accuracy) text += ",\"real_time\":" + accuracy_json(*results.accuracy);
  return text + "}\n";
}

}  // namespace strata::service
