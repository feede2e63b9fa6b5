// SPDX-License-Identifier: Apache-2.0
// JSON strings for those who write a line of JSON without a library.
#pragma once

#include <string>
#include <string_view>

namespace strata::service {

// With its quotes, everything escaped that RFC 8259 7 wants escaped. Bytes that are no UTF-8 come
// out as U+FFFD, so that the line can always be read.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace strata::service
