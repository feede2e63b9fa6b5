// SPDX-License-Identifier: Apache-2.0
// What the small services say, over UDP and TCP alike.
#pragma once

#include <cstddef>
#include <string>

#include "strata/time.h"

namespace strata::service {

// What chargen sends as its `count`-th line: 72 characters of a rotating pattern (RFC 864).
[[nodiscard]] std::string chargen_line(std::size_t count);

// The date and time of the wall clock, as a line (RFC 867).
[[nodiscard]] std::string daytime_text(Time now);

}  // namespace strata::service
