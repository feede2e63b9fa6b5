// SPDX-License-Identifier: Apache-2.0
// First step in: from what a device delivered to packets of a protocol.
#pragma once

#include "stack/core.h"

namespace strata::stack {

// Takes in a batch of one port: hooks, then each frame to its protocol, then IP as a batch.
void receive_frames(Core& core, Interface& port, PacketBatch& frames, Time now);

}  // namespace strata::stack
