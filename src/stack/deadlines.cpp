// SPDX-License-Identifier: Apache-2.0
#include "stack/deadlines.h"

#include <algorithm>

#include "stack/addresses.h"
#include "stack/in/receive_arp.h"
#include "stack/in/socket_errors.h"
#include "stack/interfaces.h"
#include "stack/out/group_messages.h"
#include "stack/out/nd_messages.h"
#include "stack/out/send_frame.h"
#include "stack/out/send_icmp.h"
#include "stack/out/send_ip.h"

namespace strata::stack {
namespace {

template <typename Engine>
void wake(Engine& engine, Time now) {
  const std::optional<Time> deadline = engine.next_deadline();
  if (deadline && *deadline <= now) engine.on_deadline(now);
}

// What the neighbour cache asks for.
struct NeighborSteps {
  Core& core;
  Interface& interface;
  Time now;

  void operator()(neighbor::SendArp& message) { send_arp(core, interface, message); }
  void operator()(neighbor::SendSolicitation& message) {
    send_solicitation(core, interface, message, now);
  }
  void operator()(neighbor::SendAdvertisement& message) {
    send_advertisement(core, interface, message, now);
  }
  void operator()(neighbor::Release& release) {
    const std::uint16_t ethertype = ethertype_of_ip(*release.packet);
    send_frame(core, interface, release.destination, ethertype, std::move(release.packet));
  }
  void operator()(neighbor::Undeliverable& undeliverable) {
    const IpAddress next_hop = undeliverable.next_hop;
    const bool is_silent = undeliverable.reason == DropReason::kNeighborUnresolved;
    give_up(core, interface, std::move(undeliverable), Search::kInVain, now);
    if (!is_silent) return;
    core.redirects.on_neighbor_unreachable(next_hop, interface.id);
    interface.routers.tell().on_router_unreachable(next_hop, now);
  }
  void operator()(neighbor::Duplicate& duplicate) {
    if (duplicate.must_cease) on_duplicate_address(core, interface, duplicate.address, now);
  }
  void operator()(neighbor::AddressReady& ready) {
    interface.addresses.tell().on_address_unique(ready.address, now);
  }
  void operator()(neighbor::RouterLost& lost) {
    interface.routers.tell().on_router_became_host(lost.address, now);
  }
  void operator()(neighbor::RouterHeard& heard) {
    if (heard.is_reachable) return interface.routers.tell().on_router_reachable(heard.address, now);
    interface.routers.tell().on_router_unreachable(heard.address, now);
  }
};

// What router discovery has learned.
struct DiscoverySteps {
  Core& core;
  Interface& interface;
  Time now;

