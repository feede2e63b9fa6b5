// SPDX-License-Identifier: Apache-2.0
// What is said of one packet of a capture: its bounds.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "strata/drop_reason.h"

namespace strata::service {

inline constexpr std::size_t kCommentBytesMax = 1024;

// "dropped: udp_no_socket: No socket is bound ...", as `strata explain` says it.
[[nodiscard]] std::string drop_comment(DropReason reason);

// A comment that somebody else wrote, for a file, a line or a page of ours: valid UTF-8 of at most
// kCommentBytesMax bytes without control characters. What is damaged becomes U+FFFD.
[[nodiscard]] std::string clean_comment(std::string_view text);

}  // namespace strata::service
