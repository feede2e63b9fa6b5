// SPDX-License-Identifier: Apache-2.0
// TCP out: what the engine wants sent becomes packets, as far as devices have room.
#pragma once

#include "stack/core.h"

namespace strata::stack {

// Pulls segments until TCP has none left or a transmit queue is full: a pulled segment counts as
// sent, so it is never dropped for lack of room. False: there was none.
bool send_tcp(Core& core, Time now);
[[nodiscard]] bool has_room_for_tcp(const Core& core);

}  // namespace strata::stack
