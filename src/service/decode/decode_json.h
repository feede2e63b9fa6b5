// SPDX-License-Identifier: Apache-2.0
// Decoded layers as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "strata/bytes.h"
#include "strata/device.h"

namespace strata::service {

// [{"name":"IPv4","offset":14,"size":20,"fields":[{"name":"TTL","value":"64","bit":64,"bits":8,
// "note":"..."}]}]: `bit` counts from the layer's first bit, `note` is there where there is one.
[[nodiscard]] nlohmann::json decode_json(Medium medium, Bytes packet);
// The same as text without spaces.
[[nodiscard]] std::string decode_json_text(Medium medium, Bytes packet);

}  // namespace strata::service
