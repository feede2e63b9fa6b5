// SPDX-License-Identifier: Apache-2.0
#include "service/reload/reloader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "service/gateway/places.h"

namespace strata::service {
namespace {

// An interface of the options, by its name, what addresses it is to have and for which it answers.
struct Place {
  std::string interface;
  const std::vector<Prefix>* addresses = nullptr;
  const std::vector<IpAddress>* proxies = nullptr;
};

std::vector<Place> places_of(const StackOptions& options,
                             const std::vector<std::string>& interfaces) {
  std::vector<Place> places;
  for (std::size_t i = 0; i < options.devices.size(); ++i) {
    const DeviceOptions& device = options.devices[i];
    places.push_back({interfaces[i], &device.addresses, &device.proxies});
    for (const VlanOptions& vlan : device.vlans) {
      places.push_back({name_of_vlan(interfaces[i], vlan.tags), &vlan.addresses, &vlan.proxies});
    }
  }
  return places;
}

bool has(const std::vector<Prefix>& addresses, const Prefix& wanted) {
  return std::ranges::find(addresses, wanted) != addresses.end();
}

// The same address, of whatever length its prefix is.
bool has_address(const std::vector<Prefix>& addresses, const Prefix& wanted) {
  return std::ranges::any_of(
      addresses, [&](const Prefix& each) { return each.address() == wanted.address(); });
}

// What an interface has of this address.
std::optional<Prefix> prefix_of(Stack& stack, InterfaceId interface, const IpAddress& address) {
  std::optional<Prefix> found;
  stack.for_each_address([&](const AddressEntry& entry) {
    if (entry.interface == interface && entry.prefix.address() == address) found = entry.prefix;
  });
  return found;
}

std::vector<IpAddress> routers_of(const StackOptions& options, bool has_gateway) {
  if (!options.gateways.empty() || !has_gateway) return options.gateways;
  return {kGateway4, kGateway6};
}

// Those of the options; advertisements and leases may know the same router.
std::vector<RouteEntry> default_routes_by(Stack& stack, const IpAddress& router) {
  std::vector<RouteEntry> routes;
  stack.for_each_route([&](const RouteEntry& route) {
    const bool is_it = route.gateway == router && route.destination.length() == 0;
    if (is_it && route.origin == RouteOrigin::kStatic) routes.push_back(route);
  });
  return routes;
}

using OwnAddress = std::pair<InterfaceId, IpAddress>;

std::vector<OwnAddress> going_between(Stack& stack, const std::vector<Place>& before,
                                      const std::vector<Place>& after) {
  std::vector<OwnAddress> going;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto interface = stack.find_interface(before[i].interface);
    for (const Prefix& address : *before[i].addresses) {
      if (!interface || has_address(*after[i].addresses, address)) continue;
      going.emplace_back(*interface, address.address());
    }
  }
  return going;
}

// As long as it is ours on any interface it cannot be proxied.
bool is_going(const std::vector<OwnAddress>& going, const IpAddress& address) {
  return std::ranges::find(going, address, &OwnAddress::second) != going.end();
}

// Whether anything but these addresses keeps a network on its link.
bool stays(Stack& stack, const RouteEntry& network, const std::vector<OwnAddress>& going) {
  if (network.origin != RouteOrigin::kConnected) return true;
  bool is_held = false;
  stack.for_each_address([&](const AddressEntry& entry) {
    const OwnAddress own(entry.interface, entry.prefix.address());
    const bool is_of_it =
        entry.interface == network.interface && entry.prefix.network() == network.destination;
    is_held = is_held || (is_of_it && std::ranges::find(going, own) == going.end());
  });
  return is_held;
}

// Where a router will be a neighbour once these addresses have gone. Of links that are as good, as
// for link-local ones, that which it is on now.
InterfaceId link_of(Stack& stack, const IpAddress& router, const std::vector<OwnAddress>& going) {
  const std::vector<RouteEntry> present = default_routes_by(stack, router);
  std::vector<RouteEntry> networks;
  stack.for_each_route([&](const RouteEntry& route) {
    const bool is_of_family = route.destination.is_v4() == router.is_v4();
    if (is_of_family && route.gateway.is_unspecified() && route.destination.contains(router)) {
      networks.push_back(route);
    }
  });
  std::erase_if(networks, [&](const RouteEntry& each) { return !stays(stack, each, going); });
  if (networks.empty()) return kNoInterface;
  const auto is_better = [&](const RouteEntry& a, const RouteEntry& b) {
    if (a.destination.length() != b.destination.length()) {
      return a.destination.length() > b.destination.length();
    }
    const InterfaceId now = present.empty() ? kNoInterface : present.front().interface;
    return a.interface == now && b.interface != now;
  };
  return std::ranges::min_element(networks, is_better)->interface;
}

Outcome<std::vector<RouteEntry>> default_routes(Stack& stack, const std::vector<IpAddress>& routers,
                                                const std::vector<OwnAddress>& going) {
  std::vector<RouteEntry> routes;
  for (const IpAddress& router : routers) {
    const InterfaceId link = link_of(stack, router, going);
    if (link == kNoInterface) {
      return std::unexpected(no_way_to(router, Error::kNetworkUnreachable));
    }
    routes.push_back({.destination = {}, .gateway = router, .interface = link});
  }
  return routes;
}

bool has_route(const std::vector<RouteEntry>& routes, const RouteEntry& wanted) {
  return std::ranges::any_of(routes, [&](const RouteEntry& each) {
    return each.gateway == wanted.gateway && each.interface == wanted.interface;
  });
}

std::vector<std::string> files_of(const StackOptions& options) {
  std::vector<std::string> files;
  for (const std::string& file :
       {options.hosts, options.dashboard_token, options.tls.certificate, options.tls.key}) {
    if (!file.empty()) files.push_back(file);
  }
  return files;
}

}  // namespace

