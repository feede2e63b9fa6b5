// SPDX-License-Identifier: Apache-2.0
// Errors about packets we sent, told to the sockets that sent them.
#pragma once

#include <cstdint>

#include "icmp/error_report.h"
#include "stack/core.h"
#include "stack/in/arrival.h"

namespace strata::stack {

// An ICMP error came in. False when it concerns nothing that we sent (RFC 5927).
[[nodiscard]] bool tell_socket(Core& core, const icmp::ErrorReport& report, const Arrival& arrival,
                               Time now);

// Why nobody answers for a next hop: it was asked for, or was not, having been silent just before.
enum class Search : std::uint8_t { kInVain, kRefused };

// A packet of our own could not leave, for nobody answers for its next hop.
void tell_of_silent_neighbor(Core& core, const Packet& packet, const Arrival& header, Search search,
                             Time now);

}  // namespace strata::stack
