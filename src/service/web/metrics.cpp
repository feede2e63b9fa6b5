// SPDX-License-Identifier: Apache-2.0
#include "service/web/metrics.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <array>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace strata::service {
namespace {

using Json = nlohmann::json;
using Labels = std::vector<std::pair<std::string_view, std::string>>;

// A backslash, a quote and an end of line are escaped in the value of a label.
std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

// All lines of one metric stand together, behind its help and type.
class Metric {
 public:
  Metric(std::string_view name, std::string_view type, std::string_view help) : name_(name) {
    text_ = fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  void add(const Labels& labels, const Json& value) {
    if (!value.is_number()) return;
    text_ += name_;
    char before = '{';
    for (const auto& [label, text] : labels) {
      text_ += fmt::format("{}{}=\"{}\"", before, label, escaped(text));
      before = ',';
    }
    if (!labels.empty()) text_ += '}';
    text_ += fmt::format(" {}\n", value.dump());
    is_empty_ = false;
  }
  [[nodiscard]] std::string text() const { return is_empty_ ? std::string() : text_; }

 private:
  std::string name_;
  std::string text_;
  bool is_empty_ = true;
};

std::string name_of(const Json& stack) { return stack.value("name", std::string()); }

std::string interfaces_text(const Json& stacks) {
  struct Row {
    const char* key;
    std::string_view name;
    std::string_view type;
    std::string_view help;
  };
  static constexpr std::array kRows{
      Row{"received_packets", "strata_interface_received_packets_total", "counter",
          "Packets received."},
      Row{"received_bytes", "strata_interface_received_bytes_total", "counter", "Bytes received."},
      Row{"sent_packets", "strata_interface_sent_packets_total", "counter", "Packets sent."},
      Row{"sent_bytes", "strata_interface_sent_bytes_total", "counter", "Bytes sent."},
      Row{"mtu", "strata_interface_mtu_bytes", "gauge", "Largest packet."},
      Row{"up", "strata_interface_up", "gauge", "Whether the link is up."},
  };
  std::string text;
  for (const Row& row : kRows) {
    Metric metric(row.name, row.type, row.help);
    for (const Json& stack : stacks) {
      for (const Json& interface : stack.value("interfaces", Json::array())) {
        const Json& value = interface.at(row.key);
        metric.add({{"stack", name_of(stack)}, {"interface", interface.value("name", "")}},
                   value.is_boolean() ? Json(value.get<bool>() ? 1 : 0) : value);
      }
    }
    text += metric.text();
  }
  return text;
}

std::string counters_text(const Json& stacks) {
  std::string text;
  if (stacks.empty()) return text;
  // items() does not keep what it walks over.
  const Json first = stacks.front().value("counters", Json::object());
  for (const auto& [name, ignored] : first.items()) {
    std::string words = name;
    for (char& c : words) c = c == '_' ? ' ' : c;
    Metric metric(fmt::format("strata_{}_total", name), "counter",
                  fmt::format("Count of {}.", words));
    for (const Json& stack : stacks) {
      const Json counters = stack.value("counters", Json::object());
      metric.add({{"stack", name_of(stack)}}, counters.value(name, Json(0)));
    }
    text += metric.text();
  }
  return text;
}

std::string drops_text(const Json& stacks) {
  Metric metric("strata_drops_total", "counter", "Packets dropped, by reason.");
  for (const Json& stack : stacks) {
    for (const Json& drop : stack.value("drops", Json::array())) {
      metric.add({{"stack", name_of(stack)}, {"reason", drop.value("reason", "")}},
                 drop.value("count", Json()));
    }
  }
  return metric.text();
}

// One metric of each object of this name, with the key as a label.
std::string states_text(const Json& stacks) {
  Metric metric("strata_tcp_connections", "gauge", "What TCP remembers, by state.");
  for (const Json& stack : stacks) {
    const Json states = stack.value("tcp", Json::object());
    for (const auto& [state, count] : states.items()) {
      metric.add({{"stack", name_of(stack)}, {"state", state}}, count);
    }
  }
  return metric.text();
}

struct Row {
  const char* key;
  std::string_view name;
  std::string_view help;
  std::string_view type = "gauge";
};

// Numbers of one object of a snapshot, each a metric of its own.
std::string rows_text(const Json& stacks, const char* object, std::span<const Row> rows) {
  std::string text;
  for (const Row& row : rows) {
    Metric metric(row.name, row.type, row.help);
    for (const Json& stack : stacks) {
      metric.add({{"stack", name_of(stack)}},
                 stack.value(object, Json::object()).value(row.key, Json()));
    }
    text += metric.text();
  }
  return text;
}

std::string timers_text(const Json& stacks) {
  static constexpr std::array kRows{
      Row{"pending", "strata_timers_pending", "Timers of connections that wait for their time."},
      Row{"fired", "strata_timers_fired_total", "Timers that fired.", "counter"},
      Row{"late", "strata_timers_late_total", "Timers that fired a tick too late.", "counter"},
      Row{"refiled", "strata_timers_refiled_total", "Timers moved nearer within the wheel.",
          "counter"},
      Row{"latest_seconds", "strata_timers_latest_seconds", "How late a timer fired at most."},
      Row{"next_due_seconds", "strata_timers_next_due_seconds", "Until the next timer is due."},
  };
  return rows_text(stacks, "timers", kRows);
}

std::string memory_text(const Json& stacks) {
  static constexpr std::array kRows{
      Row{"bytes", "strata_memory_bytes", "Memory in use."},
      Row{"pool_bytes", "strata_pool_bytes", "Memory reserved for packets."},
      Row{"small_buffers", "strata_pool_small_buffers", "Small packet buffers there are."},
      Row{"small_buffers_free", "strata_pool_small_buffers_free", "Small packet buffers free."},
      Row{"large_buffers_free", "strata_pool_large_buffers_free", "Large packet buffers free."},
  };
  return rows_text(stacks, "memory", kRows);
}

}  // namespace

SnapshotParts metrics_parts() {
  SnapshotParts parts;
  for (const SnapshotPart part :
       {SnapshotPart::kInterfaces, SnapshotPart::kCounters, SnapshotPart::kDrops,
        SnapshotPart::kMemory, SnapshotPart::kTimers}) {
    parts.add(part);
  }
  return parts;
}

std::string metrics_text(const Json& stacks, const std::string& version) {
  Metric build("strata_build_info", "gauge", "The version that runs.");
  build.add({{"version", version}}, 1);
  Metric uptime("strata_uptime_seconds", "gauge", "Time since the stack was made.");
  for (const Json& stack : stacks) {
    uptime.add({{"stack", name_of(stack)}}, stack.value("uptime_seconds", Json()));
  }
  return build.text() + uptime.text() + interfaces_text(stacks) + counters_text(stacks) +
         drops_text(stacks) + states_text(stacks) + memory_text(stacks) + timers_text(stacks);
}

}  // namespace strata::service
