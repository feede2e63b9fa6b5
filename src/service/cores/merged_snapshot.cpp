// SPDX-License-Identifier: Apache-2.0
#include "service/cores/merged_snapshot.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "service/connections/connection_json.h"
#include "service/snapshot.h"

namespace strata::service {
namespace {

using Json = nlohmann::json;
using Crossings = runtime::SteeredDevice::Crossings;

constexpr Duration kPatience = std::chrono::milliseconds(200);

std::uint64_t number(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

// Every number of `from` is added to that of the same name.
void add_numbers(Json& into, const Json& from) {
  for (const auto& [name, value] : from.items()) {
    if (value.is_number_unsigned())
      into[name] = number(into, name.c_str()) + value.get<std::uint64_t>();
  }
}

void add_traffic(Json& into, const Json& from) {
  for (Json& interface : into) {
    for (const Json& other : from) {
      if (interface["id"] != other["id"]) continue;
      for (const char* const key :
           {"received_packets", "received_bytes", "sent_packets", "sent_bytes"}) {
        interface[key] = number(interface, key) + number(other, key);
      }
    }
  }
}

void add_drops(Json& into, const Json& from) {
  for (const Json& drop : from) {
    bool is_known = false;
    for (Json& known : into) {
      if (known["reason"] != drop["reason"]) continue;
      known["count"] = number(known, "count") + number(drop, "count");
      is_known = true;
    }
    if (!is_known) into.push_back(drop);
  }
}

// The nearest of what is due, and the latest of what was late.
void add_timers(Json& into, const Json& from) {
  if (into.is_null()) {
    into = from;
    return;
  }
  add_numbers(into, from);
  const auto extreme = [&](const char* key, bool is_least) {
    const Json other = from.value(key, Json());
    if (!other.is_number()) return;
    Json& known = into[key];
    const bool is_better = !known.is_number() || (is_least ? other < known : other > known);
    if (is_better) known = other;
  };
  extreme("next_due_seconds", true);
  extreme("latest_seconds", false);
}

void name_core(Json& snapshot, std::uint16_t core) {
  for (const char* const list : {"sockets", "connections"}) {
    if (!snapshot.contains(list)) continue;
    for (Json& entry : snapshot[list]) {
      entry["core"] = core;
      const auto id = entry.find("id");
      if (id == entry.end() || !id->is_string()) continue;
      auto named = parse_connection_id(id->get<std::string>());
      if (!named) continue;
      named->core = core;
      *id = to_text(*named);
    }
  }
}

// How many there are, of which the snapshot lists some.
std::uint64_t count_of(const Json& snapshot, const char* list) {
  const std::uint64_t count = number(snapshot, (std::string(list) + "_total").c_str());
  const auto listed = snapshot.find(list);
  return count != 0 || listed == snapshot.end() ? count : listed->size();
}

void append(Json& into, const Json& from, const char* list) {
  if (!from.contains(list)) return;
  if (!into.contains(list)) into[list] = Json::array();
  const std::uint64_t count = count_of(into, list) + count_of(from, list);
  for (const Json& entry : from[list]) into[list].push_back(entry);
  into[std::string(list) + "_total"] = count;
}

// To as many as were asked for.
void cut(Json& snapshot, const char* list, std::size_t limit) {
  if (!snapshot.contains(list)) return;
  const std::uint64_t count = count_of(snapshot, list);
  Json& all = snapshot[list];
  if (all.size() > limit) {
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(limit), all.end());
  }
  const std::string total = std::string(list) + "_total";
  snapshot.erase(total);
  if (count > snapshot[list].size()) snapshot[total] = count;
}

// What is left of the window for the cores behind those in `all`: they stand one behind the other.
// Of two lists at once each core tells its first ones, and what is too much is cut.
ListWindow rest_of(const ListWindow& window, SnapshotParts parts, const Json& all) {
  const bool has_sockets = parts.has(SnapshotPart::kSockets);
  if (has_sockets == parts.has(SnapshotPart::kConnections)) return window;
  const char* const list = has_sockets ? "sockets" : "connections";
  const std::uint64_t before = count_of(all, list);
  const std::size_t listed = all.contains(list) ? all[list].size() : 0;
  return {.offset = window.offset - std::min<std::size_t>(window.offset, before),
          .limit = window.limit - std::min(window.limit, listed),
          .interfaces_min = window.interfaces_min};
}

// What a follower tells is added to what the front core knows.
void merge(Json& all, Json& told) {
  if (told.contains("interfaces")) add_traffic(all["interfaces"], told["interfaces"]);
  for (const char* const numbers : {"counters", "memory", "tcp"}) {
    if (told.contains(numbers)) add_numbers(all[numbers], told[numbers]);
  }
  if (told.contains("drops")) add_drops(all["drops"], told["drops"]);
  if (told.contains("timers")) add_timers(all["timers"], told["timers"]);
  append(all, told, "sockets");
  append(all, told, "connections");
}

Json line_of(std::uint16_t core, const Json& snapshot, const Crossings& crossings) {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  const auto interfaces = snapshot.find("interfaces");
  for (const Json& interface : interfaces == snapshot.end() ? Json::array() : *interfaces) {
    if (interface.contains("vlan")) continue;  // counted by its port already
    received += number(interface, "received_packets");
    sent += number(interface, "sent_packets");
  }
  return {{"core", core},
          {"answers", true},
          {"received_packets", received},
          {"sent_packets", sent},
          {"connections", count_of(snapshot, "connections")},
          {"handed_over", crossings.handed_over},
          {"taken_over", crossings.taken_over},
          {"sent_for_others", crossings.sent_for_others},
          {"ring_full_drops", crossings.ring_full_drops},
          {"withheld", crossings.withheld}};
}

struct Told {
  Json snapshot;
  Crossings crossings;
};

std::optional<Told> ask(Follower& follower, Cores& cores, SnapshotParts parts,
                        const ListWindow& window) {
  const auto tell = [&follower, &cores, parts, window] {
    return Told{snapshot(follower.hosted(), parts, window), cores.crossings_of(follower.core())};
  };
  if (!cores.is_running()) return tell();
  auto asked = std::make_shared<std::packaged_task<Told()>>(tell);
  std::future<Told> answer = asked->get_future();
  follower.loop().post_from_outside([asked] { (*asked)(); });
  if (answer.wait_for(kPatience) != std::future_status::ready) return std::nullopt;
  return answer.get();
}

}  // namespace

Json merged_snapshot(HostedStack& front, Cores& cores, SnapshotParts parts,
                     const ListWindow& window) {
  Json all = snapshot(front, parts, window);
  name_core(all, runtime::Steering::kFront);
  Json lines = Json::array();
  lines.push_back(
      line_of(runtime::Steering::kFront, all, cores.crossings_of(runtime::Steering::kFront)));
  for (const auto& follower : cores.followers()) {
    std::optional<Told> told = ask(*follower, cores, parts, rest_of(window, parts, all));
    if (!told) {
      lines.push_back({{"core", follower->core()}, {"answers", false}});
      continue;
    }
    lines.push_back(line_of(follower->core(), told->snapshot, told->crossings));
    name_core(told->snapshot, follower->core());
    merge(all, told->snapshot);
  }
  cut(all, "interfaces", window.of_interfaces().limit);
  for (const char* const list :
       {"addresses", "routes", "neighbors", "dns_servers", "leases", "sockets", "connections"}) {
    cut(all, list, window.limit);
  }
  all["cores"] = std::move(lines);
  return all;
}

Json stacks_json(std::span<HostedStack* const> stacks, Cores* cores, SnapshotParts parts,
                 const ListWindow& window) {
  Json all = Json::array();
  for (HostedStack* const stack : stacks) {
    const bool is_front = cores != nullptr && stack == stacks.front();
    all.push_back(is_front ? merged_snapshot(*stack, *cores, parts, window)
                           : snapshot(*stack, parts, window));
  }
  return all;
}

}  // namespace strata::service
