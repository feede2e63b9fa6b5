// SPDX-License-Identifier: Apache-2.0
// strata explain: what a running stack would do with a packet, and why.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/control/answers.h"
#include "service/control/client.h"
#include "service/print.h"
#include "strata/cli/commands.h"
#include "strata/cli/complain.h"
#include "strata/cli/verbs.h"
#include "strata/pcap.h"

namespace strata::app {
namespace {

using service::failed;
using service::Outcome;
using service::print;
using Packet = std::vector<std::byte>;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += word;
  return text;
}

// Digits, with what people put between them.
std::optional<Packet> read_hex(const std::string& text) {
  Packet packet;
  std::optional<unsigned> high;
  for (const char letter : text) {
    if (letter == ' ' || letter == ':' || letter == '\n') continue;
    const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(letter);
    if (digit == std::string_view::npos) return std::nullopt;
    const auto value = static_cast<unsigned>(digit < 16 ? digit : digit - 6);
    if (high) packet.push_back(static_cast<std::byte>(*high * 16 + value));
    high = high ? std::nullopt : std::optional(value);
  }
  if (high || packet.empty()) return std::nullopt;
  return packet;
}

Outcome<std::vector<Packet>> read_packets(const ExplainCommand& command) {
  const std::string text = joined(command.packet);
  std::error_code error;
  if (!std::filesystem::exists(text, error)) {
    auto packet = read_hex(text);
    if (packet) return std::vector<Packet>{std::move(*packet)};
    return failed(fmt::format("{}: neither a file nor hexadecimal digits", text));
  }
  auto reader = PcapReader::open(text);
  if (!reader) return failed(std::move(reader).error());
  std::vector<Packet> packets;
  for (;;) {
    const auto record = (*reader)->next();
    if (!record) return failed(record.error());
    if (!*record) return packets;
    const PcapInterface& interface = (*reader)->interfaces()[(*record)->interface];
    const auto payload = payload_of(interface.link_type, (*record)->bytes);
    if (payload) packets.emplace_back(payload->bytes.begin(), payload->bytes.end());
  }
}

Outcome<void> explain_all(const ExplainCommand& command) {
  const auto packets = read_packets(command);
  if (!packets) return std::unexpected(packets.error());
  auto client = service::ControlClient::connect_to_running(command.control);
  if (!client) return std::unexpected(std::move(client).error());
  for (const Packet& packet : *packets) {
    if (packet.size() > service::kExplainedBytesMax) {
      return failed(fmt::format("a packet of {} bytes: {} at most are explained", packet.size(),
                                service::kExplainedBytesMax));
    }
    auto line = (*client)->ask({.command = service::ControlCommand::kExplain,
                                .interface = command.interface,
                                .packet = packet});
    if (!line) return std::unexpected(std::move(line).error());
    const auto text = service::render_explanation(*line, command.json);
    if (!text) return std::unexpected(text.error());
    print("{}", *text);
  }
  std::fflush(stdout);
  return {};
}

}  // namespace

void add_explain(Verbs& verbs) {
  auto line = std::make_shared<ExplainCommand>();
  Flags& verb = verbs.add("explain", "Say what a running stack would do with a packet, and why.",
                          "strata explain strata0 dropped.pcapng");
  verb.add_option("interface", line->interface, "where it arrives, as strata status names it")
      ->required()
      ->type_name("INTERFACE");
  verb.add_option("packet", line->packet, "its bytes, link header and all, or a capture file")
      ->required()
      ->type_name("HEX|FILE");
  verb.add_option("--control", line->control, "control socket of the running stack")
      ->type_name("PATH");
  verb.add_flag("--json", line->json, "a JSON object for each packet");
  verbs.finish(verb, [line]() -> Outcome<Command> { return *line; });
}

int run_command(const ExplainCommand& command) {
  const auto done = explain_all(command);
  return done ? kOk : complain("explain", done.error());
}

}  // namespace strata::app
