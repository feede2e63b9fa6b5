// SPDX-License-Identifier: Apache-2.0
// Routes, hooks and handlers: what a program adds to a stack.
#include <algorithm>

#include "stack/core.h"
#include "strata/wire/ethertype.h"
#include "strata/wire/ip_protocol.h"

namespace strata {
namespace {

using stack::Core;
using stack::HookEntry;

ip::RouteOrigin origin_of(RouteOrigin origin) {
  switch (origin) {
    case RouteOrigin::kStatic: return ip::RouteOrigin::kStatic;
    case RouteOrigin::kConnected: return ip::RouteOrigin::kConnected;
    case RouteOrigin::kRouterAdvertisement: return ip::RouteOrigin::kRouterAdvertisement;
    case RouteOrigin::kRedirect: return ip::RouteOrigin::kRedirect;
    case RouteOrigin::kProtocol: return ip::RouteOrigin::kProtocol;
  }
  return ip::RouteOrigin::kStatic;
}

// A route that names only its gateway goes out where the gateway is a neighbour.
InterfaceId interface_of_gateway(Core& core, const IpAddress& gateway) {
  const ip::Route* towards = core.routes.lookup(gateway);
  return towards != nullptr && towards->is_on_link() ? towards->interface : kNoInterface;
}

Result<ip::Route> internal_route(Core& core, const RouteEntry& entry) {
  ip::Route route{.destination = entry.destination.network(),
                  .gateway = entry.gateway,
                  .interface = entry.interface,
                  .origin = origin_of(entry.origin),
                  .metric = entry.metric};
  if (route.interface == kNoInterface && !entry.gateway.is_unspecified()) {
    route.interface = interface_of_gateway(core, entry.gateway);
  }
  if (core.interface(route.interface) == nullptr) {
    return std::unexpected(Error::kNetworkUnreachable);
  }
  // "No gateway" is the unspecified address of the destination's family.
  if (entry.gateway.is_unspecified()) {
    route.gateway = entry.destination.is_v4() ? IpAddress::any_v4() : IpAddress::any_v6();
  }
  return route;
}

bool stack_speaks_ethertype(std::uint16_t ethertype) {
  return ethertype < wire::kEtherTypeMin || ethertype == wire::kEtherTypeIpv4 ||
         ethertype == wire::kEtherTypeIpv6 || ethertype == wire::kEtherTypeArp ||
         wire::is_vlan_tpid(ethertype);
}

// Extension headers are read on the way to what they announce: no handler would see one.
bool is_read_on_the_way(std::uint8_t protocol) {
  return protocol == wire::kIpProtocolHopByHop || protocol == wire::kIpProtocolRouting ||
         protocol == wire::kIpProtocolFragment || protocol == wire::kIpProtocolDestinationOptions;
}

bool stack_speaks_protocol(std::uint8_t protocol) {
  return protocol == wire::kIpProtocolTcp || protocol == wire::kIpProtocolUdp ||
         protocol == wire::kIpProtocolIcmpv4 || protocol == wire::kIpProtocolIcmpv6 ||
         protocol == wire::kIpProtocolIgmp || is_read_on_the_way(protocol);
}

// One handler a number; null takes it away.
template <typename Entry, typename Number, typename Handler>
Result<void> replace_handler(Vector<Entry>& entries, Number Entry::* number, Number wanted,
                             Handler* handler) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].*number != wanted) continue;
    if (handler != nullptr) return std::unexpected(Error::kAlreadyExists);
    entries.erase_unordered(i);
    return {};
  }
  if (handler == nullptr) return std::unexpected(Error::kNotFound);
  if (!entries.try_push_back({wanted, handler})) return std::unexpected(Error::kOutOfMemory);
  return {};
}

}  // namespace

Result<void> Stack::add_route(const RouteEntry& entry) {
  const auto route = internal_route(*core_, entry);
  if (!route) return std::unexpected(route.error());
  const auto added = core_->routes.insert(*route);
  if (added && !route->is_on_link()) {
    (void)core_->interface(route->interface)->neighbors.tell().add_router(route->gateway);
  }
  return added;
}

Result<void> Stack::remove_route(const RouteEntry& entry) {
  const auto route = internal_route(*core_, entry);
  if (!route) return std::unexpected(route.error());
  const auto removed = core_->routes.remove(*route);
  if (!removed || route->is_on_link()) return removed;
  bool is_still_used = false;
  core_->routes.for_each([&](const ip::Route& other) {
    is_still_used =
        is_still_used || (other.gateway == route->gateway && other.interface == route->interface);
  });
  if (!is_still_used) {
    (void)core_->interface(route->interface)->neighbors.tell().remove_router(route->gateway);
  }
  return {};
}

Result<void> Stack::add_hook(HookPoint point, Hook& hook, int priority) {
  auto& entries = core_->hooks[static_cast<std::size_t>(point)];
  if (entries.back().hook != nullptr) return std::unexpected(Error::kOutOfMemory);
  std::size_t place = 0;
  while (entries[place].hook != nullptr && entries[place].priority <= priority) ++place;
  std::move_backward(entries.begin() + static_cast<std::ptrdiff_t>(place), entries.end() - 1,
                     entries.end());
  entries[place] = {&hook, priority};
  return {};
}

void Stack::remove_hook(HookPoint point, Hook& hook) {
  auto& entries = core_->hooks[static_cast<std::size_t>(point)];
  const auto end = std::remove_if(entries.begin(), entries.end(),
                                  [&](const HookEntry& entry) { return entry.hook == &hook; });
  std::fill(end, entries.end(), HookEntry{});
}

Result<void> Stack::set_ethertype_handler(std::uint16_t ethertype, EthertypeHandler* handler) {
  if (stack_speaks_ethertype(ethertype)) return std::unexpected(Error::kAlreadyExists);
  return replace_handler(core_->ethertypes, &stack::EthertypeEntry::ethertype, ethertype, handler);
}

Result<void> Stack::set_protocol_handler(std::uint8_t protocol, ProtocolHandler* handler) {
  if (stack_speaks_protocol(protocol)) return std::unexpected(Error::kAlreadyExists);
  return replace_handler(core_->protocols, &stack::ProtocolEntry::protocol, protocol, handler);
}

}  // namespace strata
