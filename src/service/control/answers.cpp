// SPDX-License-Identifier: Apache-2.0
#include "service/control/answers.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "service/control/json_line.h"
#include "service/reload/reload_report.h"
#include "service/snapshot.h"

namespace strata::service {
namespace {

// What it spares the stack.
std::string offloads_text(const Json& entry) {
  std::string text;
  const auto add = [&](bool is_so, const char* word) {
    if (is_so) text += (text.empty() ? "" : "+") + std::string(word);
  };
  add(flag(entry, "completes_checksums"), "checksums");
  add(number<std::uint64_t>(entry, "tcp_segment_bytes_max") != 0, "tcp");
  add(number<std::uint64_t>(entry, "udp_segment_bytes_max") != 0, "udp");
  return text.empty() ? "none" : text;
}

std::string device_line(const Json& entry) {
  return fmt::format(
      "{:<15} {:<4} {}  mtu {}  {}  offloads {}  in {} out {}  lost: {} no memory, "
      "{} not sendable, {} malformed",
      word(entry, "interface"), flag(entry, "up") ? "up" : "down", word(entry, "device"),
      number<std::uint64_t>(entry, "mtu"),
      word(entry, "mac").empty() ? word(entry, "medium") : word(entry, "mac"), offloads_text(entry),
      number<std::uint64_t>(entry, "received_packets"),
      number<std::uint64_t>(entry, "sent_packets"),
      number<std::uint64_t>(entry, "pool_empty_drops"),
      number<std::uint64_t>(entry, "failed_sends"), number<std::uint64_t>(entry, "malformed"));
}

// Nothing from a stack of a version that does not say.
std::string confinement_text(const Json& status) {
  const auto found = status.find("confinement");
  if (found == status.end() || !found->is_object()) return {};
  if (!flag(*found, "confined")) return "\nNot confined\n";
  std::string text =
      fmt::format("\nConfined: user {}, capabilities {}", number<std::uint64_t>(*found, "user"),
                  word(*found, "capabilities"));
  if (flag(*found, "no_new_privileges")) text += ", no new privileges";
  if (flag(*found, "seccomp")) text += ", seccomp filter";
  const int landlock = number<int>(*found, "landlock");
  text += landlock == 0 ? ", no Landlock in this kernel" : fmt::format(", Landlock {}", landlock);
  if (found->contains("still_root")) {
    text += fmt::format("\n  still root, for {}", word(*found, "still_root"));
  }
  return text + "\n";
}

// Of each stack its name, one list, and how long it was where it has been cut.
Json part_of(const Json& stacks, std::string_view part) {
  const std::string list(part);
  const std::string total = list + "_total";
  Json parts = Json::array();
  for (const Json& stack : stacks) {
    if (!stack.is_object()) continue;
    Json one{{"name", word(stack, "name")}, {list, stack.value(list, Json::array())}};
    if (stack.contains(total)) one[total] = stack[total];
    parts.push_back(std::move(one));
  }
  return parts;
}

ReloadReport::Change change_of(const Json& json) {
  return {word(json, "key"), word(json, "from"), word(json, "to")};
}

// What is no list of objects has none.
std::vector<ReloadReport::Change> changes_of(const Json& json, const char* key) {
  std::vector<ReloadReport::Change> changes;
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return changes;
  for (const Json& each : *found) {
    if (each.is_object()) changes.push_back(change_of(each));
  }
  return changes;
}

std::vector<std::string> words_of(const Json& json, const char* key) {
  std::vector<std::string> words;
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return words;
  for (const Json& each : *found) {
    if (each.is_string()) words.push_back(each.get<std::string>());
  }
  return words;
}

}  // namespace

Outcome<void> parse_control_reply(std::string_view line) {
  const Json json = parse_object(line);
  if (json.is_null()) return failed("the stack did not answer with a JSON object");
  if (const auto ok = json.find("ok"); ok != json.end() && *ok == true) return {};
  return failed(fmt::format("the stack refused: {}", word(json, "error")), word(json, "hint"));
}

Outcome<std::string> parse_control_added(std::string_view line) {
  if (auto agreed = parse_control_reply(line); !agreed) {
    return std::unexpected(std::move(agreed).error());
  }
  return word(parse_object(line), "interface");
}

Outcome<std::string> render_devices(std::string_view line, bool as_json) {
  if (auto agreed = parse_control_reply(line); !agreed) {
    return std::unexpected(std::move(agreed).error());
  }
  const Json json = parse_object(line);
  const auto devices = json.find("devices");
  if (devices == json.end() || !devices->is_array()) return failed("the stack sent no devices");
  if (as_json) return line_of(Json{{"devices", *devices}});
  std::string text;
  for (const Json& entry : *devices) {
    if (entry.is_object()) text += device_line(entry) + "\n";
  }
  return text.empty() ? "This stack has no devices that can be exchanged.\n" : text;
}

Outcome<std::string> render_status(std::string_view line, bool as_json, std::string_view part) {
  if (auto agreed = parse_control_reply(line); !agreed) {
    return std::unexpected(std::move(agreed).error());
  }
  const Json json = parse_object(line);
  const auto stacks = json.find("stacks");
  if (stacks == json.end() || !stacks->is_array()) return failed("the stack sent no status");
  const auto bridge = json.find("switch");
  const bool has_bridge = bridge != json.end() && bridge->is_object();
  if (!part.empty()) {
    const Json lists = part_of(*stacks, part);
    return as_json ? line_of({{"stacks", lists}}) : status_part_text(lists, part);
  }
  if (!as_json) {
    return (has_bridge ? switch_text(*bridge) : status_text(*stacks)) + confinement_text(json);
  }
  Json shown{{"stacks", *stacks}};
  if (json.contains("confinement")) shown["confinement"] = json["confinement"];
  if (has_bridge) shown["switch"] = *bridge;
  return line_of(shown);
}

Outcome<std::string> render_reload(std::string_view line, bool as_json) {
  const Json json = parse_object(line);
  ReloadReport report{.errors = words_of(json, "errors"),
                      .changed = changes_of(json, "changed"),
                      .needs_restart = changes_of(json, "needs_restart"),
                      .files = words_of(json, "files")};
  if (!report.errors.empty()) return failed(to_text(report));
  if (auto agreed = parse_control_reply(line); !agreed) {
    return std::unexpected(std::move(agreed).error());
  }
  return as_json ? line_of(json) : to_text(report) + "\n";
}

Outcome<std::string> render_explanation(std::string_view line, bool as_json) {
  if (auto agreed = parse_control_reply(line); !agreed) {
    return std::unexpected(std::move(agreed).error());
  }
  Json json = parse_object(line);
  const auto steps = json.find("steps");
  if (steps == json.end() || !steps->is_array()) return failed("the stack explained nothing");
  if (as_json) {
    json.erase("ok");
    return line_of(json);
  }
  std::string text = word(json, "packet") + "\n";
  for (const Json& step : *steps) {
    if (!step.is_object()) continue;
    text += fmt::format("  {:<12} {}\n", word(step, "at"), word(step, "what"));
  }
  return text + fmt::format("  => {}\n", word(json, "end"));
}

}  // namespace strata::service
