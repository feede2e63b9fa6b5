// SPDX-License-Identifier: Apache-2.0
// strata sim --explore and --replay.
#pragma once

#include <functional>

#include "service/lab/lab.h"
#include "strata/cli/commands.h"

namespace strata::app {

// Both answer the exit status. `is_over` says that the person has had enough.
[[nodiscard]] int explore_lab(const SimCommand& command, const service::LabFile& lab,
                              const std::function<bool()>& is_over);
[[nodiscard]] int replay_trial(const SimCommand& command, const service::LabFile& lab);

}  // namespace strata::app
