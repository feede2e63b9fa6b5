// SPDX-License-Identifier: Apache-2.0
// Frames of every protocol, and one field of a decoded packet as "value (note)".
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "service/decode/decode.h"

namespace strata::service {

struct Sample {
  std::string_view name;
  std::string_view hex;
};
[[nodiscard]] std::span<const Sample> samples();
[[nodiscard]] std::vector<std::byte> sample(std::string_view name);
[[nodiscard]] std::vector<std::byte> bytes_of_hex(std::string_view hex);

// The first field of that name in the first layer of that name; "-": there is none.
[[nodiscard]] std::string decoded(Bytes packet, std::string_view layer, std::string_view field,
                                  Medium medium = Medium::kEthernet);

}  // namespace strata::service
