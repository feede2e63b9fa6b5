// SPDX-License-Identifier: Apache-2.0
#include "attach/netlink/tables.h"

#include <net/if.h>
#include <net/if_arp.h>

#include <array>

#include "socket/posix/answer.h"
#include "stack/core.h"
#include "stack/interface.h"
#include "stack/out/send_ip.h"

namespace strata::attach {
namespace {

// linux/if.h, which cannot stand beside net/if.h: operational states of RFC 2863.
constexpr std::uint8_t kStateUnknown = 0;
constexpr std::uint8_t kStateDown = 2;
constexpr std::uint8_t kStateUp = 6;
constexpr unsigned kLowerUp = 1U << 16U;

constexpr std::uint32_t kForEver = 0xffff'ffff;

// rtnetlink(7): the type that says that something is gone follows the one that says that it is
// there.
template <typename Header>
void begin(int type, Telling how, const Header& header, MessageWriter& writer) {
  writer.begin(how == Telling::kGone ? type + 1 : type, how == Telling::kDumped ? NLM_F_MULTI : 0,
               header);
}

std::uint8_t family_of(const IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }

template <typename Statistics>
void write_statistics(int type, const InterfaceEntry& entry, MessageWriter& writer) {
  Statistics told{};
  using Number = decltype(told.rx_packets);
  told.rx_packets = static_cast<Number>(entry.received_packets);
  told.rx_bytes = static_cast<Number>(entry.received_bytes);
  told.tx_packets = static_cast<Number>(entry.sent_packets);
  told.tx_bytes = static_cast<Number>(entry.sent_bytes);
  writer.number(type, told);
}

std::uint8_t scope_of(const IpAddress& address) {
  if (address.is_loopback()) return RT_SCOPE_HOST;
  return address.is_link_local() ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

std::string_view name_of(const Stack& stack, InterfaceId id, std::array<char, IFNAMSIZ>& into) {
  std::size_t size = 0;
  stack.for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.id != id) return;
    size = entry.name.view().copy(into.data(), into.size());
  });
  return {into.data(), size};
}

std::uint8_t protocol_of(RouteOrigin origin) {
  switch (origin) {
    case RouteOrigin::kStatic: return RTPROT_STATIC;
    case RouteOrigin::kConnected: return RTPROT_KERNEL;
    case RouteOrigin::kRouterAdvertisement: return RTPROT_RA;
    case RouteOrigin::kRedirect: return RTPROT_REDIRECT;
    case RouteOrigin::kProtocol: break;
  }
  return RTPROT_BOOT;
}

// A route to a gateway need not say through which link: it is the one that has the gateway on it.
// Routes to the link itself say which of our addresses packets go from, as the kernel's do.
struct Link {
  InterfaceId interface = kNoInterface;
  std::optional<IpAddress> source;
};

Link link_of(const Stack& stack, const RouteEntry& route) {
  Link link{.interface = route.interface, .source = std::nullopt};
  stack.for_each_address([&](const AddressEntry& entry) {
    if (link.interface == kNoInterface && entry.prefix.contains(route.gateway)) {
      link.interface = entry.interface;
    }
    if (route.destination.is_v4() && route.gateway.is_unspecified() && !link.source &&
        entry.interface == route.interface && route.destination.contains(entry.prefix.address())) {
      link.source = entry.prefix.address();
    }
  });
  return link;
}

std::uint16_t state_of(NeighborState state) {
  switch (state) {
    case NeighborState::kIncomplete: return NUD_INCOMPLETE;
    case NeighborState::kReachable: return NUD_REACHABLE;
    case NeighborState::kStale: return NUD_STALE;
    case NeighborState::kDelay: return NUD_DELAY;
    case NeighborState::kProbe: return NUD_PROBE;
    case NeighborState::kUnreachable: return NUD_FAILED;
    case NeighborState::kPermanent: break;
  }
  return NUD_PERMANENT;
}

std::uint8_t type_of(stack::Departure::Kind kind) {
  switch (kind) {
    case stack::Departure::Kind::kLocal: return RTN_LOCAL;
    case stack::Departure::Kind::kMulticast: return RTN_MULTICAST;
    case stack::Departure::Kind::kBroadcast: return RTN_BROADCAST;
    case stack::Departure::Kind::kUnicast: break;
  }
  return RTN_UNICAST;
}

}  // namespace

