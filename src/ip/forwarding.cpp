// SPDX-License-Identifier: Apache-2.0
#include "ip/forwarding.h"

namespace strata::ip {
namespace {

[[nodiscard]] ForwardDecision refuse(DropReason reason, ForwardError error = ForwardError::kNone) {
  return {.drop = reason, .error = error};
}

// What the addresses alone rule out, before a route is asked for.
[[nodiscard]] DropReason address_objection(const ForwardQuery& query) {
  const bool is_v4 = query.destination.is_v4();
  if (is_martian_source(query.source)) {
    return is_v4 ? DropReason::kIpv4BadSource : DropReason::kIpv6BadSource;
  }
  if (is_martian_destination(query.destination)) {
    return is_v4 ? DropReason::kIpv4BadDestination : DropReason::kIpv6BadDestination;
  }
  // Groups are forwarded by a multicast routing protocol, not by this table.
  if (query.destination.is_multicast()) return DropReason::kMulticastNotJoined;
  // RFC 1812 5.3.4: unicast that came in a link-layer broadcast must not multiply.
  if (query.is_link_multicast) return DropReason::kNotLocalAndNotForwarding;
  // RFC 3927 7, RFC 4291 2.5.6.
  if (query.destination.is_link_local()) return DropReason::kLinkLocalForwarded;
  // RFC 2644: a directed broadcast is not expanded unless somebody asked for it.
  if (query.is_directed_broadcast && !query.allows_directed_broadcast) {
    return DropReason::kNotLocalAndNotForwarding;
  }
  return DropReason::kNone;
}

// RFC 1812 5.2.7.2 and RFC 4861 8.2: only when the packet leaves the way it came, and the source
// is a neighbour that could use a better first hop itself.
[[nodiscard]] std::optional<IpAddress> better_first_hop(const ForwardQuery& query) {
  const bool goes_back = query.route->interface == query.arrived;
  if (!goes_back || !query.is_source_on_arrival_link) return std::nullopt;
  const IpAddress& next_hop = query.route->next_hop(query.destination);
  if (next_hop == query.source) return std::nullopt;
  // RFC 4861 8.2: the target is a router's link-local address, or the destination itself.
  const bool is_v6_global_router =
      next_hop.is_v6() && !next_hop.is_link_local() && next_hop != query.destination;
  if (is_v6_global_router) return std::nullopt;
  return next_hop;
}

}  // namespace

ForwardDecision decide_forwarding(const ForwardQuery& query) {
  if (const DropReason reason = address_objection(query); reason != DropReason::kNone) {
    return refuse(reason);
  }
  // RFC 1812 5.3.1, RFC 8200 3: what arrives with one hop left ends here.
  if (query.hop_limit <= 1) return refuse(DropReason::kTtlExpired, ForwardError::kTimeExceeded);
  if (query.route == nullptr) return refuse(DropReason::kNoRoute, ForwardError::kNoRoute);
  if (query.source.is_link_local()) {
    // RFC 4291 2.5.6. ICMPv6 can say so (RFC 4443 3.1 code 2); ICMPv4 has no word for it.
    const bool crosses = query.route->interface != query.arrived || query.source.is_v4();
    if (crosses) {
      return refuse(DropReason::kLinkLocalForwarded,
                    query.source.is_v6() ? ForwardError::kBeyondScope : ForwardError::kNone);
    }
  }
  ForwardDecision decision;
  if (query.size > query.mtu) {
    if (!query.may_fragment) {
      return {.drop = DropReason::kPacketTooBig,
              .error = ForwardError::kPacketTooBig,
              .mtu = query.mtu};
    }
    decision.needs_fragmentation = true;
  }
  decision.redirect_to = better_first_hop(query);
  return decision;
}

bool is_martian_source(const IpAddress& source) {
  // RFC 1122 3.2.1.3, RFC 1812 5.3.7, RFC 4291 2.5.2, 2.5.3 and 2.7.
  if (source.is_unspecified() || source.is_loopback() || source.is_multicast()) return true;
  if (!source.is_v4()) return false;
  const bool is_this_network = source.v4_value() >> 24U == 0;
  return is_this_network || source.is_limited_broadcast() || source.is_reserved_v4();
}

bool is_martian_destination(const IpAddress& destination) {
  if (destination.is_unspecified() || destination.is_loopback()) return true;
  if (!destination.is_v4()) {
    // RFC 4291 2.7: scope 0 is reserved, scope 1 never leaves its interface.
    return destination.is_multicast() && destination.multicast_scope() <= 1;
  }
  const bool is_this_network = destination.v4_value() >> 24U == 0;
  return is_this_network || destination.is_limited_broadcast() || destination.is_reserved_v4();
}

}  // namespace strata::ip
