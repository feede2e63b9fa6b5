// SPDX-License-Identifier: Apache-2.0
// ICMP out: errors about packets, echo replies.
#pragma once

#include "icmp/error_policy.h"
#include "stack/core.h"
#include "stack/in/arrival.h"

namespace strata::stack {

// Tells the sender of `offender` (from its IP header on) what happened to it, unless the rules or
// the rate limits forbid it.
void send_icmp_error(Core& core, const Packet& offender, const Arrival& arrival,
                     const icmp::ErrorContent& content, Time now);
// The same for a packet of our own making or one parked long ago: its header is read again.
void send_icmp_error(Core& core, const Packet& offender, Interface& interface,
                     const icmp::ErrorContent& content, Time now);

// Answers an echo request in its own buffers.
void send_echo_reply(Core& core, PacketPtr request, const Arrival& arrival, Time now);

// A redirect (RFC 1812 5.2.7.2, RFC 4861 8.2) to the sender of `offender`.
void send_redirect(Core& core, const Packet& offender, const Arrival& arrival,
                   const IpAddress& better_hop, Time now);

}  // namespace strata::stack