InterfaceId interface_of(const Stack& stack, const RouteEntry& route) {
  return link_of(stack, route).interface;
}

std::uint32_t address_flags(const AddressEntry& entry) {
  switch (entry.state) {
    case AddressState::kTentative: return IFA_F_PERMANENT | IFA_F_TENTATIVE;
    case AddressState::kDeprecated: return IFA_F_PERMANENT | IFA_F_DEPRECATED;
    case AddressState::kDuplicate: return IFA_F_PERMANENT | IFA_F_DADFAILED | IFA_F_TENTATIVE;
    case AddressState::kPreferred: break;
  }
  return IFA_F_PERMANENT;
}

bool is_loopback(const InterfaceEntry& entry) { return entry.id == stack::kLoopbackId; }

unsigned interface_flags(const InterfaceEntry& entry) {
  unsigned flags = IFF_MULTICAST;
  if (is_loopback(entry)) {
    flags = IFF_LOOPBACK;
  } else if (entry.mac.is_unspecified()) {
    flags |= IFF_POINTOPOINT | IFF_NOARP;
  } else {
    flags |= IFF_BROADCAST;
  }
  return entry.is_up ? flags | IFF_UP | IFF_RUNNING | kLowerUp : flags;
}

std::uint16_t hardware_type(const InterfaceEntry& entry) {
  constexpr std::uint16_t kNone = 0xfffe;  // ARPHRD_NONE: no link header at all
  if (is_loopback(entry)) return ARPHRD_LOOPBACK;
  return entry.mac.is_unspecified() ? kNone : std::uint16_t{ARPHRD_ETHER};
}

void write_link(const InterfaceEntry& entry, Telling how, MessageWriter& writer) {
  ifinfomsg header{};
  header.ifi_type = hardware_type(entry);
  header.ifi_index = entry.id;
  header.ifi_flags = interface_flags(entry);
  begin(RTM_NEWLINK, how, header, writer);
  writer.text(IFLA_IFNAME, entry.name.view());
  const bool is_wire = !is_loopback(entry);
  const std::uint8_t state = !entry.is_up ? kStateDown : is_wire ? kStateUp : kStateUnknown;
  writer.number(IFLA_OPERSTATE, state);
  writer.number(IFLA_MTU, static_cast<std::uint32_t>(entry.mtu));
  writer.number(IFLA_CARRIER, static_cast<std::uint8_t>(entry.is_up ? 1 : 0));
  writer.text(IFLA_QDISC, "noqueue");
  if (!is_wire || !entry.mac.is_unspecified()) {
    const MacAddress everybody = is_wire ? MacAddress::broadcast() : MacAddress{};
    writer.attribute(IFLA_ADDRESS, entry.mac.bytes());
    writer.attribute(IFLA_BROADCAST, everybody.bytes());
  }
  write_statistics<rtnl_link_stats64>(IFLA_STATS64, entry, writer);
  write_statistics<rtnl_link_stats>(IFLA_STATS, entry, writer);
  writer.end();
}

void write_address(const Stack& stack, const AddressEntry& entry, Telling how,
                   MessageWriter& writer) {
  const IpAddress& address = entry.prefix.address();
  ifaddrmsg header{};
  header.ifa_family = family_of(address);
  header.ifa_prefixlen = static_cast<std::uint8_t>(entry.prefix.length());
  header.ifa_flags = static_cast<std::uint8_t>(address_flags(entry));
  header.ifa_scope = scope_of(address);
  header.ifa_index = entry.interface;
  begin(RTM_NEWADDR, how, header, writer);
  writer.attribute(IFA_ADDRESS, wire_bytes(address));
  if (address.is_v4()) {
    writer.attribute(IFA_LOCAL, wire_bytes(address));
    const auto broadcast = entry.prefix.directed_broadcast();
    if (broadcast && !address.is_loopback()) {
      writer.attribute(IFA_BROADCAST, wire_bytes(*broadcast));
    }
    std::array<char, IFNAMSIZ> name{};
    writer.text(IFA_LABEL, name_of(stack, entry.interface, name));
  }
  ifa_cacheinfo life{};
  life.ifa_prefered = entry.state == AddressState::kDeprecated ? 0 : kForEver;
  life.ifa_valid = kForEver;
  writer.number(IFA_CACHEINFO, life);
  writer.number(IFA_FLAGS, address_flags(entry));
  writer.end();
}

