// SPDX-License-Identifier: Apache-2.0
// Engines asked for what they want done, and when they must be asked again.
#pragma once

#include "stack/core.h"

namespace strata::stack {

// Lets every engine whose time has come act, and carries out what engines ask for until none of
// them has anything left.
void run_engines(Core& core, Time now);

[[nodiscard]] std::optional<Time> next_engine_deadline(const Core& core);

}  // namespace strata::stack
