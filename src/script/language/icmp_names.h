// SPDX-License-Identifier: Apache-2.0
// What scripts call the types and codes of ICMP.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace strata::script {

[[nodiscard]] std::optional<std::uint8_t> icmp_type(std::string_view name, bool is_v4);
[[nodiscard]] std::optional<std::uint8_t> icmp_code(std::uint8_t type, std::string_view name,
                                                    bool is_v4);
// The names of both; empty when scripts have none.
[[nodiscard]] std::string_view icmp_type_name(std::uint8_t type, bool is_v4);
[[nodiscard]] std::string_view icmp_code_name(std::uint8_t type, std::uint8_t code, bool is_v4);

}  // namespace strata::script
