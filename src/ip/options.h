// SPDX-License-Identifier: Apache-2.0
// What a host or a router does about the options of an IPv4 header: RFC 791, 1122, 1812, 7126.
#pragma once

#include <cstdint>
#include <optional>

#include "ip/problem.h"
#include "strata/address.h"
#include "strata/bytes.h"
#include "strata/drop_reason.h"

namespace strata::ip {

enum class OptionRole : std::uint8_t { kDestination, kForwarder };

struct Ipv4OptionsQuery {
  OptionRole role = OptionRole::kDestination;
  IpAddress own_address{};               // what a recorded route or timestamp shows of us
  std::uint32_t milliseconds_today = 0;  // since midnight UT; see has_wall_clock
  bool has_wall_clock = false;           // false: timestamps set the high bit (RFC 791 3.1)
  bool accepts_source_routes = false;    // RFC 7126 4.3: drop by default
};

struct Ipv4OptionsOutcome {
  DropReason drop = DropReason::kNone;
  std::optional<ParameterProblem> problem{};  // an ICMP Parameter Problem (code 0) is due
  bool source_route_failed = false;           // Destination Unreachable code 5 is due (RFC 1122)
  bool router_alert = false;                  // RFC 2113: look at it even when forwarding
  bool changed = false;                       // the checksum has been set anew
};

// `header` is the whole IPv4 header, in a buffer that may be written. Options that ask for
// something are filled in place. An unknown option is skipped (RFC 1122 3.2.1.8).
[[nodiscard]] Ipv4OptionsOutcome process_ipv4_options(MutableBytes header,
                                                      const Ipv4OptionsQuery& query);

}  // namespace strata::ip
