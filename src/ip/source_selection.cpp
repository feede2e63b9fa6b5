// SPDX-License-Identifier: Apache-2.0
#include "ip/source_selection.h"

#include <algorithm>
#include <bit>

namespace strata::ip {
namespace {

constexpr unsigned kInterfaceLocalScope = 1;
constexpr unsigned kLinkLocalScope = 2;
constexpr unsigned kSiteLocalScope = 5;
constexpr unsigned kGlobalScope = 14;

[[nodiscard]] bool is_site_local(const IpAddress& address) {  // fec0::/10, deprecated
  return address.high() >> 54U == 0xfec0U >> 6U;
}

// Each rule tells which of two it prefers: negative for a, positive for b, zero for neither.
[[nodiscard]] constexpr int prefer(bool a, bool b) { return int{b} - int{a}; }

[[nodiscard]] unsigned match_length(const InterfaceAddress& source, const IpAddress& destination) {
  // RFC 6724 2.2: bits beyond the source's prefix are not compared.
  return std::min<unsigned>(common_prefix_length(source.address, destination),
                            source.prefix_length);
}

// RFC 6724 5, rule 2: the smaller scope, unless it is too small for the destination.
[[nodiscard]] int compare_scopes(unsigned a, unsigned b, unsigned destination) {
  if (a < b) return a < destination ? 1 : -1;
  if (b < a) return b < destination ? -1 : 1;
  return 0;
}

[[nodiscard]] int compare_sources_v6(const InterfaceAddress& a, const InterfaceAddress& b,
                                     const SourceQuery& query) {
  const IpAddress& destination = query.destination;
  // Rule 1: the destination itself.
  if (const int order = prefer(a.address == destination, b.address == destination)) return order;
  // Rule 2: appropriate scope.
  if (const int order =
          compare_scopes(scope_of(a.address), scope_of(b.address), scope_of(destination))) {
    return order;
  }
  // Rule 3: not deprecated.
  if (const int order =
          prefer(a.state != AddressState::kDeprecated, b.state != AddressState::kDeprecated)) {
    return order;
  }
  // Rule 4: a home address over a care-of address; an address that is both over either.
  if (const int order = prefer(a.is_home && a.is_care_of, b.is_home && b.is_care_of)) return order;
  if (const int order = prefer(a.is_home || !a.is_care_of, b.is_home || !b.is_care_of)) {
    return order;
  }
  // Rule 5: the outgoing interface's own.
  if (const int order = prefer(a.interface == query.interface, b.interface == query.interface)) {
    return order;
  }
  // Rule 5.5: from a prefix the next hop advertised.
  if (!query.next_hop.is_unspecified()) {
    if (const int order =
            prefer(a.advertised_by == query.next_hop, b.advertised_by == query.next_hop)) {
      return order;
    }
  }
  // Rule 6: matching label.
  const std::uint8_t label = query.policies.lookup(destination).label;
  if (const int order = prefer(query.policies.lookup(a.address).label == label,
                               query.policies.lookup(b.address).label == label)) {
    return order;
  }
  // Rule 7: temporary addresses, or public ones where the caller asked for them.
  const bool a_temporary = a.origin == AddressOrigin::kTemporary;
  const bool b_temporary = b.origin == AddressOrigin::kTemporary;
  if (const int order = query.prefers_temporary ? prefer(a_temporary, b_temporary)
                                                : prefer(!a_temporary, !b_temporary)) {
    return order;
  }
  // Rule 8: the longest match.
  return static_cast<int>(match_length(b, destination)) -
         static_cast<int>(match_length(a, destination));
}

// RFC 1122 3.3.4.3 leaves IPv4 to us: what the next hop can answer directly, then the order in
// which addresses were given.
[[nodiscard]] int compare_sources_v4(const InterfaceAddress& a, const InterfaceAddress& b,
                                     const SourceQuery& query) {
  const IpAddress& destination = query.destination;
  const IpAddress& next_hop = query.next_hop.is_unspecified() ? query.destination : query.next_hop;
  if (const int order = prefer(a.address == destination, b.address == destination)) return order;
  if (const int order = prefer(a.interface == query.interface, b.interface == query.interface)) {
    return order;
  }
  if (const int order = prefer(a.prefix().contains(next_hop), b.prefix().contains(next_hop))) {
    return order;
  }
  return prefer(a.state != AddressState::kDeprecated, b.state != AddressState::kDeprecated);
}

[[nodiscard]] bool has_matching_label(const DestinationCandidate& candidate,
                                      const PolicyTable& policies) {
  return policies.lookup(*candidate.source).label == policies.lookup(candidate.destination).label;
}

[[nodiscard]] int compare_destinations(const DestinationCandidate& a, const DestinationCandidate& b,
                                       const PolicyTable& policies) {
  // Rule 1: usable.
  if (const int order = prefer(a.source.has_value(), b.source.has_value())) return order;
  if (a.source) {
    // Rule 2: matching scope.
    if (const int order = prefer(scope_of(a.destination) == scope_of(*a.source),
                                 scope_of(b.destination) == scope_of(*b.source))) {
      return order;
    }
    // Rule 3: no deprecated source.
    if (const int order = prefer(!a.source_is_deprecated, !b.source_is_deprecated)) return order;
    // Rule 4: a home address as the source.
    if (const int order = prefer(a.source_is_home, b.source_is_home)) return order;
    // Rule 5: matching label.
    if (const int order =
            prefer(has_matching_label(a, policies), has_matching_label(b, policies))) {
      return order;
    }
  }
  // Rule 6: higher precedence.
  const int precedence_a = policies.lookup(a.destination).precedence;
  const int precedence_b = policies.lookup(b.destination).precedence;
  if (precedence_a != precedence_b) return precedence_b - precedence_a;
  // Rule 7: native transport.
  if (const int order = prefer(!a.is_encapsulated, !b.is_encapsulated)) return order;
  // Rule 8: smaller scope.
  const auto scope_a = static_cast<int>(scope_of(a.destination));
  const auto scope_b = static_cast<int>(scope_of(b.destination));
  if (scope_a != scope_b) return scope_a - scope_b;
  // Rule 9: the longest match with the source, within a family.
  if (a.source && b.source && a.destination.is_v4() == b.destination.is_v4()) {
    const auto length = [](const DestinationCandidate& c) {
      return static_cast<int>(std::min<unsigned>(common_prefix_length(*c.source, c.destination),
                                                 c.source_prefix_length));
    };
    return length(b) - length(a);
  }
  return 0;  // Rule 10: leave the order.
}

}  // namespace

// RFC 6724 2.1: prefix, precedence, label. A table of values cannot name ::ffff:0:0/96 as IPv6,
// because that is how IPv4 is written here.
constinit const std::array<Policy, 9> kDefaultPolicies{{
    {Prefix(IpAddress::loopback_v6(), 128), 50, 0},
    {Prefix(IpAddress::any_v6(), 0), 40, 1},
    {Prefix(IpAddress::any_v4(), 0), 35, 4},
    {Prefix(IpAddress::v6(0x2002'0000'0000'0000, 0), 16), 30, 2},
    {Prefix(IpAddress::v6(0x2001'0000'0000'0000, 0), 32), 5, 5},
    {Prefix(IpAddress::v6(0xfc00'0000'0000'0000, 0), 7), 3, 13},
    {Prefix(IpAddress::any_v6(), 96), 1, 3},
    {Prefix(IpAddress::v6(0xfec0'0000'0000'0000, 0), 10), 1, 11},
    {Prefix(IpAddress::v6(0x3ffe'0000'0000'0000, 0), 16), 1, 12},
}};

Policy PolicyTable::lookup(const IpAddress& address) const {
  const Policy* best = nullptr;
  for (const Policy& policy : policies_) {
    if (!policy.prefix.contains(address)) continue;
    if (best == nullptr || policy.prefix.length() > best->prefix.length()) best = &policy;
  }
  return best != nullptr ? *best : Policy{{}, 1, 0xff};
}

unsigned scope_of(const IpAddress& address) {
  if (address.is_v4()) {
    // RFC 6724 3.2: link-local and loopback IPv4 have link-local scope, all others global.
    return address.is_link_local() || address.is_loopback() ? kLinkLocalScope : kGlobalScope;
  }
  if (address.is_multicast()) return std::max(address.multicast_scope(), kInterfaceLocalScope);
  if (address.is_link_local() || address.is_loopback()) return kLinkLocalScope;
  return is_site_local(address) ? kSiteLocalScope : kGlobalScope;
}

unsigned common_prefix_length(const IpAddress& a, const IpAddress& b) {
  if (a.is_v4() != b.is_v4()) return 0;
  if (a.is_v4()) return static_cast<unsigned>(std::countl_zero(a.v4_value() ^ b.v4_value()));
  const std::uint64_t high = a.high() ^ b.high();
  if (high != 0) return static_cast<unsigned>(std::countl_zero(high));
  return 64U + static_cast<unsigned>(std::countl_zero(a.low() ^ b.low()));
}

const InterfaceAddress* select_source(const SourceQuery& query,
                                      std::span<const InterfaceAddress> candidates,
                                      const InterfaceAddress* best) {
  const bool is_v4 = query.destination.is_v4();
  for (const InterfaceAddress& candidate : candidates) {
    if (candidate.address.is_v4() != is_v4 || !candidate.is_usable()) continue;
    if (best == nullptr) {
      best = &candidate;
      continue;
    }
    const int order = is_v4 ? compare_sources_v4(*best, candidate, query)
                            : compare_sources_v6(*best, candidate, query);
    if (order > 0) best = &candidate;
  }
  return best;
}

// Insertion sort: the lists are those of one name, and equal elements keep their order.
void order_destinations(std::span<DestinationCandidate> candidates, PolicyTable policies) {
  for (std::size_t end = 1; end < candidates.size(); ++end) {
    for (std::size_t at = end; at > 0; --at) {
      if (compare_destinations(candidates[at - 1], candidates[at], policies) <= 0) break;
      std::swap(candidates[at - 1], candidates[at]);
    }
  }
}

}  // namespace strata::ip
