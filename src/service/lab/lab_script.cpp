// SPDX-License-Identifier: Apache-2.0
#include "service/lab/lab_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/draws.h"
#include "sim/streams.h"

namespace strata::service {
namespace {

using sim::Direction;

std::string names_of(const LabFile& lab, const std::vector<std::size_t>& nodes) {
  std::string names;
  for (const std::size_t node : nodes) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", lab.nodes[node].name);
  }
  return names;
}

}  // namespace

void give_queue(sim::Link& link, Direction direction, const LabQueue& queue, std::uint64_t seed) {
  const sim::LinkConfig& line = link.config(direction);
  const sim::CodelConfig codel{
      .frame_bytes = line.mtu + 14, .packets_max = line.queue_packets_max, .marks = queue.marks};
  const auto quantum = static_cast<std::uint32_t>(codel.frame_bytes);
  switch (queue.kind) {
    case LabQueue::Kind::kTail: return link.set_tail_drop(direction);
    case LabQueue::Kind::kCodel: return link.set_queue(direction, sim::make_codel(codel));
    case LabQueue::Kind::kFqCodel:
      return link.set_queue(direction,
                            sim::make_fq_codel({.codel = codel, .quantum = quantum, .seed = seed}));
  }
}

Outcome<void> give_addresses(const LabParts& parts, std::size_t node) {
  sim::Host& host = *parts.hosts[node];
  const Time now = host.executor().now();
  const std::size_t end = parts.plan.first_of_node[node + 1];
  for (std::size_t i = parts.plan.first_of_node[node]; i < end; ++i) {
    const sim::PlannedAddress& address = parts.plan.addresses[i];
    const auto added = host.stack().add_address(host.interface(address.port), address.prefix, now);
    if (!added) {
      return failed(fmt::format("{}: {}: {}", host.name(), to_text(address.prefix).view(),
                                to_text(added.error())));
    }
  }
  const auto routes =
      std::ranges::equal_range(parts.plan.routes, node, {}, &sim::PlannedRoute::node);
  for (const sim::PlannedRoute& route : routes) {
    const auto added =
        host.stack().add_route({.destination = route.destination, .gateway = route.gateway});
    if (!added) {
      return failed(fmt::format("{}: a route to {}: {}", host.name(),
                                to_text(route.destination).view(), to_text(added.error())));
    }
  }
  return {};
}

LabScript::LabScript(const LabParts& parts)
    : parts_(parts),
      cuts_(parts.lab.links.size()),
      addresses_(parts.lab.nodes.size()),
      withheld_(parts.lab.nodes.size()) {
  for (const LabLink& link : parts.lab.links) {
    flaps_.emplace_back(sim::stream_seed(parts.lab.seed, link.name(), 0, sim::StreamUse::kFlaps));
    queues_.push_back({link.queue_there, link.queue_back});
  }
  for (std::size_t node = 0; node < addresses_.size(); ++node) {
    if (const auto* address = parts.plan.address_of(node)) addresses_[node] = address->prefix;
  }
}

void LabScript::at(Time time, Task task) {
  parts_.world.executor().start_timer(time, std::move(task));
}

void LabScript::tell(const std::string& what) {
  if (listener_) listener_(parts_.world.now(), what);
}

void LabScript::schedule() {
  for (std::size_t i = 0; i < parts_.lab.links.size(); ++i) {
    const LabLink& link = parts_.lab.links[i];
    if (link.flaps) at(Time(link.flaps->first), [this, i] { flap(i, false); });
    if (!link.rates_there.steps.empty()) step_rate(i, Direction::kAToB, 0, Time{});
    if (!link.rates_back.steps.empty()) step_rate(i, Direction::kBToA, 0, Time{});
  }
  for (const LabEvent& event : parts_.lab.events) {
    at(Time(event.at), [this, &event] { happen(event); });
  }
}

void LabScript::happen(const LabEvent& event) {
  using Kind = LabEvent::Kind;
  const Time end = parts_.world.now() + event.lasts;
  const bool ends = event.lasts > Duration::zero();
  switch (event.kind) {
    case Kind::kLink:
      tell(fmt::format("{} goes {}", parts_.lab.links[event.link].name(),
                       event.is_up ? "up" : "down"));
      parts_.world.links()[event.link]->set_up(event.is_up);
      break;
    case Kind::kChange:
      tell(fmt::format("{} becomes another", event.change.name()));
      change(event, Direction::kAToB);
      change(event, Direction::kBToA);
      break;
    case Kind::kPartition:
      cut_off(event, true);
      if (ends) at(end, [this, &event] { cut_off(event, false); });
      break;
    case Kind::kCrash:
      crash(event.nodes.front());
      if (ends) at(end, [this, &event] { restart(event.nodes.front()); });
      break;
    case Kind::kRestart: restart(event.nodes.front()); break;
    case Kind::kAddress: readdress(event); break;
    case Kind::kDrift:
      tell(fmt::format("the clock of {} drifts by {} ppm", names_of(parts_.lab, event.nodes),
                       event.drift_ppm));
      parts_.hosts[event.nodes.front()]->set_clock_drift(event.drift_ppm);
      break;
    case Kind::kBuffers:
      exhaust(event.nodes.front(), true);
      if (ends) at(end, [this, &event] { exhaust(event.nodes.front(), false); });
      break;
  }
}

// ── Links ──────────────────────────────────────────────────────────────────────────────────────

