// SPDX-License-Identifier: Apache-2.0
// --user and --no-confine, which every verb has that runs on after its devices are open.
#pragma once

#include "runtime/confine/confine.h"
#include "strata/cli/flags.h"

namespace strata::app {

// `options` must live until the line is read.
void add_confine_flags(Flags& verb, runtime::ConfineOptions& options);

}  // namespace strata::app
