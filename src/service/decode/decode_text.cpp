// SPDX-License-Identifier: Apache-2.0
#include "service/decode/decode_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "service/decode/decode.h"

namespace strata::service {

std::string decode_text(Medium medium, Bytes packet) {
  std::string text;
  const auto out = std::back_inserter(text);
  for (const DecodedLayer& layer : decode_packet(medium, packet)) {
    fmt::format_to(out, "    {}, {} bytes at {}\n", layer.name, layer.size, layer.offset);
    for (const DecodedField& field : layer.fields) {
      fmt::format_to(out, "        {}", field.name);
      if (!field.value.empty()) fmt::format_to(out, ": {}", field.value);
      if (!field.note.empty()) fmt::format_to(out, " ({})", field.note);
      text += '\n';
    }
  }
  return text;
}

std::string hex_dump(Bytes bytes) {
  constexpr std::size_t kWidth = 16;
  std::string text;
  const auto out = std::back_inserter(text);
  for (std::size_t at = 0; at < bytes.size(); at += kWidth) {
    const Bytes row = bytes.subspan(at, std::min(kWidth, bytes.size() - at));
    fmt::format_to(out, "    0x{:04x}: ", at);
    std::string letters;
    for (std::size_t i = 0; i < kWidth; ++i) {
      if (i % 2 == 0) text += ' ';
      if (i >= row.size()) {
        text += "  ";
        continue;
      }
      const auto value = std::to_integer<unsigned char>(row[i]);
      fmt::format_to(out, "{:02x}", value);
      letters += value >= ' ' && value <= '~' ? static_cast<char>(value) : '.';
    }
    fmt::format_to(out, "  {}\n", letters);
  }
  return text;
}

}  // namespace strata::service
