// SPDX-License-Identifier: Apache-2.0
// Which tier a program can have: with the shim in it (preload), or by the filter alone (trap).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace strata::attach {

enum class Tier : std::uint8_t { kTrap, kPreload };

// Nothing stands against preloading into `program` (searched in PATH; a script is its interpreter),
// or what does. A program that does not exist has nothing against it: it will not start.
[[nodiscard]] std::expected<void, std::string> can_preload(const std::string& program);

}  // namespace strata::attach
