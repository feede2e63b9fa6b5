// SPDX-License-Identifier: Apache-2.0
// What a middlebox makes out in an ICMP error: whose packet it is that the error quotes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "strata/address.h"
#include "strata/packet.h"

namespace strata::sim {

struct ErrorSight {
  std::size_t network = 0;           // where the IP header stands in the frame
  std::size_t message = 0;           // and that of ICMP
  std::size_t quote = 0;             // and the IP header of the quoted packet
  std::size_t quoted_transport = 0;  // and what follows that
  std::size_t end = 0;               // of the packet; padding may follow
  std::uint8_t protocol = 0;         // quoted, TCP or UDP
  Endpoint source{};                 // of the quoted packet
  Endpoint destination{};
};

// Nothing: no ICMP error of IPv4, or one that quotes a fragment, another protocol, or no ports.
[[nodiscard]] std::optional<ErrorSight> look_into_error(const Packet& frame);

// RFC 5508 4: one end of the quoted packet becomes another. The checksums follow, those of the
// quote as far as it goes.
enum class QuotedEnd : std::uint8_t { kSource, kDestination };
void rewrite_quote(Packet& frame, const ErrorSight& sight, QuotedEnd which, const Endpoint& by);

}  // namespace strata::sim
