// SPDX-License-Identifier: Apache-2.0
#include "service/control/messages.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <utility>

#include "service/snapshot.h"
#include "strata/real_clock.h"

namespace strata::service {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kHexDigits = "0123456789abcdef";

// Null for what is no JSON object.
Json parse_object(std::string_view line) {
  Json json = Json::parse(line, nullptr, false);
  return json.is_object() ? std::move(json) : Json();
}

std::string word(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

template <typename Number>
Number number(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<Number>() : Number{};
}

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
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

std::string control_request(ControlCommand command) {
  return line_of({{"command", command == ControlCommand::kStatus ? "status" : "capture"}});
}

Outcome<ControlCommand> parse_control_request(std::string_view line) {
  const Json json = parse_object(line);
  if (json.is_null()) return failed("expected one JSON object per line");
  const std::string command = word(json, "command");
  if (json.size() != 1 || command.empty()) {
    return failed("expected an object with the one key \"command\"");
  }
  if (command == "status") return ControlCommand::kStatus;
  if (command == "capture") return ControlCommand::kCapture;
  return failed(fmt::format("unknown command '{}', expected one of: status, capture", command));
}

std::string control_agreement() { return line_of({{"ok", true}}); }

std::string control_refusal(std::string_view why) {
  return line_of({{"ok", false}, {"error", std::string(why)}});
}

std::string control_status(std::span<HostedStack* const> stacks) {
  Json reply{{"ok", true}, {"version", 1}, {"stacks", Json::array()}};
  for (HostedStack* stack : stacks) reply["stacks"].push_back(snapshot(*stack));
  return line_of(reply);
}

std::string captured_frame_head(const CapturedFrame& frame, const Stack& stack) {
  std::string_view medium = "ip";
  FixedText<15> name;
  stack.for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.id != frame.interface) return;
    name = entry.name;
    if (!entry.mac.is_unspecified()) medium = "ethernet";
  });
  std::string hex;
  hex.reserve(frame.bytes.size() * 2);
  for (const std::byte byte : frame.bytes) {
    hex += kHexDigits[std::to_integer<std::size_t>(byte) / 16];
    hex += kHexDigits[std::to_integer<std::size_t>(byte) % 16];
  }
  const Duration wall = frame.time.time_since_epoch() + wall_clock_offset();
  return fmt::format(
      R"({{"time_ns":{},"medium":"{}","direction":"{}","interface":{},"size":{},"bytes":"{}")",
      wall.count(), medium, frame.is_incoming ? "in" : "out",
      Json(std::string(name.view())).dump(-1, ' ', false, Json::error_handler_t::replace),
      frame.size, hex);
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
  return frame;
}

Outcome<void> parse_control_reply(std::string_view line) {
  const Json json = parse_object(line);
  if (json.is_null()) return failed("the stack did not answer with a JSON object");
  if (const auto ok = json.find("ok"); ok != json.end() && *ok == true) return {};
  return failed(fmt::format("the stack refused: {}", word(json, "error")));
}

Outcome<std::string> render_status(std::string_view line, bool as_json) {
  if (auto agreed = parse_control_reply(line); !agreed) {
    return std::unexpected(std::move(agreed).error());
  }
  const Json json = parse_object(line);
  const auto stacks = json.find("stacks");
  if (stacks == json.end() || !stacks->is_array()) return failed("the stack sent no status");
  return as_json ? line_of(Json{{"stacks", *stacks}}) : status_text(*stacks);
}

}  // namespace strata::service
