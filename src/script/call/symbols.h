// SPDX-License-Identifier: Apache-2.0
// The C library's constants that scripts name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace strata::script {

[[nodiscard]] std::optional<std::int64_t> symbol(std::string_view name);

}  // namespace strata::script
