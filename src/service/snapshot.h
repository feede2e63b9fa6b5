// SPDX-License-Identifier: Apache-2.0
// snapshot: everything a person may ask of a running stack, as one JSON value.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "service/hosted_stack.h"

namespace strata::service {

// Lists are cut at this many entries, and say how many there were.
inline constexpr std::size_t kListedMax = 1024;

[[nodiscard]] nlohmann::json snapshot(HostedStack& host);

// The value as `strata status` prints it.
[[nodiscard]] std::string status_text(const nlohmann::json& stacks);

}  // namespace strata::service
