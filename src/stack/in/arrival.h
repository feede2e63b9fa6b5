// SPDX-License-Identifier: Apache-2.0
// Arrival: what the IP layer has read of a packet, told to the steps behind it.
#pragma once

#include <cstdint>

#include "icmp/error_policy.h"
#include "ip/local_addresses.h"
#include "stack/interface.h"
#include "strata/address.h"

namespace strata::stack {

enum class DestinationKind : std::uint8_t {
  kUnicast,
  kBroadcast,  // limited or directed
  kMulticast,
};

struct Arrival {
  Interface* interface = nullptr;
  IpAddress source{};
  IpAddress destination{};
  const ip::LocalAddress* ours = nullptr;  // what the destination is of this host; null: nothing
  DestinationKind kind = DestinationKind::kUnicast;
  std::uint8_t protocol = 0;
  std::uint8_t hop_limit = 0;
  std::uint8_t traffic_class = 0;
  std::uint16_t header_length = 0;  // where the transport header begins
  std::uint32_t protocol_at = 0;    // IPv6: the byte that named the protocol
  bool router_alert = false;
  bool is_v4_fragment = false;  // a part of an IPv4 datagram, the first one included
  bool is_later_fragment = false;

  [[nodiscard]] bool is_v4() const { return destination.is_v4(); }
  [[nodiscard]] bool is_to_group() const { return kind != DestinationKind::kUnicast; }
  // To whichever router is nearest: not an address to answer from (RFC 4443 2.2).
  [[nodiscard]] bool is_to_anycast() const {
    return ours != nullptr && ours->kind == ip::LocalKind::kAnycast;
  }
};

}  // namespace strata::stack
