// SPDX-License-Identifier: Apache-2.0
#include "service/control/messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "service/capture/comment.h"
#include "service/control/json_line.h"
#include "service/cores/merged_snapshot.h"
#include "service/json_text.h"
#include "service/snapshot.h"
#include "strata/real_clock.h"

namespace strata::service {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

struct CommandRule {
  ControlCommand command;
  std::string_view name;
  bool has_interface = false;
  bool has_device = false;
  bool has_settings = false;
  bool has_filter = false;
  bool has_packet = false;
  bool has_pages = false;
};
constexpr std::array kCommands{
    CommandRule{.command = ControlCommand::kStatus, .name = "status", .has_pages = true},
    CommandRule{.command = ControlCommand::kCapture, .name = "capture", .has_filter = true},
    CommandRule{ControlCommand::kListDevices, "device-list"},
    CommandRule{ControlCommand::kReplaceDevice, "device-replace", true, true},
    CommandRule{ControlCommand::kAddDevice, "device-add", false, true, true},
    CommandRule{ControlCommand::kRemoveDevice, "device-remove", true},
    CommandRule{.command = ControlCommand::kExplain,
                .name = "explain",
                .has_interface = true,
                .has_packet = true},
    CommandRule{ControlCommand::kReload, "reload"},
};

const CommandRule& rule_of(ControlCommand command) {
  return *std::ranges::find(kCommands, command, &CommandRule::command);
}

Outcome<void> read_addresses(const Json& json, std::vector<Prefix>& addresses) {
  const auto found = json.find("addresses");
  if (found == json.end()) return {};
  if (!found->is_array()) return failed("\"addresses\": expected an array");
  for (const Json& entry : *found) {
    auto address = parse_interface_address(entry.is_string() ? entry.get<std::string>() : "");
    if (!address) return std::unexpected(std::move(address).error());
    addresses.push_back(*address);
  }
  return {};
}

// One list of the status, from an entry on: {"list":"sockets","offset":1024,"limit":1024}.
Outcome<void> read_page(const Json& json, ControlRequest& request) {
  if (json.contains("list")) {
    const auto parts = SnapshotParts::parse(word(json, "list"));
    if (!parts || parts->only().empty()) {
      return failed("status: expected one list as \"list\", as in sockets");
    }
    request.parts = *parts;
  }
  for (const char* key : {"offset", "limit"}) {
    if (!json.contains(key)) continue;
    if (!json.contains("list")) return failed("status: pages are of one \"list\"");
    if (!json[key].is_number_unsigned()) {
      return failed(fmt::format("status: expected a number of entries as \"{}\"", key));
    }
  }
  request.window.offset = number<std::size_t>(json, "offset");
  if (json.contains("limit")) {
    request.window.limit = std::min(number<std::size_t>(json, "limit"), kListedMax);
  }
  return {};
}

std::string hex_text(Bytes bytes) {
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    hex += kHexDigits[std::to_integer<std::size_t>(byte) / 16];
    hex += kHexDigits[std::to_integer<std::size_t>(byte) % 16];
  }
  return hex;
}

bool read_hex(std::string_view text, std::vector<std::byte>& bytes) {
  if (text.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::size_t high = kHexDigits.find(text[i]);
    const std::size_t low = kHexDigits.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return true;
}

}  // namespace

std::string control_request(const ControlRequest& request) {
  const CommandRule& rule = rule_of(request.command);
  Json json{{"command", std::string(rule.name)}};
  if (rule.has_interface) json["interface"] = request.interface;
  if (rule.has_device) json["device"] = request.device;
  if (rule.has_settings) {
    json["addresses"] = Json::array();
    for (const Prefix& address : request.addresses) {
      json["addresses"].push_back(std::string(to_text(address).view()));
    }
    json["mtu"] = request.mtu;
  }
  if (rule.has_packet) json["bytes"] = hex_text(request.packet);
  if (const std::string_view list = rule.has_pages ? request.parts.only() : ""; !list.empty()) {
    json["list"] = std::string(list);
    json["offset"] = request.window.offset;
    json["limit"] = request.window.limit;
  }
  if (!request.filter.empty()) json["filter"] = request.filter;
  if (request.snap_length != 0) json["snap"] = request.snap_length;
  return line_of(json);
}

