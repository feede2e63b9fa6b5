// SPDX-License-Identifier: Apache-2.0
// A snapshot for people. What is missing in the value is left out, so that program and stack may
// be of different versions.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include "service/snapshot.h"

namespace strata::service {
namespace {

using Json = nlohmann::json;

std::string word(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::uint64_t number(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

bool flag(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

// The heading and a line for each entry; nothing for an empty list.
template <typename Line>
std::string section(const Json& stack, std::string_view name, const char* heading, Line line) {
  const std::string key(name);
  const auto found = stack.find(key);
  if (found == stack.end() || !found->is_array() || found->empty()) return {};
  std::string text = fmt::format("\n{}\n", heading);
  for (const Json& entry : *found) {
    if (entry.is_object()) text += fmt::format("  {}\n", line(entry));
  }
  const std::uint64_t total = number(stack, (key + "_total").c_str());
  if (total > found->size()) text += fmt::format("  and {} more\n", total - found->size());
  return text;
}

// IPv6 has another MTU than its link where a router advertised one.
std::string mtu_text(const Json& entry) {
  const std::uint64_t mtu = number(entry, "mtu");
  const std::uint64_t ipv6 = number(entry, "ipv6_mtu");
  return ipv6 == 0 || ipv6 == mtu ? fmt::format("{}", mtu) : fmt::format("{} (IPv6 {})", mtu, ipv6);
}

std::string interface_line(const Json& entry) {
  return fmt::format("{:<10} {:<4} {:<17}  mtu {:<5}  in {} packets, {} bytes; out {}, {}",
                     word(entry, "name"), flag(entry, "up") ? "up" : "down", word(entry, "mac"),
                     mtu_text(entry), number(entry, "received_packets"),
                     number(entry, "received_bytes"), number(entry, "sent_packets"),
                     number(entry, "sent_bytes"));
}

std::string route_line(const Json& entry) {
  std::string text = fmt::format("{:<28}", word(entry, "destination"));
  if (entry.contains("gateway")) text += fmt::format(" via {}", word(entry, "gateway"));
  return text + fmt::format(" dev {} ({}, metric {})", word(entry, "interface"),
                            word(entry, "origin"), number(entry, "metric"));
}

std::string lease_line(const Json& entry) {
  std::string text = fmt::format("{:<10} {:<10}", word(entry, "interface"), word(entry, "state"));
  if (entry.contains("address")) {
    const std::string left = word(entry, "expires_seconds");
    text += fmt::format(" {} from {}, {}", word(entry, "address"), word(entry, "server"),
                        left == "-1" ? "for ever" : fmt::format("{} s left", left));
  }
  return text + fmt::format("; renewed {} times, refused {}", number(entry, "renewals"),
                            number(entry, "naks"));
}

// Nothing as long as nobody has asked for a name.
std::string resolver_text(const Json& stack) {
  const auto found = stack.find("resolver");
  if (found == stack.end() || !found->is_object() || number(*found, "lookups") == 0) return {};
  std::string text = section(*found, "servers", "Names", [](const Json& entry) {
    return fmt::format("{:<28} asked {} times, answered {}", word(entry, "address"),
                       number(entry, "asked"), number(entry, "answered"));
  });
  if (text.empty()) text = "\nNames\n";
  return text + fmt::format(
                    "  {} look-ups, {} questions from the cache ({} entries), {} over UDP, "
                    "{} over TCP, {} timeouts, {} strangers\n",
                    number(*found, "lookups"), number(*found, "cache_hits"),
                    number(*found, "cache_entries"), number(*found, "queries"),
                    number(*found, "streams"), number(*found, "timeouts"),
                    number(*found, "strangers"));
}

std::string neighbor_line(const Json& entry) {
  return fmt::format("{:<28} {:<17}  {}{} on {}", word(entry, "address"), word(entry, "mac"),
                     word(entry, "state"), flag(entry, "router") ? ", router" : "",
                     word(entry, "interface"));
}

std::string socket_line(const Json& entry) {
  std::string text = fmt::format("{:<6} {:<28}", word(entry, "kind"), word(entry, "local"));
  if (entry.contains("remote")) text += " to " + word(entry, "remote");
  if (entry.contains("state")) {
    return text + fmt::format("  {}, {} to read, {} to send", word(entry, "state"),
                              number(entry, "receive_queue"), number(entry, "send_queue"));
  }
  return text + fmt::format("  queued {}, dropped {}", number(entry, "queued_packets"),
                            number(entry, "dropped"));
}

// Under each, what has limited it.
std::string connection_line(const Json& entry) {
  const Json rtt = entry.contains("rtt_ms") ? entry["rtt_ms"] : Json();
  return fmt::format(
      "{} to {}  rtt {:.3f} ms, window {}, in flight {}, sent again {} bytes\n"
      "    limited by: {}",
      word(entry, "local"), word(entry, "remote"), rtt.is_number() ? rtt.get<double>() : 0.0,
      number(entry, "congestion_window"), number(entry, "in_flight"),
      number(entry, "bytes_retransmitted"), word(entry, "limited_by"));
}

std::string core_line(const Json& entry) {
  if (!flag(entry, "answers")) return fmt::format("{:>3}  does not answer", number(entry, "core"));
  return fmt::format(
      "{:>3}  in {} packets, out {}; handed over {}, taken over {}, sent for others {}, "
      "lost to full rings {}",
      number(entry, "core"), number(entry, "received_packets"), number(entry, "sent_packets"),
      number(entry, "handed_over"), number(entry, "taken_over"), number(entry, "sent_for_others"),
      number(entry, "ring_full_drops"));
}

std::string drop_line(const Json& entry) {
  return fmt::format("{:>8}  {}: {}", number(entry, "count"), word(entry, "reason"),
                     word(entry, "explanation"));
}

std::string counters_text(const Json& stack) {
  const auto found = stack.find("counters");
  if (found == stack.end() || !found->is_object()) return {};
  std::string text = "\nCounters\n";
  for (const auto& [name, value] : found->items()) {
    if (value.is_number_unsigned() && value != 0) {
      text += fmt::format("  {:<20} {}\n", name, value.get<std::uint64_t>());
    }
  }
  return text;
}

std::string stack_text(const Json& stack) {
  const Json uptime = stack.contains("uptime_seconds") ? stack["uptime_seconds"] : Json();
  std::string text = fmt::format("{}: up {:.0f} s\n", word(stack, "name"),
                                 uptime.is_number() ? uptime.get<double>() : 0.0);
  text += section(stack, "interfaces", "Interfaces", interface_line);
  text += section(stack, "cores", "Cores", core_line);
  text += section(stack, "addresses", "Addresses", [](const Json& entry) {
    return fmt::format("{:<28} {:<10} on {}", word(entry, "address"), word(entry, "state"),
                       word(entry, "interface"));
  });
  text += section(stack, "routes", "Routes", route_line);
  text += section(stack, "neighbors", "Neighbours", neighbor_line);
  text += section(stack, "dns_servers", "DNS servers",
                  [](const Json& entry) { return word(entry, "address"); });
  text += section(stack, "leases", "DHCP leases", lease_line);
  text += resolver_text(stack);
  text += section(stack, "sockets", "Sockets", socket_line);
  text += section(stack, "connections", "Connections", connection_line);
  text += counters_text(stack);
  text += section(stack, "drops", "Dropped", drop_line);
  return text;
}

struct Part {
  std::string_view name;
  const char* heading;
  std::string (*line)(const Json&);
};
constexpr Part kParts[] = {
    {"connections", "Connections", connection_line},
    {"routes", "Routes", route_line},
    {"neighbors", "Neighbours", neighbor_line},
    {"drops", "Dropped", drop_line},
    {"sockets", "Sockets", socket_line},
};

}  // namespace

std::string status_text(const Json& stacks) {
  std::string text;
  for (const Json& stack : stacks) {
    if (!stack.is_object()) continue;
    if (!text.empty()) text += '\n';
    text += stack_text(stack);
  }
  return text;
}

std::string status_part_text(const Json& stacks, std::string_view part) {
  const auto shown = std::ranges::find(kParts, part, &Part::name);
  std::string text;
  for (const Json& stack : stacks) {
    if (!text.empty()) text += '\n';
    text += word(stack, "name") + '\n';
    if (shown == std::end(kParts)) continue;
    const std::string list = section(stack, shown->name, shown->heading, shown->line);
    text += list.empty() ? fmt::format("\n{}\n  none\n", shown->heading) : list;
  }
  return text;
}

}  // namespace strata::service