  void operator()(const ip::SendRouterSolicitation&) {
    // Nobody would listen to the answer.
    if (!interface.hears_routers || core.config.forward_ipv6) return;
    send_router_solicitation(core, interface, now);
  }
  void operator()(const ip::AddAddress& add) {
    (void)add_own_address(core, interface, add.address, now);
  }
  void operator()(const ip::UpdateAddress& update) {
    (void)interface.addresses.tell().set_lifetimes(update.address, update.preferred_until,
                                                   update.valid_until, now);
  }
  void operator()(const ip::RemoveAddress& remove) {
    (void)remove_own_address(core, interface, remove.address, now);
  }
  void operator()(const ip::AddRoute& add) { (void)core.routes.replace(add.route); }
  void operator()(const ip::RemoveRoute& remove) { (void)core.routes.remove(remove.route); }
  void operator()(const ip::SetMtu& set) {
    set_interface_mtus(core, interface, interface.mtu, set.mtu);
  }
  void operator()(const ip::SetHopLimit& set) {
    interface.hop_limit = set.hop_limit == 0 ? std::nullopt : std::optional(set.hop_limit);
    ++core.link_generation;
  }
  void operator()(const ip::SetReachability& set) {
    interface.neighbors.tell().on_router_parameters(set.base_reachable_time, set.retransmit_timer,
                                                    now);
  }
  void operator()(const ip::DnsServers& servers) { interface.dns_servers = servers; }
};

// True when any engine wanted something: carrying it out may have told another one news.
bool pull_outputs(Core& core, Interface& interface, Time now) {
  bool any = false;
  while (auto output = interface.routers.ask().next_output(now)) {
    std::visit(DiscoverySteps{core, interface, now}, *output);
    any = true;
  }
  while (auto output = interface.neighbors.ask().next_output(now)) {
    std::visit(NeighborSteps{core, interface, now}, *output);
    any = true;
  }
  while (auto change = interface.addresses.ask().next_output(now)) {
    on_address_change(core, interface, *change, now);
    any = true;
  }
  while (auto output = interface.groups.ask().next_output(now)) {
    send_group_message(core, interface, *output, now);
    any = true;
  }
  return any;
}

std::optional<Time> next_deadline_of(const Interface& interface) {
  return earlier(
      earlier(interface.addresses->next_deadline(), interface.neighbors->next_deadline()),
      earlier(interface.groups->next_deadline(), interface.routers->next_deadline()));
}

// Nearly always there is nothing to do, and that is known at once.
void run_interface(Core& core, Interface& interface, Time now) {
  if (now < interface.engines_due && !interface.news.is_told()) [[likely]]
    return;
  wake(interface.addresses.ask(), now);
  wake(interface.neighbors.ask(), now);
  wake(interface.groups.ask(), now);
  wake(interface.routers.ask(), now);
  while (pull_outputs(core, interface, now)) {
  }
  // Nothing was left to pull, so nothing was told since.
  interface.news.forget();
  interface.engines_due = next_deadline_of(interface).value_or(kNever);
}

// A router has many, and most packets are news to none.
void run_interfaces(Core& core, Time now) {
  if (now < core.engines_due && !core.any_news) [[likely]]
    return;
  core.any_news = false;
  core.engines_due = kNever;
  // By index: carrying out a step may add an interface's routes, never an interface.
  for (std::size_t i = 0; i < core.interfaces.size(); ++i) {
    Interface* interface = core.interfaces[i];
    if (interface == nullptr || interface->is_loopback()) continue;
    run_interface(core, *interface, now);
    core.engines_due = std::min(core.engines_due, interface->engines_due);
  }
}

void pull_redirects(Core& core, Time now) {
  while (auto change = core.redirects.next_output(now)) {
    if (const auto* add = std::get_if<ip::AddRoute>(&*change)) {
      (void)core.routes.replace(add->route);
    } else {
      (void)core.routes.remove(std::get<ip::RemoveRoute>(*change).route);
    }
  }
}

// RFC 9293 3.8.3 (MUST-20): a peer that has not answered for a while may be behind a dead gateway.
void doubt_next_hops(Core& core, Time now) {
  while (const auto flow = core.tcp->next_suspect()) {
    const auto departure = depart(core, {.destination = flow->remote_address,
                                         .source = flow->local_address,
                                         .interface = flow->interface});
    if (!departure || departure->interface->is_loopback()) continue;
    departure->interface->neighbors.tell().on_reachability_doubted(departure->next_hop, now);
  }
}

void run_reassembly(Core& core, Time now) {
  wake(core.reassembly, now);
  while (auto expired = core.reassembly.next_output(now)) {
    core.drops.add(DropReason::kFragmentTimeout, expired->fragments);
    Interface* interface = core.interface(expired->interface);
    if (expired->first == nullptr || interface == nullptr) continue;
    send_icmp_error(core, *expired->first, *interface,
                    {.kind = icmp::ErrorKind::kReassemblyTimeout}, now);
  }
}

void run_shared(Core& core, Time now) {
  wake(core.routes, now);
  if (core.redirects.size() != 0) wake(core.redirects, now);
  if (core.path_mtus.size() != 0) wake(core.path_mtus, now);
  if (core.reassembly.datagrams() != 0) run_reassembly(core, now);
  if (core.tcp == nullptr) return;
  if (core.tcp->is_due(now)) core.tcp->on_deadline(now);
  doubt_next_hops(core, now);
}

}  // namespace

void run_engines(Core& core, Time now) {
  run_shared(core, now);
  run_interfaces(core, now);
  // Last: a neighbour that fell silent takes redirects to it along.
  if (core.redirects.size() != 0) pull_redirects(core, now);
}

std::optional<Time> next_engine_deadline(const Core& core) {
  std::optional<Time> first =
      earlier(earlier(core.routes.next_deadline(), core.redirects.next_deadline()),
              earlier(core.path_mtus.next_deadline(), core.reassembly.next_deadline()));
  if (core.tcp != nullptr) first = earlier(first, core.tcp->next_deadline());
  if (!core.any_news) {
    return core.engines_due == kNever ? first : earlier(first, core.engines_due);
  }
  core.for_each_interface([&](const Interface& interface) {
    if (interface.is_loopback()) return;
    if (interface.news.is_told()) {
      first = earlier(first, next_deadline_of(interface));
    } else if (interface.engines_due != kNever) {
      first = earlier(first, interface.engines_due);
    }
  });
  return first;
}

}  // namespace strata::stack
