// SPDX-License-Identifier: Apache-2.0
// A socket as JSON: a line of the list.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "strata/stack.h"

namespace strata::service {

[[nodiscard]] nlohmann::json socket_json(const SocketEntry& entry);

}  // namespace strata::service