Outcome<ControlRequest> parse_control_request(std::string_view line) {
  const Json json = parse_object(line);
  if (json.is_null()) return failed("expected one JSON object per line");
  const std::string command = word(json, "command");
  if (command.empty()) return failed("expected an object with the key \"command\"");
  const auto rule = std::ranges::find(kCommands, command, &CommandRule::name);
  if (rule == kCommands.end()) {
    std::string names;
    for (const CommandRule& each : kCommands)
      names += (names.empty() ? "" : ", ") + std::string(each.name);
    return failed(fmt::format("unknown command '{}', expected one of: {}", command, names));
  }
  for (const auto& [key, value] : json.items()) {
    if (key == "command" || (key == "interface" && rule->has_interface) ||
        (key == "device" && rule->has_device) ||
        ((key == "addresses" || key == "mtu") && rule->has_settings) ||
        ((key == "filter" || key == "snap") && rule->has_filter) ||
        (key == "bytes" && rule->has_packet) ||
        ((key == "list" || key == "offset" || key == "limit") && rule->has_pages)) {
      continue;
    }
    return failed(fmt::format("{}: there is no use for the key \"{}\"", command, key));
  }
  ControlRequest request{.command = rule->command,
                         .interface = word(json, "interface"),
                         .device = word(json, "device"),
                         .mtu = number<std::size_t>(json, "mtu"),
                         .filter = word(json, "filter"),
                         .snap_length = number<std::size_t>(json, "snap")};
  if (json.contains("filter") && !json["filter"].is_string()) {
    return failed(fmt::format("{}: expected text as \"filter\"", command));
  }
  if (json.contains("snap") && !json["snap"].is_number_unsigned()) {
    return failed(fmt::format("{}: expected a number of bytes as \"snap\"", command));
  }
  if (rule->has_interface && request.interface.empty()) {
    return failed(fmt::format("{}: expected the name of an interface as \"interface\"", command));
  }
  if (rule->has_device && request.device.empty()) {
    return failed(fmt::format("{}: expected KIND:NAME as \"device\"", command));
  }
  const bool has_packet = read_hex(word(json, "bytes"), request.packet);
  if (rule->has_packet && (!has_packet || request.packet.empty())) {
    return failed(fmt::format("{}: expected hexadecimal digits as \"bytes\"", command));
  }
  if (auto read = read_addresses(json, request.addresses); !read) {
    return std::unexpected(std::move(read).error());
  }
  if (auto read = read_page(json, request); !read) return std::unexpected(std::move(read).error());
  return request;
}

std::string control_agreement() { return line_of({{"ok", true}}); }

std::string control_refusal(std::string_view why, std::string_view hint) {
  Json json{{"ok", false}, {"error", std::string(why)}};
  if (!hint.empty()) json["hint"] = std::string(hint);
  return line_of(json);
}

std::string control_devices(std::span<const DeviceRack::Slot> slots) {
  Json reply{{"ok", true}, {"devices", Json::array()}};
  for (const DeviceRack::Slot& slot : slots) {
    const DeviceCapabilities& offers = slot.device->capabilities();
    const Device::Counters& counters = slot.device->counters();
    reply["devices"].push_back({
        {"interface", slot.interface},
        {"device", slot.spec},
        {"medium", offers.medium == Medium::kEthernet ? "ethernet" : "ip"},
        {"up", slot.device->is_up()},
        {"mtu", offers.mtu},
        {"mac", offers.medium == Medium::kEthernet ? std::string(to_text(offers.mac).view()) : ""},
        {"completes_checksums", offers.completes_checksums},
        {"tcp_segment_bytes_max", offers.tcp_segment_bytes_max},
        {"udp_segment_bytes_max", offers.udp_segment_bytes_max},
        {"received_packets", counters.received_packets},
        {"sent_packets", counters.sent_packets},
        {"pool_empty_drops", counters.pool_empty_drops},
        {"failed_sends", counters.failed_sends},
        {"malformed", counters.malformed},
    });
  }
  return line_of(reply);
}

std::string control_added(std::string_view interface) {
  return line_of({{"ok", true}, {"interface", std::string(interface)}});
}

