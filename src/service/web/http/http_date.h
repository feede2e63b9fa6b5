// SPDX-License-Identifier: Apache-2.0
// Dates as HTTP writes and reads them (RFC 9110 5.6.7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace strata::service {

// "Sun, 06 Nov 1994 08:49:37 GMT", for a time of the wall clock in seconds.
[[nodiscard]] std::string http_date(std::int64_t seconds);
// Any of the three forms in which dates come; nothing when it is none.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text);

}  // namespace strata::service
