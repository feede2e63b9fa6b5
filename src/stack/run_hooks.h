// SPDX-License-Identifier: Apache-2.0
// Hooks see a batch at one point of the path and may drop or take packets out of it.
#pragma once

#include "stack/core.h"

namespace strata::stack {

[[nodiscard]] inline bool has_hooks(const Core& core, HookPoint point) {
  return core.hooks[static_cast<std::size_t>(point)][0].hook != nullptr;
}

// What remains stays in the batch, in order.
void run_hooks(Core& core, HookPoint point, PacketBatch& batch, Time now);

// One packet on its way; null when it went no further.
[[nodiscard]] PacketPtr run_hooks(Core& core, HookPoint point, PacketPtr packet, Time now);

}  // namespace strata::stack