void LabScript::change(const LabEvent& event, Direction direction) {
  const bool is_there = direction == Direction::kAToB;
  sim::Link& link = *parts_.world.links()[event.link];
  const sim::LinkConfig former = link.config(direction);
  sim::LinkConfig line = is_there ? event.change.there : event.change.back;
  if (is_there ? event.keeps_rate_there : event.keeps_rate_back) {
    line.bits_per_second = former.bits_per_second;
  }
  link.configure(direction, line);
  const LabQueue& queue = is_there ? event.change.queue_there : event.change.queue_back;
  LabQueue& present = queues_[event.link][static_cast<std::size_t>(direction)];
  // A queue that stays remembers how long its frames have waited.
  if (queue == present && line.mtu == former.mtu &&
      line.queue_packets_max == former.queue_packets_max) {
    return;
  }
  present = queue;
  give_queue(link, direction, queue, parts_.lab.seed);
}

void LabScript::cut_off(const LabEvent& event, bool is_cut) {
  tell(fmt::format("{} {}", names_of(parts_.lab, event.nodes),
                   is_cut ? "cut off" : "no longer cut off"));
  const auto is_inside = [&](std::size_t node) {
    return std::ranges::find(event.nodes, node) != event.nodes.end();
  };
  for (std::size_t i = 0; i < parts_.lab.links.size(); ++i) {
    const LabLink& link = parts_.lab.links[i];
    if (is_inside(link.from_node) == is_inside(link.to_node)) continue;
    cuts_[i] += is_cut ? 1 : -1;
    for (const Direction direction : {Direction::kAToB, Direction::kBToA}) {
      parts_.world.links()[i]->set_partitioned(direction, cuts_[i] > 0);
    }
  }
}

void LabScript::flap(std::size_t link, bool is_up) {
  const LabFlaps& flaps = *parts_.lab.links[link].flaps;
  tell(fmt::format("{} flaps {}", parts_.lab.links[link].name(), is_up ? "up" : "down"));
  parts_.world.links()[link]->set_up(is_up);
  const Duration mean = is_up ? flaps.up : flaps.down;
  const Duration lasts = flaps.is_random ? sim::draw_exponential(flaps_[link], mean) : mean;
  at(parts_.world.now() + std::max(lasts, Duration(1)),
     [this, link, is_up] { flap(link, !is_up); });
}

// Schedules the next step, which then schedules the one after it.
void LabScript::step_rate(std::size_t link, Direction direction, std::size_t step, Time round) {
  const bool is_there = direction == Direction::kAToB;
  const LabRates& rates =
      is_there ? parts_.lab.links[link].rates_there : parts_.lab.links[link].rates_back;
  if (step == rates.steps.size()) {
    if (rates.repeat == Duration::zero()) return;
    step = 0;
    round += rates.repeat;
  }
  at(round + rates.steps[step].at, [this, link, direction, step, round, &rates] {
    sim::Link& changed = *parts_.world.links()[link];
    sim::LinkConfig line = changed.config(direction);
    line.bits_per_second = rates.steps[step].bits_per_second;
    changed.configure(direction, line);
    step_rate(link, direction, step + 1, round);
  });
}

// ── Hosts ──────────────────────────────────────────────────────────────────────────────────────

void LabScript::crash(std::size_t node) {
  sim::Host& host = *parts_.hosts[node];
  if (!host.is_running()) return;
  tell(fmt::format("{} crashes", host.name()));
  for (const auto& flow : parts_.flows) flow->on_crash(host);
  parts_.services.on_crash(host);
  host.crash();
}

void LabScript::restart(std::size_t node) {
  sim::Host& host = *parts_.hosts[node];
  if (host.is_running()) return;
  tell(fmt::format("{} restarts", host.name()));
  host.restart();
  // What the first stack could be told, this one can.
  static_cast<void>(give_addresses(parts_, node));
  const sim::PlannedAddress* planned = parts_.plan.address_of(node);
  if (planned != nullptr && planned->prefix != addresses_[node]) {
    exchange_address(node, planned->prefix.address());
  }
  parts_.services.on_restart(host);
  for (const auto& flow : parts_.flows) flow->on_restart(host);
}

// Those who speak to it learn the new address, as from a directory, when they connect again.
void LabScript::readdress(const LabEvent& event) {
  const std::size_t node = event.nodes.front();
  const sim::Host& host = *parts_.hosts[node];
  if (!host.is_running()) return;
  tell(fmt::format("{} is {} from now on", host.name(), to_text(event.address).view()));
  const IpAddress former = std::exchange(addresses_[node], event.address).address();
  exchange_address(node, former);
  for (std::size_t i = 0; i < parts_.flows.size(); ++i) {
    if (parts_.lab.traffic[i].to_node == node) {
      parts_.flows[i]->on_address(event.address.address());
    }
  }
}

void LabScript::exchange_address(std::size_t node, const IpAddress& former) {
  sim::Host& host = *parts_.hosts[node];
  const Time now = host.executor().now();
  static_cast<void>(host.stack().remove_address(host.interface(0), former, now));
  const auto added = host.stack().add_address(host.interface(0), addresses_[node], now);
  if (!added) tell(fmt::format("{}: {}", host.name(), to_text(added.error())));
}

void LabScript::exhaust(std::size_t node, bool is_empty) {
  tell(fmt::format("{} {}", parts_.lab.nodes[node].name,
                   is_empty ? "has no buffers left" : "has its buffers back"));
  std::vector<PacketPtr>& withheld = withheld_[node];
  withheld.clear();
  if (!is_empty) return;
  for (const BufferClass each : {BufferClass::kSmall, BufferClass::kLarge}) {
    while (PacketPtr packet = parts_.pools[node]->allocate(each)) {
      withheld.push_back(std::move(packet));
    }
  }
}

}  // namespace strata::service
