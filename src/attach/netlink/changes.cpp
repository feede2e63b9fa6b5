// SPDX-License-Identifier: Apache-2.0
#include "attach/netlink/changes.h"

#include <utility>

#include "attach/netlink/tables.h"

namespace strata::attach {
namespace {

// Counters are no news.
bool is_same(const InterfaceEntry& a, const InterfaceEntry& b) {
  return a.name.view() == b.name.view() && a.mac == b.mac && a.mtu == b.mtu && a.is_up == b.is_up;
}
bool is_same(const AddressEntry& a, const AddressEntry& b) { return a.state == b.state; }
bool is_same(const RouteEntry& /*a*/, const RouteEntry& /*b*/) { return true; }
bool is_same(const NeighborEntry& a, const NeighborEntry& b) {
  return a.mac == b.mac && a.state == b.state && a.is_router == b.is_router;
}

template <typename Map, typename Tell>
void tell_gone(const Map& before, const Map& now, Tell tell) {
  for (const auto& [key, entry] : before) {
    if (!now.contains(key)) tell(entry, Telling::kGone);
  }
}

template <typename Map, typename Tell>
void tell_fresh(const Map& before, const Map& now, Tell tell) {
  for (const auto& [key, entry] : now) {
    const auto found = before.find(key);
    if (found == before.end() || !is_same(found->second, entry)) tell(entry, Telling::kAlone);
  }
}

}  // namespace

void Changes::hear(const Stack& stack, Groups groups, Time now) {
  groups_ = groups;
  known_ = tables_of(stack, now);
}

void Changes::look(const Stack& stack, Time now, MessageWriter& writer) {
  Tables there = tables_of(stack, now);
  const auto link = [&](const InterfaceEntry& entry, Telling how) {
    write_link(entry, how, writer);
  };
  const auto address = [&](const AddressEntry& entry, Telling how) {
    write_address(stack, entry, how, writer);
  };
  const auto route = [&](const RouteEntry& entry, Telling how) {
    write_route(stack, entry, how, writer);
  };
  const auto neighbor = [&](const NeighborEntry& entry, Telling how) {
    write_neighbor(entry, how, writer);
  };
  tell_gone(known_.neighbors, there.neighbors, neighbor);
  tell_gone(known_.routes, there.routes, route);
  tell_gone(known_.addresses, there.addresses, address);
  tell_gone(known_.links, there.links, link);
  tell_fresh(known_.links, there.links, link);
  tell_fresh(known_.addresses, there.addresses, address);
  tell_fresh(known_.routes, there.routes, route);
  tell_fresh(known_.neighbors, there.neighbors, neighbor);
  known_ = std::move(there);
}

Changes::Tables Changes::tables_of(const Stack& stack, Time now) const {
  Tables tables;
  if (hears(RTNLGRP_LINK)) {
    stack.for_each_interface(
        [&](const InterfaceEntry& entry) { tables.links.emplace(entry.id, entry); });
  }
  if (hears(RTNLGRP_IPV4_IFADDR) || hears(RTNLGRP_IPV6_IFADDR)) {
    stack.for_each_address([&](const AddressEntry& entry) {
      if (!hears(entry.prefix.address(), RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR)) return;
      tables.addresses.emplace(std::tuple(entry.interface, entry.prefix), entry);
    });
  }
  if (hears(RTNLGRP_IPV4_ROUTE) || hears(RTNLGRP_IPV6_ROUTE)) {
    stack.for_each_route([&](const RouteEntry& entry) {
      const IpAddress& address = entry.destination.address();
      if (!hears(address, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE)) return;
      tables.routes.emplace(
          RouteKey(entry.destination, entry.gateway, entry.interface, entry.metric, entry.origin),
          entry);
    });
  }
  if (hears(RTNLGRP_NEIGH)) {
    stack.for_each_neighbor(now, [&](const NeighborEntry& entry) {
      tables.neighbors.emplace(std::tuple(entry.interface, entry.address), entry);
    });
  }
  return tables;
}

}  // namespace strata::attach
