// SPDX-License-Identifier: Apache-2.0
// What assertions may ask of a connection: the fields of Linux's tcp_info, by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "socket/posix/calls.h"

namespace strata::script {

// Nothing: there is no field of that name, or no connection behind the descriptor.
[[nodiscard]] std::optional<std::int64_t> tcp_info_field(const posix::Calls& calls, int fd,
                                                         std::string_view name, Time now);

}  // namespace strata::script
