// SPDX-License-Identifier: Apache-2.0
// Which packets an ICMP error may be sent about, and what such an error says.
#pragma once

#include <cstddef>
#include <cstdint>

#include "strata/address.h"

namespace strata::icmp {

enum class ErrorKind : std::uint8_t {
  kNoRoute,
  kHostUnreachable,
  kBeyondScope,
  kProhibited,
  kProtocolUnreachable,  // ICMPv6 says it as a parameter problem
  kPortUnreachable,
  kPacketTooBig,
  kSourceRouteFailed,  // IPv4 only
  kHopLimitExceeded,
  kReassemblyTimeout,
  kParameterProblem,
};

// What is to be said about a packet.
struct ErrorContent {
  ErrorKind kind = ErrorKind::kNoRoute;
  std::uint32_t mtu = 0;          // kPacketTooBig
  std::uint8_t problem_code = 0;  // kParameterProblem
  std::uint32_t pointer = 0;      // kParameterProblem and, for ICMPv6, kProtocolUnreachable
};

// What is known of the packet that caused it.
struct Offense {
  IpAddress source;
  IpAddress destination;
  std::uint8_t protocol = 0;
  bool is_icmp_error = false;      // itself an ICMP error, or a redirect
  bool is_later_fragment = false;  // its offset is not zero
  bool is_link_multicast = false;  // came to a group or to all stations of the link
  bool is_directed_broadcast = false;
  bool is_from_ourselves = false;  // never left this host: 127/8 and ::1 are hosts there
};

// The "never answer" rules of RFC 1122 3.2.2, RFC 1812 4.3.2.7 and RFC 4443 2.4 (e).
[[nodiscard]] bool may_answer(const Offense& offense, const ErrorContent& content);

// The first eight bytes of the message, checksum zero.
struct ErrorWords {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t rest = 0;

  friend constexpr bool operator==(const ErrorWords&, const ErrorWords&) = default;
};
[[nodiscard]] ErrorWords words_v4(const ErrorContent& content);
[[nodiscard]] ErrorWords words_v6(const ErrorContent& content);

// How much of the offending packet is quoted: as much as keeps the error within 576 bytes
// (RFC 1812 4.3.2.3) or the IPv6 minimum MTU (RFC 4443 2.4 (c)).
[[nodiscard]] constexpr std::size_t quote_size(bool is_v4, std::size_t packet_size) {
  const std::size_t most = is_v4 ? 576 - 20 - 8 : 1280 - 40 - 8;
  return packet_size < most ? packet_size : most;
}

}  // namespace strata::icmp
