// SPDX-License-Identifier: Apache-2.0
// UDP out: one datagram, or bytes to be cut into several.
#pragma once

#include <span>

#include "stack/core.h"

namespace strata::stack {

// Sends the parts as one datagram. An unbound socket gets an ephemeral port. Answers the payload
// bytes sent.
Result<std::size_t> send_udp(Core& core, udp::Socket& socket, std::span<const Bytes> parts,
                             const SendChoices& choices, Time now);

// Not from an address that is not ours yet (free_bind).
[[nodiscard]] bool may_send_from(const Core& core, const udp::Socket& socket);

// The address a connected socket will speak from.
[[nodiscard]] Result<IpAddress> source_towards(Core& core, const Endpoint& remote,
                                               InterfaceId interface);

// What a socket sends there arrives, its program says (RFC 4861 7.3.1, RFC 1122 2.3.2.1).
void confirm_way_towards(Core& core, const Endpoint& remote, InterfaceId interface, Time now);

}  // namespace strata::stack
