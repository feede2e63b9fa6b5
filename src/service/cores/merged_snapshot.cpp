// SPDX-License-Identifier: Apache-2.0
#include "service/cores/merged_snapshot.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <utility>

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

void name_core(Json& snapshot, std::uint16_t core) {
  for (const char* const list : {"sockets", "connections"}) {
    if (!snapshot.contains(list)) continue;
    for (Json& entry : snapshot[list]) entry["core"] = core;
  }
}

void append(Json& into, const Json& from, const char* list) {
  if (!from.contains(list)) return;
  if (!into.contains(list)) into[list] = Json::array();
  const std::string total = std::string(list) + "_total";
  const std::uint64_t count =
      std::max<std::uint64_t>(number(into, total.c_str()), into[list].size()) +
      std::max<std::uint64_t>(number(from, total.c_str()), from[list].size());
  for (const Json& entry : from[list]) {
    if (into[list].size() < kListedMax) into[list].push_back(entry);
  }
  if (count > into[list].size()) into[total] = count;
}

Json line_of(std::uint16_t core, const Json& snapshot, const Crossings& crossings) {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  for (const Json& interface : snapshot["interfaces"]) {
    if (interface.contains("vlan")) continue;  // counted by its port already
    received += number(interface, "received_packets");
    sent += number(interface, "sent_packets");
  }
  const std::size_t connections =
      snapshot.contains("connections") ? snapshot["connections"].size() : 0;
  return {{"core", core},
          {"answers", true},
          {"received_packets", received},
          {"sent_packets", sent},
          {"connections", connections},
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

std::optional<Told> ask(Follower& follower, Cores& cores) {
  const auto tell = [&follower, &cores] {
    return Told{snapshot(follower.hosted()), cores.crossings_of(follower.core())};
  };
  if (!cores.is_running()) return tell();
  auto promise = std::make_shared<std::promise<Told>>();
  std::future<Told> answer = promise->get_future();
  follower.loop().post_from_outside([promise, tell] { promise->set_value(tell()); });
  if (answer.wait_for(kPatience) != std::future_status::ready) return std::nullopt;
  return answer.get();
}

}  // namespace

Json merged_snapshot(HostedStack& front, Cores& cores) {
  Json all = snapshot(front);
  name_core(all, runtime::Steering::kFront);
  Json lines = Json::array();
  lines.push_back(
      line_of(runtime::Steering::kFront, all, cores.crossings_of(runtime::Steering::kFront)));
  for (const auto& follower : cores.followers()) {
    std::optional<Told> told = ask(*follower, cores);
    if (!told) {
      lines.push_back({{"core", follower->core()}, {"answers", false}});
      continue;
    }
    lines.push_back(line_of(follower->core(), told->snapshot, told->crossings));
    name_core(told->snapshot, follower->core());
    add_traffic(all["interfaces"], told->snapshot["interfaces"]);
    add_numbers(all["counters"], told->snapshot["counters"]);
    add_numbers(all["memory"], told->snapshot["memory"]);
    add_drops(all["drops"], told->snapshot["drops"]);
    append(all, told->snapshot, "sockets");
    append(all, told->snapshot, "connections");
  }
  all["cores"] = std::move(lines);
  return all;
}

}  // namespace strata::service
