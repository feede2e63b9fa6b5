// SPDX-License-Identifier: Apache-2.0
// snapshot: everything a person may ask of a running stack, as one JSON value.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "service/hosted_stack.h"
#include "strata/switch.h"

namespace strata::service {

// Lists are cut at this many entries, and say how many there were.
inline constexpr std::size_t kListedMax = 1024;

[[nodiscard]] nlohmann::json snapshot(HostedStack& host);
[[nodiscard]] nlohmann::json snapshot(const Switch& bridge);

// The value as `strata status` prints it.
[[nodiscard]] std::string status_text(const nlohmann::json& stacks);
[[nodiscard]] std::string switch_text(const nlohmann::json& bridge);

}  // namespace strata::service
