// SPDX-License-Identifier: Apache-2.0
// From an IPv6 header to its upper-layer protocol: every extension header on the way is judged
// (RFC 8200 4, RFC 5095, RFC 7045).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "ip/problem.h"
#include "strata/bytes.h"
#include "strata/drop_reason.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"

namespace strata::ip {

struct Ipv6FragmentPlace {
  std::size_t at = 0;              // of the fragment header, from the IPv6 header
  std::size_t next_header_at = 0;  // of the byte that says 44
  wire::Ipv6FragmentHeader header{};

  // Where the fragment's bytes begin.
  [[nodiscard]] constexpr std::size_t payload_at() const {
    return at + wire::Ipv6FragmentLayout::kSize;
  }
};

struct Ipv6Headers {
  std::uint8_t protocol = 0;       // the first header that is no extension (59: nothing follows)
  std::size_t payload_offset = 0;  // where it begins
  std::size_t protocol_at = 0;     // of the byte that named it, for Parameter Problem code 1
  // Set for a real fragment, whose walk ends here. RFC 6946: an atomic fragment is a whole packet
  // and is walked through.
  std::optional<Ipv6FragmentPlace> fragment{};
  std::optional<std::uint16_t> router_alert{};  // RFC 2711
  bool has_routing_header = false;

  DropReason drop = DropReason::kNone;
  std::optional<ParameterProblem> problem{};  // due with the drop; multicast rules are applied
};

// The IPv6 header and the longest chain of extension headers that is followed.
inline constexpr std::size_t kIpv6HeadersMax =
    wire::Ipv6Layout::kSize + wire::Ipv6ChainLimits{}.bytes;

enum class Ipv6HeaderScope : std::uint8_t {
  kDestination,  // the packet is ours: every header up to one that only a handler can read
  kForwarder,    // only the hop-by-hop options
};

// `packet` begins with an IPv6 header and holds all extension headers: the caller has pulled
// kIpv6HeadersMax bytes, or all there are, into the first slice. AH and the headers of mobility
// protocols end the walk as an upper layer would: who registers a handler for them reads them.
[[nodiscard]] Ipv6Headers walk_ipv6_headers(Bytes packet, Ipv6HeaderScope scope);

}  // namespace strata::ip
