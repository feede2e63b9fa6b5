// SPDX-License-Identifier: Apache-2.0
// decode_packet: one packet as layers of named fields, read where our wire formats say they lie.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "strata/bytes.h"
#include "strata/device.h"

namespace strata::service {

struct DecodedField {
  std::string name;
  std::string value;
  std::string note;     // words, where a value deserves them
  std::size_t bit = 0;  // from the first bit of the layer
  std::size_t bits = 0;
};

struct DecodedLayer {
  std::string name;
  std::size_t offset = 0;  // from the first byte of the packet
  std::size_t size = 0;    // header and options; what they carry is a layer of its own
  std::vector<DecodedField> fields;
};

// Where reading stops, a field of this name says why.
inline constexpr char kUnreadable[] = "Unreadable";

// What strangers send stays small: nesting ends at about so many layers, and a layer at so many
// fields, the last of which says that there are more.
inline constexpr std::size_t kDecodedLayersMax = 32;
inline constexpr std::size_t kDecodedFieldsMax = 256;

// `packet` may have been cut by a snap length. All names and values are printable ASCII.
[[nodiscard]] std::vector<DecodedLayer> decode_packet(Medium medium, Bytes packet);

}  // namespace strata::service