Reloader::Reloader(Node& node, Servers& servers, GroupMembers& members, StackOptions running)
    : node_(node),
      servers_(servers),
      members_(members),
      running_(std::move(running)),
      limits_{.has_gateway = node.gateway() != nullptr,
              .ignores_routers = node.fallback_reason().has_value()} {}

ReloadReport Reloader::reload(const StackOptions& wanted) {
  ReloadReport report;
  StackOptions next = adopted(running_, wanted, limits_);
  lost_.clear();
  const auto made = make(running_, next);
  // Only now is it known which ports are not wanted any more.
  if (node_.gateway() != nullptr) node_.gateway()->settle_published();
  if (!made) {
    report.errors.push_back(made.error().text);
    if (!made.error().hint.empty()) report.errors.push_back(made.error().hint);
    for (const std::string& each : lost_)
      report.errors.push_back(std::string(kNotTakenBack) + each);
    return report;
  }
  for (KeyChange& change : changes_between(running_, wanted, limits_)) {
    auto& list = change.needs_restart ? report.needs_restart : report.changed;
    list.push_back(std::move(change.told));
  }
  running_ = std::move(next);
  report.files = files_of(running_);
  return report;
}

const std::array<Reloader::Step, 9>& Reloader::steps() {
  static constexpr std::array<Step, 9> kSteps{{{&Reloader::add_addresses, true},
                                               {&Reloader::change_proxies, true},
                                               {&Reloader::change_routers, true},
                                               {&Reloader::change_names, false},
                                               {&Reloader::change_published, true},
                                               {&Reloader::change_groups, false},
                                               {&Reloader::change_servers, false},
                                               {&Reloader::remove_addresses, false},
                                               {&Reloader::change_manners, false}}};
  return kSteps;
}

Outcome<void> Reloader::make(const StackOptions& from, const StackOptions& to) {
  for (std::size_t i = 0; i < steps().size(); ++i) {
    auto done = (this->*steps()[i].change)(from, to);
    if (done) continue;
    take_back(from, to, i);
    return done;
  }
  return {};
}

// In the same order: addresses are there before what leans on them, and go after it.
void Reloader::take_back(const StackOptions& from, const StackOptions& to,
                         std::size_t failed_step) {
  for (std::size_t i = 0; i <= failed_step; ++i) {
    if (i == failed_step && !steps()[i].ends_halfway) continue;
    const auto back = (this->*steps()[i].change)(to, from);
    if (!back) lost_.push_back(back.error().text);
  }
  if (const auto back = remove_addresses(to, from); !back) lost_.push_back(back.error().text);
}

Outcome<void> Reloader::add_addresses(const StackOptions& from, const StackOptions& to) {
  const std::vector<Place> before = places_of(from, node_.interfaces());
  const std::vector<Place> after = places_of(to, node_.interfaces());
  for (std::size_t i = 0; i < after.size(); ++i) {
    for (const Prefix& address : *after[i].addresses) {
      if (has(*before[i].addresses, address)) continue;
      if (auto added = put_address(after[i].interface, address); !added) return added;
    }
  }
  return {};
}

// An address cannot be there twice: with another prefix it goes first, and when it cannot be had
// with that one it comes back with the former.
Outcome<void> Reloader::put_address(const std::string& name, const Prefix& address) {
  Stack& stack = node_.stack();
  const auto interface = stack.find_interface(name);
  if (!interface) return failed(fmt::format("{}: there is no such interface", name));
  const auto former = prefix_of(stack, *interface, address.address());
  if (former == address) return {};
  const Time now = node_.loop().now();
  if (former) static_cast<void>(stack.remove_address(*interface, address.address(), now));
  const auto added = stack.add_address(*interface, address, now);
  if (added) return {};
  if (former && !stack.add_address(*interface, *former, now)) {
    lost_.push_back(fmt::format("{}: address {}", name, strata::to_text(*former).view()));
  }
  return failed(fmt::format("{}: address {}: {}", name, strata::to_text(address).view(),
                            to_text(added.error())));
}

