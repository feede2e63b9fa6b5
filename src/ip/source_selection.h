// SPDX-License-Identifier: Apache-2.0
// Which of our addresses a packet leaves with, and in which order to try those of a name: RFC 6724.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "ip/address_list.h"
#include "strata/address.h"

// Both are comparisons of pairs: walk the rules in order, the first that tells the two apart
// decides. The functions are pure: the caller brings addresses, policy and what routes say.

namespace strata::ip {

struct Policy {
  Prefix prefix{};  // IPv4 as v4-mapped: its own family's prefixes, e.g. 0.0.0.0/0
  std::uint8_t precedence = 0;
  std::uint8_t label = 0;
};

// RFC 6724 2.1. ::ffff:0:0/96 is 0.0.0.0/0 here.
extern const std::array<Policy, 9> kDefaultPolicies;

// The longest matching prefix wins; addresses without one get precedence 1 and no label.
class PolicyTable {
 public:
  constexpr PolicyTable() = default;
  explicit constexpr PolicyTable(std::span<const Policy> policies) : policies_(policies) {}
  [[nodiscard]] Policy lookup(const IpAddress& address) const;

 private:
  std::span<const Policy> policies_ = kDefaultPolicies;
};

struct SourceQuery {
  IpAddress destination{};
  InterfaceId interface = kNoInterface;  // it leaves through this one
  IpAddress next_hop{};                  // rule 5.5: prefer prefixes this router advertised
  bool prefers_temporary = true;         // rule 7; a socket may turn it round (RFC 5014)
  PolicyTable policies{};
};

// The better of `best` (may be null) and `candidates`, of which unusable ones and those of the
// other family are left out. RFC 6724 4: pass the addresses of the outgoing interface; for a
// destination that is neither link-local nor multicast other interfaces may be folded in after.
// IPv4: an address whose prefix holds the next hop, else the interface's first.
[[nodiscard]] const InterfaceAddress* select_source(const SourceQuery& query,
                                                    std::span<const InterfaceAddress> candidates,
                                                    const InterfaceAddress* best = nullptr);

// RFC 6724 3.1: the scope of a unicast or multicast address, in the numbers of multicast scopes.
[[nodiscard]] unsigned scope_of(const IpAddress& address);
// RFC 6724 2.2, up to the length of the source's prefix.
[[nodiscard]] unsigned common_prefix_length(const IpAddress& a, const IpAddress& b);

struct DestinationCandidate {
  IpAddress destination{};
  std::optional<IpAddress> source = std::nullopt;  // what select_source chose; none: unreachable
  std::uint8_t source_prefix_length = 64;
  bool source_is_deprecated = false;
  bool source_is_home = false;
  bool is_encapsulated = false;  // rule 7: reached through a transition mechanism
};

// RFC 6724 6, stable: what no rule tells apart keeps the order of the resolver.
void order_destinations(std::span<DestinationCandidate> candidates, PolicyTable policies = {});

}  // namespace strata::ip
