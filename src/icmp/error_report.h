// SPDX-License-Identifier: Apache-2.0
// ErrorReport: what a received ICMP error says, about which packet of ours.
#pragma once

#include <cstdint>
#include <optional>

#include "strata/address.h"
#include "strata/bytes.h"
#include "strata/error.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"

namespace strata::icmp {

struct ErrorReport {
  // The quoted packet, as we sent it. The ports of an echo request are its identifier and its
  // sequence number.
  IpAddress source;
  IpAddress destination;
  std::uint8_t protocol = 0;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t tcp_sequence = 0;  // for TCP: which bytes it carried
  std::uint32_t quoted_size = 0;   // total length of the packet that was sent
  Bytes quoted{};                  // behind its IP header, inside the error: gone when that is

  Error error = Error::kHostUnreachable;
  bool is_hard = false;  // RFC 1122 4.2.3.9: not a passing condition
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  // kPacketTooBig only: the next hop's MTU; 0 where the router did not tell (RFC 1191 5).
  std::optional<std::uint32_t> mtu = std::nullopt;
};

// None when the quoted packet is too short, or too odd, to name what sent it.
[[nodiscard]] std::optional<ErrorReport> read_report(const wire::Icmpv4ErrorView& error);
[[nodiscard]] std::optional<ErrorReport> read_report(const wire::Icmpv6ErrorView& error);

}  // namespace strata::icmp
