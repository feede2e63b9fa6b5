// SPDX-License-Identifier: Apache-2.0
// A switch as JSON, and as text.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <chrono>
#include <map>

#include "service/snapshot.h"

namespace strata::service {
namespace {

using Json = nlohmann::json;

std::string word(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::uint64_t number(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

Json counters_of(const SwitchCounters& counters) {
  return {{"received_packets", counters.received_packets},
          {"received_bytes", counters.received_bytes},
          {"sent_packets", counters.sent_packets},
          {"sent_bytes", counters.sent_bytes},
          {"forwarded", counters.forwarded},
          {"flooded", counters.flooded},
          {"filtered", counters.filtered},
          {"reserved", counters.reserved},
          {"wrong_vlan", counters.wrong_vlan},
          {"malformed", counters.malformed},
          {"moved", counters.moved},
          {"not_learnt", counters.not_learnt},
          {"too_long", counters.too_long},
          {"queue_full", counters.queue_full},
          {"pool_empty", counters.pool_empty},
          {"unfit", counters.unfit},
          {"link_down", counters.link_down}};
}

// "VLAN 10", "VLANs 10, 20-29 tagged, 1 untagged"
std::string vlans_text(const Json& port) {
  const auto tagged = port.find("tagged_vlans");
  if (tagged == port.end() || !tagged->is_array()) return "all tags pass";
  const std::uint64_t untagged = number(port, "untagged_vlan");
  if (tagged->empty()) return fmt::format("VLAN {}", untagged);
  std::string ranges;
  for (std::size_t i = 0; i < tagged->size();) {
    std::size_t last = i;
    const auto at = [&](std::size_t place) { return (*tagged)[place].get<std::uint64_t>(); };
    while (last + 1 < tagged->size() && at(last + 1) == at(last) + 1) ++last;
    ranges += fmt::format("{}{}", ranges.empty() ? "" : ", ", at(i));
    if (last > i) ranges += fmt::format("-{}", at(last));
    i = last + 1;
  }
  return fmt::format("VLANs {} tagged{}", ranges,
                     untagged == 0 ? "" : fmt::format(", {} untagged", untagged));
}

std::string port_text(const Json& port) {
  std::string text = fmt::format(
      "{:<15} {:<4}  mtu {:<5}  {}\n  in {} packets, {} bytes; out {}, {}\n", word(port, "name"),
      port.value("up", false) ? "up" : "down", number(port, "mtu"), vlans_text(port),
      number(port, "received_packets"), number(port, "received_bytes"),
      number(port, "sent_packets"), number(port, "sent_bytes"));
  std::string rest;
  for (const char* key :
       {"forwarded", "flooded", "filtered", "reserved", "wrong_vlan", "malformed", "moved",
        "not_learnt", "too_long", "queue_full", "pool_empty", "unfit", "link_down"}) {
    if (number(port, key) == 0) continue;
    rest += fmt::format("{}{} {}", rest.empty() ? "  " : ", ", key, number(port, key));
  }
  return rest.empty() ? text : text + rest + "\n";
}

}  // namespace

Json snapshot(const Switch& bridge) {
  Json json{{"ports", Json::array()}, {"addresses", Json::array()}};
  std::map<std::size_t, std::string> names;
  bridge.for_each_port([&](const Switch::PortView& port) {
    Json entry = counters_of(port.counters);
    entry["name"] = std::string(port.name);
    entry["up"] = port.is_up;
    entry["mtu"] = port.device->capabilities().mtu;
    if (port.vlans) {
      entry["untagged_vlan"] = port.vlans->untagged;
      entry["tagged_vlans"] = port.vlans->tagged;
    }
    json["ports"].push_back(std::move(entry));
    names[port.number] = port.name;
  });
  std::size_t total = 0;
  bridge.for_each_address([&](const SwitchAddress& address) {
    if (++total > kListedMax) return;
    json["addresses"].push_back(
        {{"mac", std::string(to_text(address.mac).view())},
         {"vlan", address.vlan},
         {"port", names[address.port]},
         {"age_seconds", std::chrono::duration<double>(address.age).count()}});
  });
  json["addresses_total"] = total;
  json["addresses_shed"] = bridge.addresses_shed();
  return json;
}

std::string switch_text(const Json& bridge) {
  std::string text;
  for (const Json& port : bridge.value("ports", Json::array())) {
    if (port.is_object()) text += port_text(port);
  }
  const Json addresses = bridge.value("addresses", Json::array());
  if (!addresses.empty()) text += "\nAddresses\n";
  for (const Json& entry : addresses) {
    if (!entry.is_object()) continue;
    text +=
        fmt::format("  {}  VLAN {:<4}  {:<15}  {:.0f} s\n", word(entry, "mac"),
                    number(entry, "vlan"), word(entry, "port"), entry.value("age_seconds", 0.0));
  }
  const std::uint64_t total = number(bridge, "addresses_total");
  if (total > addresses.size()) text += fmt::format("  and {} more\n", total - addresses.size());
  return text;
}

}  // namespace strata::service