void write_route(const Stack& stack, const RouteEntry& route, Telling how, MessageWriter& writer) {
  const Link link = link_of(stack, route);
  const bool is_ours = link.interface == stack::kLoopbackId;
  const bool has_gateway = !route.gateway.is_unspecified();
  rtmsg header{};
  header.rtm_family = family_of(route.destination.address());
  header.rtm_dst_len = static_cast<std::uint8_t>(route.destination.length());
  header.rtm_table = is_ours ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
  header.rtm_protocol = protocol_of(route.origin);
  header.rtm_type = is_ours ? RTN_LOCAL : RTN_UNICAST;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  if (route.destination.is_v4() && is_ours) header.rtm_scope = RT_SCOPE_HOST;
  if (route.destination.is_v4() && !is_ours && !has_gateway) header.rtm_scope = RT_SCOPE_LINK;
  begin(RTM_NEWROUTE, how, header, writer);
  writer.number(RTA_TABLE, std::uint32_t{header.rtm_table});
  if (route.destination.length() != 0) {
    writer.attribute(RTA_DST, wire_bytes(route.destination.network().address()));
  }
  if (has_gateway) writer.attribute(RTA_GATEWAY, wire_bytes(route.gateway));
  if (link.source) writer.attribute(RTA_PREFSRC, wire_bytes(*link.source));
  writer.number(RTA_OIF, std::uint32_t{link.interface});
  if (route.metric != 0) writer.number(RTA_PRIORITY, route.metric);
  writer.end();
}

void write_links(const Stack& stack, MessageWriter& writer) {
  stack.for_each_interface(
      [&](const InterfaceEntry& entry) { write_link(entry, Telling::kDumped, writer); });
}

void write_addresses(const Stack& stack, int family, MessageWriter& writer) {
  stack.for_each_address([&](const AddressEntry& entry) {
    if (!is_of_family(entry.prefix.address(), family)) return;
    write_address(stack, entry, Telling::kDumped, writer);
  });
}

void write_routes(const Stack& stack, int family, MessageWriter& writer) {
  stack.for_each_route([&](const RouteEntry& route) {
    if (!is_of_family(route.destination.address(), family)) return;
    write_route(stack, route, Telling::kDumped, writer);
  });
}

void write_neighbor(const NeighborEntry& entry, Telling how, MessageWriter& writer) {
  ndmsg header{};
  header.ndm_family = family_of(entry.address);
  header.ndm_ifindex = entry.interface;
  header.ndm_state = state_of(entry.state);
  header.ndm_flags = entry.is_router ? NTF_ROUTER : 0;
  header.ndm_type = RTN_UNICAST;
  begin(RTM_NEWNEIGH, how, header, writer);
  writer.attribute(NDA_DST, wire_bytes(entry.address));
  if (!entry.mac.is_unspecified()) writer.attribute(NDA_LLADDR, entry.mac.bytes());
  writer.end();
}

void write_neighbors(const Stack& stack, int family, Time now, MessageWriter& writer) {
  stack.for_each_neighbor(now, [&](const NeighborEntry& entry) {
    if (is_of_family(entry.address, family)) write_neighbor(entry, Telling::kDumped, writer);
  });
}

int write_route_to(Stack& stack, const IpAddress& destination, MessageWriter& writer) {
  const auto departure = stack::depart(stack.core(), {.destination = destination});
  if (!departure) return -posix::errno_of(departure.error());
  rtmsg header{};
  header.rtm_family = family_of(destination);
  header.rtm_dst_len = destination.is_v4() ? 32 : 128;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_type = type_of(departure->kind);
  header.rtm_flags = RTM_F_CLONED;
  writer.begin(RTM_NEWROUTE, 0, header);
  writer.number(RTA_TABLE, std::uint32_t{RT_TABLE_MAIN});
  writer.attribute(RTA_DST, wire_bytes(destination));
  const bool has_gateway =
      departure->kind == stack::Departure::Kind::kUnicast && departure->next_hop != destination;
  if (has_gateway) writer.attribute(RTA_GATEWAY, wire_bytes(departure->next_hop));
  writer.number(RTA_OIF, std::uint32_t{departure->interface->id});
  writer.attribute(RTA_PREFSRC, wire_bytes(departure->source));
  writer.end();
  return 0;
}

}  // namespace strata::attach
