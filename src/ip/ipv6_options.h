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

namespace strata::ip {

struct Ipv6FragmentHeader {
  std::size_t at = 0;              // of the fragment header, from the IPv6 header
  std::size_t next_header_at = 0;  // of the byte that says 44
  std::uint8_t next_header = 0;
  std::uint16_t offset = 0;  // bytes
  bool more = false;
  std::uint32_t identification = 0;

  // RFC 6946: a whole packet that only looks like a fragment.
  [[nodiscard]] constexpr bool is_atomic() const { return offset == 0 && !more; }
};

struct Ipv6Headers {
  std::uint8_t protocol = 0;       // the first header that is no extension (59: nothing follows)
  std::size_t payload_offset = 0;  // where it begins
  std::size_t protocol_at = 0;     // of the byte that named it, for Parameter Problem code 1
  // The walk stops at a fragment header of a real fragment; an atomic one is walked through.
  std::optional<Ipv6FragmentHeader> fragment;
  bool router_alert = false;  // RFC 2711
  std::optional<std::uint16_t> router_alert_value;
  bool has_routing_header = false;

  DropReason drop = DropReason::kNone;
  std::optional<ParameterProblem> problem;  // due with the drop; multicast rules are applied
};

enum class Ipv6HeaderScope : std::uint8_t {
  kDestination,  // the packet is ours: all headers
  kForwarder,    // only the hop-by-hop options
};

// `packet` begins with a valid IPv6 header (wire::Ipv6View::parse) and is its first slice.
[[nodiscard]] Ipv6Headers walk_ipv6_headers(Bytes packet, Ipv6HeaderScope scope);

}  // namespace strata::ip