// What was ours and is to be proxied is so now.
Outcome<void> Reloader::remove_addresses(const StackOptions& from, const StackOptions& to) {
  const std::vector<Place> before = places_of(from, node_.interfaces());
  const std::vector<Place> after = places_of(to, node_.interfaces());
  Stack& stack = node_.stack();
  const std::vector<OwnAddress> gone = going_between(stack, before, after);
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto interface = stack.find_interface(before[i].interface);
    if (!interface) continue;
    for (const Prefix& address : *before[i].addresses) {
      if (has_address(*after[i].addresses, address)) continue;
      static_cast<void>(stack.remove_address(*interface, address.address(), node_.loop().now()));
    }
  }
  for (const Place& place : after) {
    for (const IpAddress& address : *place.proxies) {
      if (!is_going(gone, address)) continue;
      if (auto added = node_.main().add_proxy(place.interface, address); !added) return added;
    }
  }
  return {};
}

// Those that go before those that come, for which there may be no room otherwise. What is ours
// still waits for remove_addresses().
Outcome<void> Reloader::change_proxies(const StackOptions& from, const StackOptions& to) {
  const std::vector<Place> before = places_of(from, node_.interfaces());
  const std::vector<Place> after = places_of(to, node_.interfaces());
  const auto is_among = [](const std::vector<IpAddress>& list, const IpAddress& address) {
    return std::ranges::find(list, address) != list.end();
  };
  Stack& stack = node_.stack();
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto interface = stack.find_interface(before[i].interface);
    for (const IpAddress& address : *before[i].proxies) {
      if (!interface || is_among(*after[i].proxies, address)) continue;
      static_cast<void>(stack.remove_proxy(*interface, address, node_.loop().now()));
    }
  }
  const std::vector<OwnAddress> going = going_between(stack, before, after);
  for (std::size_t i = 0; i < after.size(); ++i) {
    for (const IpAddress& address : *after[i].proxies) {
      if (is_among(*before[i].proxies, address) || is_going(going, address)) continue;
      if (auto added = node_.main().add_proxy(after[i].interface, address); !added) return added;
    }
  }
  return {};
}

// A route is on the link where its router will be a neighbour: addresses that go are there still.
Outcome<void> Reloader::change_routers(const StackOptions& from, const StackOptions& to) {
  if (limits_.ignores_routers) return {};
  Stack& stack = node_.stack();
  const std::vector<OwnAddress> going =
      going_between(stack, places_of(from, node_.interfaces()), places_of(to, node_.interfaces()));
  std::vector<IpAddress> routers = routers_of(to, limits_.has_gateway);
  const auto wanted = default_routes(stack, routers, going);
  if (!wanted) return std::unexpected(wanted.error());
  for (const RouteEntry& route : *wanted) {
    if (has_route(default_routes_by(stack, route.gateway), route)) continue;
    auto added = node_.main().add_default_route(route.gateway, route.interface);
    if (!added) return added;
  }
  std::ranges::copy(routers_of(from, limits_.has_gateway), std::back_inserter(routers));
  for (const IpAddress& router : routers) {
    for (const RouteEntry& route : default_routes_by(stack, router)) {
      if (!has_route(*wanted, route)) static_cast<void>(stack.remove_route(route));
    }
  }
  return {};
}

Outcome<void> Reloader::change_names(const StackOptions& /*from*/, const StackOptions& to) {
  return node_.set_names(to);
}

Outcome<void> Reloader::change_published(const StackOptions& /*from*/, const StackOptions& to) {
  return node_.gateway() == nullptr ? Outcome<void>() : node_.gateway()->publish_only(to.publish);
}

// New memberships before old ones end: routers hear of the difference alone.
Outcome<void> Reloader::change_groups(const StackOptions& from, const StackOptions& to) {
  if (from.joins == to.joins) return {};
  auto members = GroupMembers::join(node_.main(), to.joins);
  if (!members) return std::unexpected(std::move(members).error());
  members_ = *std::move(members);
  return {};
}

Outcome<void> Reloader::change_servers(const StackOptions& from, const StackOptions& to) {
  return servers_.change(from, to);
}

Outcome<void> Reloader::change_manners(const StackOptions& /*from*/, const StackOptions& to) {
  on_each_core([tcp = to.tcp, forward = to.forward](HostedStack& host) {
    host.set_tcp(tcp);
    host.stack().set_forwarding(forward, forward);
  });
  node_.set_log(to.log);
  return {};
}

void Reloader::on_each_core(const std::function<void(HostedStack&)>& task) {
  task(node_.main());
  if (node_.cores() == nullptr) return;
  for (const auto& follower : node_.cores()->followers()) {
    const auto shared = std::make_shared<const std::function<void(HostedStack&)>>(task);
    Follower* const core = follower.get();
    core->loop().post_from_outside([shared, core] { (*shared)(core->hosted()); });
  }
}

}  // namespace strata::service