namespace {

// What the kernel says of this process, and not what was meant to be.
Json confinement_json(const runtime::Confinement* confinement) {
  if (confinement == nullptr) return {{"confined", false}};
  Json json{{"confined", true}, {"landlock", confinement->landlock()}};
  if (const auto privileges = confinement->privileges()) {
    json["user"] = privileges->user;
    json["capabilities"] = fmt::format("{:016x}", privileges->capabilities);
    json["no_new_privileges"] = privileges->has_no_new_privileges;
    json["seccomp"] = privileges->is_filtered;
  }
  if (!confinement->why_still_root().empty()) json["still_root"] = confinement->why_still_root();
  return json;
}

}  // namespace

std::string control_status(std::span<HostedStack* const> stacks, Cores* cores, const Switch* bridge,
                           const runtime::Confinement* confinement, SnapshotParts parts,
                           const ListWindow& window) {
  Json reply{{"ok", true}, {"version", 1}, {"stacks", stacks_json(stacks, cores, parts, window)}};
  reply["confinement"] = confinement_json(confinement);
  if (bridge != nullptr) reply["switch"] = snapshot(*bridge);
  return line_of(reply);
}

// Written without making JSON of what is JSON already.
std::string control_list(std::string_view list, std::span<const ListedStack> stacks) {
  std::string listed;
  for (const ListedStack& stack : stacks) {
    const bool is_cut = stack.page.total > stack.page.entries.size();
    listed +=
        fmt::format(R"({}{{"name":{},"uptime_seconds":{},"{}":[{}]{}}})", listed.empty() ? "" : ",",
                    json_string(stack.name), stack.uptime_s, list, entries_text(stack.page),
                    is_cut ? fmt::format(R"(,"{}_total":{})", list, stack.page.total) : "");
  }
  return fmt::format(R"({{"ok":true,"version":1,"stacks":[{}]}})", listed) + "\n";
}

std::string captured_frame_head(const CapturedFrame& frame) {
  const std::string hex = hex_text(frame.bytes);
  const Duration wall = frame.time.time_since_epoch() + wall_clock_offset();
  const std::string comment =
      frame.comment.empty() ? "" : fmt::format(R"("comment":{},)", json_string(frame.comment));
  return fmt::format(
      R"({{"time_ns":{},"medium":"{}","direction":"{}","interface":{},"size":{},{}"bytes":"{}")",
      wall.count(), frame.interface.medium == Medium::kEthernet ? "ethernet" : "ip",
      frame.is_incoming ? "in" : "out", json_string(frame.interface.name), frame.size, comment,
      hex);
}

Outcome<ReceivedFrame> parse_captured_frame(std::string_view line) {
  const Json json = parse_object(line);
  ReceivedFrame frame;
  if (json.is_null() || !json.contains("bytes") || !read_hex(word(json, "bytes"), frame.bytes)) {
    return failed("the stack sent something that is no frame");
  }
  frame.wall_ns = number<std::int64_t>(json, "time_ns");
  frame.medium = word(json, "medium") == "ip" ? Medium::kIp : Medium::kEthernet;
  frame.is_incoming = word(json, "direction") == "in";
  frame.interface = word(json, "interface");
  frame.size = number<std::size_t>(json, "size");
  frame.missed = number<std::uint64_t>(json, "missed");
  frame.comment = clean_comment(word(json, "comment"));
  return frame;
}

std::string control_explanation(const Explanation& explanation) {
  Json steps = Json::array();
  for (const ExplainStep& step : explanation.steps) {
    steps.push_back({{"at", step.at}, {"what", step.what}});
  }
  Json reply{{"ok", true},
             {"packet", explanation.packet},
             {"steps", std::move(steps)},
             {"end", explanation.end}};
  reply["dropped"] = explanation.dropped ? Json(name_of(*explanation.dropped)) : Json();
  return line_of(reply);
}

namespace {

Json changes_json(const std::vector<ReloadReport::Change>& changes) {
  Json list = Json::array();
  for (const ReloadReport::Change& each : changes) {
    list.push_back({{"key", each.key}, {"from", each.from}, {"to", each.to}});
  }
  return list;
}

}  // namespace

std::string control_reloaded(const ReloadReport& report) {
  if (!report.errors.empty()) {
    return line_of({{"ok", false},
                    {"error", fmt::format("{}: {}", refusal_of(report), report.errors.front())},
                    {"errors", report.errors}});
  }
  return line_of({{"ok", true},
                  {"changed", changes_json(report.changed)},
                  {"needs_restart", changes_json(report.needs_restart)},
                  {"files", report.files}});
}

}  // namespace strata::service
