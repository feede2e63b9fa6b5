// SPDX-License-Identifier: Apache-2.0
#include "stack/addresses.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "stack/router_role.h"

namespace strata::stack {
namespace {

// The prefix of a configured address is on its link (RFC 1122 3.3.1.1; for advertised addresses
// RFC 5942 4 leaves that to the router).
std::optional<ip::Route> connected_route(const ip::InterfaceAddress& address,
                                         InterfaceId interface) {
  const bool is_advertised = address.origin == ip::AddressOrigin::kStable ||
                             address.origin == ip::AddressOrigin::kTemporary;
  if (is_advertised || address.address.is_loopback()) return std::nullopt;
  const Prefix network = address.prefix().network();
  return ip::Route{.destination = network,
                   .gateway = address.address.is_v4() ? IpAddress::any_v4() : IpAddress{},
                   .interface = interface,
                   .origin = ip::RouteOrigin::kConnected};
}

bool shares_network(const Interface& interface, const ip::InterfaceAddress& gone) {
  for (const ip::InterfaceAddress& other : interface.addresses->all()) {
    if (other.address != gone.address && other.prefix().network() == gone.prefix().network()) {
      return true;
    }
  }
  return false;
}

void join_solicited_node(Interface& interface, const IpAddress& address, Time now) {
  if (address.is_v4()) return;
  // Several addresses may share the group; being a member already is as good.
  (void)interface.groups.tell().join(kStackSocketKey, address.solicited_node_group(), now);
}

enum class Role : std::uint8_t { kOwn, kProxied };

// An own address that goes is still among them; a proxied one has left them already.
void leave_solicited_node(Interface& interface, const IpAddress& address, Role going, Time now) {
  if (address.is_v4()) return;
  const IpAddress group = address.solicited_node_group();
  const auto needs_it = [&](const IpAddress& other) {
    return other.is_v6() && other.solicited_node_group() == group;
  };
  for (const ip::InterfaceAddress& other : interface.addresses->all()) {
    if (going == Role::kOwn && other.address == address) continue;
    if (needs_it(other.address)) return;
  }
  if (std::ranges::any_of(interface.neighbors->proxies(), needs_it)) return;
  (void)interface.groups.tell().leave(kStackSocketKey, group, now);
}

bool is_anycast_of(const Core& core, const Interface& interface, const IpAddress& address) {
  const ip::LocalAddress* const own = core.local.find(address, interface.id);
  return own != nullptr && own->kind == ip::LocalKind::kAnycast && own->interface == interface.id;
}

// A router's anycast addresses are answered for like proxied ones, and take no place of these.
bool has_room_for_proxy(const Core& core, const Interface& interface, const IpAddress& address) {
  constexpr std::ptrdiff_t kProxiesMax = neighbor::Config{}.proxies_max;
  if (is_anycast_of(core, interface, address)) return true;
  const auto others =
      std::ranges::count_if(interface.neighbors->proxies(), [&](const IpAddress& proxied) {
        return proxied != address && !is_anycast_of(core, interface, proxied);
      });
  return others < kProxiesMax;
}

}  // namespace

Result<void> add_own_address(Core& core, Interface& interface, ip::InterfaceAddress address,
                             Time now) {
  const bool has_link_layer = interface.capabilities().medium == Medium::kEthernet;
  const bool is_checked = has_link_layer && interface.detects_duplicates;
  address.state = is_checked ? ip::AddressState::kTentative : ip::AddressState::kPreferred;
  if (const auto added = interface.addresses.tell().add(address, now); !added) return added;
  if (const auto route = connected_route(address, interface.id)) {
    (void)core.routes.replace(*route);
  }
  add_router_anycast(core, interface, address, now);
  if (!has_link_layer) return {};
  // RFC 4862 5.4.2: the group first, so that the answer to our own question is heard.
  join_solicited_node(interface, address.address, now);
  const auto watched = interface.neighbors.tell().add_own_address(
      address.address,
      {.check_duplicates = is_checked,
       // A person waits for an address he gives; only those made at boot might collide in time.
       .delay_first_probe = address.origin != ip::AddressOrigin::kManual,
       // RFC 5227 2.4 (c). Two forged announcements would take the address away otherwise.
       .conflict_policy = neighbor::ConflictPolicy::kDefendAlways},
      now);
  if (!watched) {
    (void)remove_own_address(core, interface, address.address, now);
    return watched;
  }
  return {};
}

Result<void> remove_own_address(Core& core, Interface& interface, const IpAddress& address,
                                Time now) {
  const ip::InterfaceAddress* found = interface.addresses->find(address);
  if (found == nullptr) return std::unexpected(Error::kNotFound);
  const ip::InterfaceAddress gone = *found;
  if (!shares_network(interface, gone)) {
    if (const auto route = connected_route(gone, interface.id)) (void)core.routes.remove(*route);
    remove_router_anycast(core, interface, gone, now);
  }
  leave_solicited_node(interface, address, Role::kOwn, now);
  (void)interface.neighbors.tell().remove_own_address(address);
  return interface.addresses.tell().remove(address);
}

Result<void> add_proxy(Core& core, Interface& interface, const IpAddress& address, Time now) {
  if (interface.capabilities().medium != Medium::kEthernet ||
      (address.is_v6() && !interface.has_ipv6)) {
    return std::unexpected(Error::kNotSupported);
  }
  // Ours, too, while it is looked for duplicates of it.
  const ip::LocalAddress* const own = core.local.find(address, interface.id);
  const bool is_own = own != nullptr && own->kind == ip::LocalKind::kUnicast;
  if (address.is_loopback() || is_own) return std::unexpected(Error::kInvalidArgument);
  if (!has_room_for_proxy(core, interface, address)) return std::unexpected(Error::kOutOfMemory);
  if (const auto added = interface.neighbors.tell().add_proxy(address); !added) return added;
  // RFC 4861 7.2.8: a proxy listens where the owner would.
  join_solicited_node(interface, address, now);
  return {};
}

Result<void> remove_proxy(Interface& interface, const IpAddress& address, Time now) {
  if (!interface.neighbors.tell().remove_proxy(address)) return std::unexpected(Error::kNotFound);
  leave_solicited_node(interface, address, Role::kProxied, now);
  return {};
}

void on_duplicate_address(Core& /*core*/, Interface& interface, const IpAddress& address,
                          Time now) {
  interface.addresses.tell().on_address_duplicate(address, now);
  interface.routers.tell().on_duplicate(address, now);
}

void on_address_change(Core& core, Interface& interface, const ip::AddressChange& change,
                       Time now) {
  if (change.kind != ip::AddressChange::Kind::kRemoved) return;
  // It expired: what stood beside it goes too.
  if (!shares_network(interface, change.address)) {
    if (const auto route = connected_route(change.address, interface.id)) {
      (void)core.routes.remove(*route);
    }
    remove_router_anycast(core, interface, change.address, now);
  }
  leave_solicited_node(interface, change.address.address, Role::kOwn, now);
  (void)interface.neighbors.tell().remove_own_address(change.address.address);
}

}  // namespace strata::stack
