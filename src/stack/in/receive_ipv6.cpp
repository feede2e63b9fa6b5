// SPDX-License-Identifier: Apache-2.0
// RFC 8200, RFC 4291 2.5 to 2.8.
#include <algorithm>

#include "ip/forwarding.h"
#include "ip/ipv6_options.h"
#include "stack/forward.h"
#include "stack/in/deliver.h"
#include "stack/in/receive_ip.h"
#include "stack/out/send_icmp.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"

namespace strata::stack {
namespace {

DropReason ipv6_drop_reason_of(wire::ParseError error) {
  switch (error) {
    case wire::ParseError::kTooShort: return DropReason::kIpv6TooShort;
    case wire::ParseError::kBadVersion: return DropReason::kIpv6BadVersion;
    default: return DropReason::kIpv6BadLength;
  }
}

// RFC 4291 2.5.2, 2.5.3, 2.7: which addresses must not be seen where.
DropReason check_addresses(const Core& core, const Interface& interface, const Packet& packet,
                           const Arrival& arrival) {
  const IpAddress& source = arrival.source;
  const IpAddress& destination = arrival.destination;
  if (source.is_v4() || destination.is_v4()) return DropReason::kIpv6MappedAddress;
  if (source.is_multicast()) return DropReason::kIpv6BadSource;
  if (destination.is_unspecified()) return DropReason::kIpv6BadDestination;
  if (packet.notes().is_looped_back) return DropReason::kNone;
  if (source.is_loopback()) return DropReason::kIpv6BadSource;
  if (destination.is_loopback()) return DropReason::kIpv6BadDestination;
  if (destination.is_multicast() && destination.multicast_scope() <= 1) {
    return DropReason::kIpv6BadDestination;
  }
  const ip::LocalAddress* ours = core.local.find(source, interface.id);
  // Our own solicitations come back on some links; duplicate detection must not mistake them for
  // another's, and sorts that out by its nonce (RFC 7527), so only usable sources are refused.
  if (ours != nullptr && !ours->is_tentative) return DropReason::kMartianOnLink;
  if (packet.notes().is_link_multicast && !destination.is_multicast()) {
    return DropReason::kIpv6BadDestination;
  }
  return DropReason::kNone;
}

bool walk_headers(Core& core, PacketPtr& packet, Arrival& arrival, ip::Ipv6HeaderScope scope,
                  ip::Ipv6Headers& headers, Time now) {
  headers = ip::walk_ipv6_headers(packet->bytes(), scope);
  if (headers.drop != DropReason::kNone) {
    if (headers.problem) {
      send_icmp_error(core, *packet, arrival,
                      {.kind = icmp::ErrorKind::kParameterProblem,
                       .problem_code = headers.problem->code,
                       .pointer = headers.problem->pointer},
                      now);
    }
    drop(core, std::move(packet), headers.drop);
    return false;
  }
  arrival.protocol = headers.protocol;
  arrival.header_length = static_cast<std::uint16_t>(headers.payload_offset);
  arrival.protocol_at = static_cast<std::uint32_t>(headers.protocol_at);
  arrival.router_alert = headers.router_alert.has_value();
  return true;
}

bool is_extension(std::uint8_t next_header) {
  switch (next_header) {
    case wire::kIpProtocolHopByHop:
    case wire::kIpProtocolRouting:
    case wire::kIpProtocolFragment:
    case wire::kIpProtocolAh:
    case wire::kIpProtocolDestinationOptions:
    case wire::kIpProtocolMobility:
    case wire::kIpProtocolHip:
    case wire::kIpProtocolShim6:
    case wire::kIpProtocolNoNextHeader: return true;
    default: return false;
  }
}

// RFC 6946: a fragment that is the whole is read like any packet; but RFC 6980 5 wants to know.
bool came_as_fragment(const Packet& packet) {
  const auto view = wire::Ipv6View::parse_quoted(packet.bytes());
  return view && wire::find_upper_layer(view->next_header(), view->payload()).fragment.has_value();
}

void deliver_here(Core& core, PacketPtr packet, Arrival& arrival, Time now) {
  if (!is_extension(arrival.protocol)) [[likely]] {
    return deliver(core, std::move(packet), arrival, now);
  }
  ip::Ipv6Headers headers;
  if (!walk_headers(core, packet, arrival, ip::Ipv6HeaderScope::kDestination, headers, now)) {
    return;
  }
  if (headers.fragment) {
    return deliver_fragment_v6(core, std::move(packet), arrival, *headers.fragment, now);
  }
  if (came_as_fragment(*packet)) packet->notes().is_reassembled = true;
  // RFC 8200 4.7: nothing follows, and what does is ignored.
  if (headers.protocol == wire::kIpProtocolNoNextHeader) return;
  deliver(core, std::move(packet), arrival, now);
}

void forward_on(Core& core, PacketPtr packet, Arrival& arrival, Time now) {
  // RFC 8200 4: only the hop-by-hop options concern a router.
  if (arrival.protocol == wire::kIpProtocolHopByHop) {
    ip::Ipv6Headers headers;
    if (!walk_headers(core, packet, arrival, ip::Ipv6HeaderScope::kForwarder, headers, now)) {
      return;
    }
  }
  forward(core, std::move(packet), arrival, now);
}

// RFC 4861 7.3.1: who knows a neighbour verifies it by asking the address itself, and of a proxied
// address the proxy is asked.
bool asks_proxy(const Packet& packet, const Arrival& arrival) {
  const Bytes bytes = packet.bytes();
  return arrival.protocol == wire::kIpProtocolIcmpv6 && bytes.size() > arrival.header_length &&
         std::to_integer<std::uint8_t>(bytes[arrival.header_length]) ==
             static_cast<std::uint8_t>(wire::Icmpv6Type::kNeighborSolicitation) &&
         std::ranges::any_of(
             arrival.interface->neighbors->proxies(),
             [&](const IpAddress& proxied) { return proxied == arrival.destination; });
}

}  // namespace

DropReason check_ipv6(Core& core, Interface& interface, Packet& packet, Arrival& arrival) {
  const auto view = wire::Ipv6View::parse_quoted(packet.bytes());
  if (!view) return ipv6_drop_reason_of(view.error());
  if (view->total_length() > packet.size()) return DropReason::kIpv6BadLength;
  arrival.interface = &interface;
  arrival.source = view->source();
  arrival.destination = view->destination();
  arrival.protocol = view->next_header();
  arrival.hop_limit = view->hop_limit();
  arrival.traffic_class = view->traffic_class();
  arrival.header_length = wire::Ipv6Layout::kSize;
  arrival.protocol_at = wire::Ipv6Layout::NextHeader::kBegin;
  if (const DropReason why = check_addresses(core, interface, packet, arrival);
      why != DropReason::kNone) {
    return why;
  }
  if (arrival.destination.is_multicast()) arrival.kind = DestinationKind::kMulticast;
  arrival.ours = core.local.find(arrival.destination, interface.id);
  packet.truncate(view->total_length());  // what Ethernet padded
  return DropReason::kNone;
}

void receive_ipv6(Core& core, PacketPtr packet, Arrival& arrival, Time now) {
  if (arrival.kind == DestinationKind::kMulticast) {
    if (!arrival.interface->groups->is_member(arrival.destination)) {
      return drop(core, std::move(packet), DropReason::kMulticastNotJoined);
    }
    return deliver_here(core, std::move(packet), arrival, now);
  }
  const ip::LocalAddress* ours = arrival.ours;
  const bool is_loopback = arrival.interface->is_loopback() && arrival.destination.is_loopback();
  if (ours == nullptr && !is_loopback && !asks_proxy(*packet, arrival)) {
    return forward_on(core, std::move(packet), arrival, now);
  }
  // RFC 4862 5.4: a tentative address takes nothing; what concerns it goes to its group.
  if (ours != nullptr && ours->is_tentative) {
    return drop(core, std::move(packet), DropReason::kAddressTentative);
  }
  deliver_here(core, std::move(packet), arrival, now);
}

}  // namespace strata::stack
