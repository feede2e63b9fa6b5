// SPDX-License-Identifier: Apache-2.0
// Packets for others, when this stack routes: RFC 1812 5.2, RFC 8200.
#pragma once

#include "stack/core.h"
#include "stack/in/arrival.h"

namespace strata::stack {

void forward(Core& core, PacketPtr packet, const Arrival& arrival, Time now);

}  // namespace strata::stack
