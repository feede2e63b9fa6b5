// SPDX-License-Identifier: Apache-2.0
#include "stack/router_role.h"

#include <array>
#include <optional>

#include "stack/addresses.h"

namespace strata::stack {
namespace {

// RFC 4291 2.7.1: the routers of the link, and those of the site.
constexpr std::array<IpAddress, 2> kRouterGroups{IpAddress::all_routers_v6(),
                                                 IpAddress::v6(0xff05'0000'0000'0000, 2)};

// RFC 4291 2.6.1: the prefix with nothing behind it. RFC 6164 5: two routers may share a /127,
// where it is the address of one of them.
std::optional<IpAddress> anycast_of(const ip::InterfaceAddress& address) {
  constexpr unsigned kLongestPrefix = 126;
  const IpAddress anycast = address.prefix().network().address();
  const bool has_one = address.address.is_v6() && !address.address.is_loopback() &&
                       address.prefix_length <= kLongestPrefix && !anycast.is_unspecified() &&
                       anycast != address.address;
  return has_one ? std::optional(anycast) : std::nullopt;
}

}  // namespace

void take_router_role(Core& core, Interface& interface, Time now) {
  if (!interface.has_ipv6 || interface.is_loopback()) return;
  for (const IpAddress& group : kRouterGroups) {
    (void)interface.groups.tell().join(kStackSocketKey, group, now);
  }
  for (const ip::InterfaceAddress& address : interface.addresses->all()) {
    add_router_anycast(core, interface, address, now);
  }
}

void give_up_router_role(Core& core, Interface& interface, Time now) {
  if (!interface.has_ipv6 || interface.is_loopback()) return;
  for (const IpAddress& group : kRouterGroups) {
    (void)interface.groups.tell().leave(kStackSocketKey, group, now);
  }
  for (const ip::InterfaceAddress& address : interface.addresses->all()) {
    remove_router_anycast(core, interface, address, now);
  }
}

// Neighbours are answered as for a proxied address: after a moment and without Override, since
// other routers answer, too (RFC 4861 7.2.7). Without room for it the others do.
void add_router_anycast(Core& core, Interface& interface, const ip::InterfaceAddress& address,
                        Time now) {
  const auto anycast = anycast_of(address);
  if (!anycast || !core.config.forward_ipv6) return;
  if (!core.local.insert({*anycast, interface.id, ip::LocalKind::kAnycast, false})) return;
  (void)add_proxy(core, interface, *anycast, now);
}

void remove_router_anycast(Core& core, Interface& interface, const ip::InterfaceAddress& address,
                           Time now) {
  const auto anycast = anycast_of(address);
  if (!anycast) return;
  core.local.erase(*anycast, interface.id, ip::LocalKind::kAnycast);
  (void)remove_proxy(interface, *anycast, now);
}

}  // namespace strata::stack
