// SPDX-License-Identifier: Apache-2.0
// Services as numbers or names, and addresses that say on which link they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "strata/address.h"

namespace strata::asio {

// "443", "https" as /etc/services has it, "": 0. Nothing when there is no such service.
[[nodiscard]] std::optional<std::uint16_t> port_of(const std::string& service, bool is_numeric);
// "10.0.0.1", "fe80::1%2": behind the % is the number of an interface of the stack.
[[nodiscard]] std::optional<Endpoint> parse_scoped(std::string_view text);

}  // namespace strata::asio
