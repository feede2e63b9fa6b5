// SPDX-License-Identifier: Apache-2.0
// TCP out: what the engine wants sent becomes packets, as far as devices have room.
#pragma once

#include "stack/core.h"

namespace strata::stack {

// Pulls segments until TCP has none left but for transmit queues that are full: a connection's
// segment that was pulled counts as sent, so it is never dropped for lack of room. False: some wait
// for room.
bool send_tcp(Core& core, Time now);
// Is there room for something that waits, or does nothing wait for room?
[[nodiscard]] bool has_room_for_tcp(const Core& core);

}  // namespace strata::stack
