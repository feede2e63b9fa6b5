// SPDX-License-Identifier: Apache-2.0
// The device of an interface is exchanged under its connections.
#pragma once

#include "stack/core.h"

namespace strata::stack {

// See Stack. `port` has a device.
[[nodiscard]] Result<void> replace_device(Core& core, Interface& port, Device& device, Time now);
bool receive_from(Core& core, Interface& port, Device& former, Time now);

}  // namespace strata::stack
