// SPDX-License-Identifier: Apache-2.0
// rewrite(): the one way to change addresses and ports of a packet on its way through hooks.
#pragma once

#include <cstdint>
#include <optional>

#include "strata/address.h"
#include "strata/packet.h"

namespace strata {

// What to change. Ports are those of TCP, UDP and what else begins with two of them.
struct Rewrite {
  std::optional<IpAddress> source = std::nullopt;
  std::optional<IpAddress> destination = std::nullopt;
  std::optional<std::uint16_t> source_port = std::nullopt;
  std::optional<std::uint16_t> destination_port = std::nullopt;
};

// The packet begins with its IP header and is no later fragment. Checksums stay as true as they
// were: finished ones are updated by what changed (RFC 1624), a partial one by the addresses alone,
// and UDP over IPv4 without one stays without. False, with the packet untouched: its headers are
// not in a writable first slice, it is of the other family, or it has no ports to change.
[[nodiscard]] bool rewrite(Packet& packet, const Rewrite& change);

}  // namespace strata
