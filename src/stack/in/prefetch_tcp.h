// SPDX-License-Identifier: Apache-2.0
// Where a stack has more connections than its caches hold, what a batch of segments will touch is
// brought for all of them at once, so that the misses overlap.
#pragma once

#include <optional>

#include "stack/core.h"
#include "strata/packet_batch.h"

namespace strata::stack {

// There is a Transport. A hint: it changes nothing, and packets need not be valid. Each begins with
// its IP header, and its notes().scratch is the version.
void prefetch_tcp(const Core& core, const PacketBatch& packets);

// The flow of a packet that looks like a segment without IP options; nothing for any other.
[[nodiscard]] std::optional<tcp::Flow> glance_at_flow(const Packet& packet);

}  // namespace strata::stack
