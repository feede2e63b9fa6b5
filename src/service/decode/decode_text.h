// SPDX-License-Identifier: Apache-2.0
// Decoded layers and bytes as lines to stand below a packet's own.
#pragma once

#include <string>

#include "strata/bytes.h"
#include "strata/device.h"

namespace strata::service {

// "    IPv4, 20 bytes at 14" and below it a line for each field. Every line ends with a newline.
[[nodiscard]] std::string decode_text(Medium medium, Bytes packet);

// Sixteen bytes a line: offset, pairs of bytes, and what can be printed of them.
[[nodiscard]] std::string hex_dump(Bytes bytes);

}  // namespace strata::service
