// SPDX-License-Identifier: Apache-2.0
#include "service/cores/config_mirror.h"

#include <algorithm>

#include "stack/core.h"

namespace strata::service {
namespace {

bool is_shared(const AddressEntry& entry) {
  if (entry.interface == stack::kLoopbackId) return false;
  return entry.prefix.is_v4() || !entry.prefix.address().is_link_local();
}

bool may_be_used(const AddressEntry& entry) {
  return entry.state == AddressState::kPreferred || entry.state == AddressState::kDeprecated;
}

bool is_shared(const RouteEntry& entry) {
  return entry.interface != stack::kLoopbackId && entry.origin != RouteOrigin::kConnected &&
         entry.origin != RouteOrigin::kRedirect;
}

bool is_same(const AddressEntry& a, const AddressEntry& b) {
  return a.prefix == b.prefix && a.interface == b.interface;
}

bool is_same(const RouteEntry& a, const RouteEntry& b) {
  return a.destination == b.destination && a.gateway == b.gateway && a.interface == b.interface &&
         a.metric == b.metric && a.origin == b.origin;
}

bool is_same(const NeighborEntry& a, const NeighborEntry& b) {
  return a.address == b.address && a.mac == b.mac && a.interface == b.interface;
}

template <typename Entry>
bool contains(const std::vector<Entry>& entries, const Entry& wanted) {
  return std::ranges::any_of(entries, [&](const Entry& entry) { return is_same(entry, wanted); });
}

// First what goes, then what comes: an address may return with another prefix.
template <typename Entry, typename Remove, typename Add>
void make_equal(const std::vector<Entry>& is, const std::vector<Entry>& shall, Remove remove,
                Add add) {
  for (const Entry& entry : is) {
    if (!contains(shall, entry)) remove(entry);
  }
  for (const Entry& entry : shall) {
    if (!contains(is, entry)) add(entry);
  }
}

}  // namespace

SharedConfig SharedConfig::of(const Stack& front, Time now) {
  SharedConfig config;
  front.for_each_address([&](const AddressEntry& entry) {
    if (is_shared(entry) && may_be_used(entry)) config.addresses.push_back(entry);
  });
  front.for_each_route([&](const RouteEntry& entry) {
    if (is_shared(entry)) config.routes.push_back(entry);
  });
  front.for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.id != stack::kLoopbackId) config.mtus.push_back({entry.id, entry.mtu});
  });
  front.for_each_neighbor(now, [&](const NeighborEntry& entry) {
    if (entry.state == NeighborState::kPermanent) config.neighbors.push_back(entry);
  });
  return config;
}

void SharedConfig::apply_to(Stack& follower, Time now) const {
  for (const InterfaceMtu& wanted : mtus) {
    static_cast<void>(follower.set_mtu(wanted.interface, wanted.mtu, now));
  }
  const SharedConfig is = of(follower, now);
  make_equal(
      is.addresses, addresses,
      [&](const AddressEntry& entry) {
        static_cast<void>(follower.remove_address(entry.interface, entry.prefix.address(), now));
      },
      [&](const AddressEntry& entry) {
        static_cast<void>(follower.add_address(entry.interface, entry.prefix, now));
      });
  make_equal(
      is.routes, routes,
      [&](const RouteEntry& entry) { static_cast<void>(follower.remove_route(entry)); },
      [&](const RouteEntry& entry) { static_cast<void>(follower.add_route(entry)); });
  make_equal(
      is.neighbors, neighbors,
      [&](const NeighborEntry& entry) {
        static_cast<void>(follower.remove_neighbor(entry.interface, entry.address));
      },
      [&](const NeighborEntry& entry) {
        static_cast<void>(follower.add_neighbor(entry.interface, entry.address, entry.mac, now));
      });
}

bool ConfigWatch::has_changed(Stack& front) {
  const stack::Core& core = front.core();
  const std::uint32_t addresses = core.local.generation();
  const std::uint32_t routes = core.routes.generation();
  const bool is_same =
      addresses == addresses_ && routes == routes_ && core.link_generation == links_;
  addresses_ = addresses;
  routes_ = routes;
  links_ = core.link_generation;
  return !is_same;
}

}  // namespace strata::service
