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

}  // namespace strata::stack
