// SPDX-License-Identifier: Apache-2.0
// What the small services say, over UDP and TCP alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "strata/time.h"

namespace strata::service {

// What chargen sends as its `count`-th line: 72 characters of a rotating pattern (RFC 864).
[[nodiscard]] std::string chargen_line(std::size_t count);

// The date and time of the wall clock, as a line (RFC 867).
[[nodiscard]] std::string daytime_text(Time now);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7), for a time of the wall clock in seconds.
[[nodiscard]] std::string http_date(std::int64_t seconds);
// Any of the three forms in which dates come (RFC 9110 5.6.7); nothing when it is none.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text);

}  // namespace strata::service
