// SPDX-License-Identifier: Apache-2.0
// May this packet be forwarded, and what is its sender told if not: RFC 1812 5, RFC 4291, RFC 8200.
#pragma once

#include <cstdint>
#include <optional>

#include "ip/route.h"
#include "strata/address.h"
#include "strata/drop_reason.h"

namespace strata::ip {

// What a router tells the source; the stack turns it into ICMPv4 or ICMPv6.
enum class ForwardError : std::uint8_t {
  kNone,
  kTimeExceeded,  // TTL or hop limit is used up
  kNoRoute,       // network unreachable; ICMPv6 code 0
  kBeyondScope,   // RFC 4443 3.1 code 2: the source's scope ends here
  kPacketTooBig,  // with mtu; ICMPv4 fragmentation needed
};

struct ForwardQuery {
  IpAddress source{};
  IpAddress destination{};
  std::uint8_t hop_limit = 0;  // as it came
  InterfaceId arrived = kNoInterface;
  bool is_link_multicast = false;  // the frame was not addressed to us alone
  bool may_fragment = false;       // IPv4 without DF
  std::uint32_t size = 0;          // of what will be sent: with segmentation notes, one segment
  const Route* route = nullptr;
  std::uint32_t mtu = 0;                   // of the outgoing link, or of the route
  bool is_source_on_arrival_link = false;  // the source shares a prefix with the arrival link
  bool allows_directed_broadcast = false;  // RFC 2644: off unless somebody asks for it
  bool is_directed_broadcast = false;      // the destination is that of a connected prefix
};

struct ForwardDecision {
  DropReason drop = DropReason::kNone;
  ForwardError error = ForwardError::kNone;
  std::uint32_t mtu = 0;             // with kPacketTooBig
  bool needs_fragmentation = false;  // IPv4 only
  // RFC 1812 5.2.7.2, RFC 4861 8.2: the better first hop, when the packet goes out where it came
  // in and its source could have sent it there itself.
  std::optional<IpAddress> redirect_to = std::nullopt;

  [[nodiscard]] constexpr bool may_forward() const { return drop == DropReason::kNone; }
};

[[nodiscard]] ForwardDecision decide_forwarding(const ForwardQuery& query);

// RFC 1812 5.3.7: addresses no packet on a wire may carry as its source.
[[nodiscard]] bool is_martian_source(const IpAddress& source);
// The same for destinations.
[[nodiscard]] bool is_martian_destination(const IpAddress& destination);

}  // namespace strata::ip
