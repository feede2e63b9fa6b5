// SPDX-License-Identifier: Apache-2.0
// Where the control sockets of running stacks are.
#pragma once

#include <string>
#include <string_view>

#include "service/failure.h"

namespace strata::service {

// $XDG_RUNTIME_DIR/strata, or /run/strata for root; empty when there is neither.
[[nodiscard]] std::string control_directory();
// DIRECTORY/NAME.sock; empty when there is no directory.
[[nodiscard]] std::string control_path_of(std::string_view name);
// Of the only running stack; a failure lists the choices.
[[nodiscard]] Outcome<std::string> find_control_path(const std::string& directory);

}  // namespace strata::service
