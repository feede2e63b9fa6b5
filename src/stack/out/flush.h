// SPDX-License-Identifier: Apache-2.0
// Queues to devices, as far as they have room.
#pragma once

#include "stack/core.h"

namespace strata::stack {

void flush_ports(Core& core, Time now);

// When flush_ports has something to do: at once for frames it has not tried yet, a little later for
// those a device had no room for.
[[nodiscard]] std::optional<Time> next_flush(const Core& core);

// What waits for a device that is gone, or an interface that is down.
void drop_queued(Core& core, Interface& port, DropReason reason);

}  // namespace strata::stack
