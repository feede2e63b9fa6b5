// SPDX-License-Identifier: Apache-2.0
// Queues to devices, as far as they have room.
#pragma once

#include "stack/core.h"

namespace strata::stack {

void flush_ports(Core& core, Time now);

}  // namespace strata::stack
