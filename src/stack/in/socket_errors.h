// SPDX-License-Identifier: Apache-2.0
// Errors about packets we sent, told to the sockets that sent them.
#pragma once

#include "icmp/error_report.h"
#include "stack/core.h"
#include "stack/in/arrival.h"

namespace strata::stack {

// An ICMP error came in. False when it concerns nothing that we sent (RFC 5927).
[[nodiscard]] bool tell_socket(Core& core, const icmp::ErrorReport& report, const Arrival& arrival,
                               Time now);

// A packet of our own could not leave.
void tell_own_socket(Core& core, const Packet& packet, const Arrival& header, Error error,
                     Time now);

}  // namespace strata::stack
