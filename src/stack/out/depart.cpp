// SPDX-License-Identifier: Apache-2.0
// Which interface, next hop and source address a packet leaves with (RFC 1122 3.3, RFC 6724).
#include <algorithm>

#include "ip/source_selection.h"
#include "stack/out/send_ip.h"

namespace strata::stack {
namespace {

bool speaks(const Interface& interface, bool is_v4) {
  return is_v4 ? interface.addresses->primary_v4() != nullptr : interface.has_ipv6;
}

// Its addresses may still be checked for duplicates.
bool will_speak(const Interface& interface, bool is_v4) {
  return std::ranges::any_of(interface.addresses->all(), [&](const ip::InterfaceAddress& address) {
    return address.address.is_v4() == is_v4;
  });
}

}  // namespace

Interface* interface_for_link(Core& core, const IpAddress& destination) {
  const bool is_v4 = destination.is_v4();
  if (const ip::Route* route = core.route_cache.lookup(destination)) {
    return core.interface(route->interface);
  }
  const IpAddress anywhere = is_v4 ? IpAddress::v4(1, 1, 1, 1) : IpAddress::v6(1ULL << 61U, 1);
  if (const ip::Route* route = core.route_cache.lookup(anywhere)) {
    return core.interface(route->interface);
  }
  Interface* soon = nullptr;
  for (Interface* interface : core.interfaces) {
    if (interface == nullptr || interface->is_loopback() || !interface->is_up) continue;
    if (speaks(*interface, is_v4)) return interface;
    if (soon == nullptr && will_speak(*interface, is_v4)) soon = interface;
  }
  return soon;
}

namespace {

Result<IpAddress> choose_source(Core& core, const Departure& departure) {
  const ip::SourceQuery query{.destination = departure.destination,
                              .interface = departure.interface->id,
                              .next_hop = departure.next_hop};
  const ip::InterfaceAddress* best =
      ip::select_source(query, departure.interface->addresses->all());
  const bool is_scoped =
      departure.destination.is_link_local() || departure.destination.is_multicast();
  if (best == nullptr && !is_scoped) {
    core.for_each_interface([&](const Interface& other) {
      // RFC 1122 3.2.1.3: 127.0.0.1 must not appear outside of a host.
      if (&other != departure.interface && !other.is_loopback()) {
        best = ip::select_source(query, other.addresses->all(), best);
      }
    });
  }
  if (best == nullptr) return std::unexpected(Error::kAddressNotAvailable);
  return best->address;
}

// Where a packet for ourselves comes in again; none when it is for somebody else. A link-local
// address is ours on its own link only (RFC 4007 9), everything else on the loopback interface.
Interface* way_to_ourselves(const Core& core, const DepartureQuery& query) {
  if (query.destination.is_loopback()) return core.interface(kLoopbackId);
  const ip::LocalAddress* ours = core.local.find(query.destination, query.interface);
  if (ours == nullptr || ours->kind != ip::LocalKind::kUnicast || ours->is_tentative) {
    return nullptr;
  }
  const bool is_scoped = query.destination.is_v6() && query.destination.is_link_local();
  return core.interface(is_scoped ? ours->interface : kLoopbackId);
}

Result<void> find_way(Core& core, const DepartureQuery& query, Departure& departure) {
  const IpAddress& destination = query.destination;
  if (Interface* ourselves = way_to_ourselves(core, query); ourselves != nullptr) {
    departure.kind = Departure::Kind::kLocal;
    departure.interface = ourselves;
    departure.next_hop = destination;
    return {};
  }
  const bool is_group = destination.is_multicast();
  const bool stays_on_link = is_group || destination.is_limited_broadcast() ||
                             (destination.is_v6() && destination.is_link_local());
  if (stays_on_link) {
    departure.interface = query.interface != kNoInterface ? core.interface(query.interface)
                                                          : interface_for_link(core, destination);
    if (departure.interface == nullptr) return std::unexpected(Error::kNetworkUnreachable);
    // Nobody but ourselves is behind the loopback interface, and that was looked at above.
    if (!is_group && departure.interface->is_loopback()) {
      return std::unexpected(Error::kNetworkUnreachable);
    }
    departure.kind = is_group                             ? Departure::Kind::kMulticast
                     : destination.is_limited_broadcast() ? Departure::Kind::kBroadcast
                                                          : Departure::Kind::kUnicast;
    departure.next_hop = destination;
    departure.mtu = departure.interface->mtu_for(destination);
    return {};
  }
  const ip::Route* route = core.route_cache.lookup(destination, query.interface);
  if (route == nullptr) return std::unexpected(Error::kNetworkUnreachable);
  departure.interface = core.interface(route->interface);
  if (departure.interface == nullptr || departure.interface->is_loopback()) {
    return std::unexpected(Error::kNetworkUnreachable);
  }
  departure.next_hop = route->next_hop(destination);
  departure.mtu = std::min<std::size_t>(departure.interface->mtu_for(destination),
                                        route->mtu.value_or(UINT32_MAX));
  if (destination.is_v4()) {
    const ip::LocalAddress* ours = core.local.find(destination, departure.interface->id);
    if (ours != nullptr && ours->kind == ip::LocalKind::kDirectedBroadcast) {
      departure.kind = Departure::Kind::kBroadcast;
    }
  }
  if (route->preferred_source && query.source.is_unspecified()) {
    departure.source = *route->preferred_source;
  }
  return {};
}

// Estimates of paths to link-local addresses are kept for each link (socket_errors.cpp).
InterfaceId path_mtu_zone(const Departure& departure) {
  return departure.destination.is_link_local() ? departure.interface->id : kNoInterface;
}

Result<void> fill_departure(Core& core, const DepartureQuery& query, Departure& departure) {
  if (query.destination.is_unspecified()) return std::unexpected(Error::kInvalidArgument);
  departure.source = query.source;
  departure.destination = query.destination;
  departure.protocol = query.protocol;
  departure.hop_limit = query.hop_limit;
  departure.traffic_class = query.traffic_class;
  departure.fragment_policy = query.fragment_policy;
  departure.loops_groups = query.loops_groups;
  if (const auto found = find_way(core, query, departure); !found) return found;
  if (departure.kind == Departure::Kind::kLocal) {
    departure.mtu = core.interface(kLoopbackId)->mtu;
    if (departure.source.is_unspecified()) departure.source = departure.destination;
  } else if (departure.source.is_unspecified()) {
    const auto source = choose_source(core, departure);
    if (!source) return std::unexpected(source.error());
    departure.source = *source;
  }
  if (core.path_mtus.size() != 0 && heeds_path_mtu(query.fragment_policy)) {
    departure.mtu = core.path_mtus.mtu(
        departure.destination, static_cast<std::uint32_t>(departure.mtu), path_mtu_zone(departure));
  }
  // A group packet with no hops left is for this host alone (RFC 1112 6.1).
  if (departure.hop_limit == 0 && departure.kind != Departure::Kind::kMulticast) {
    departure.hop_limit = departure.is_v4()
                              ? core.config.hop_limit
                              : departure.interface->hop_limit.value_or(core.config.hop_limit);
  }
  return {};
}

}  // namespace

Result<Departure> depart(Core& core, const DepartureQuery& query) {
  // One named object, returned on every path, so that it is made where the caller will find it.
  Result<Departure> result(std::in_place);
  if (const Departure* const known = recall_departure(core, query)) {
    *result = *known;
  } else if (const auto done = fill_departure(core, query, *result); !done) {
    result = std::unexpected(done.error());
  } else if (may_recall_departure(core, query)) {
    core.departures.remember(query, departure_grounds(core), *result);
  }
  return result;
}

}  // namespace strata::stack
