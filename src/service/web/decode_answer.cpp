// SPDX-License-Identifier: Apache-2.0
#include "service/web/decode_answer.h"

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "service/decode/decode_json.h"
#include "service/json_text.h"
#include "service/packet_line.h"
#include "service/web/query.h"

namespace strata::service {
namespace {

// As much as a frame has at most, and what fits into the head of a request.
std::optional<std::vector<std::byte>> bytes_of_hex(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  if (text.size() % 2 != 0) return std::nullopt;
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return bytes;
}

}  // namespace

HttpAnswer decode_answer(std::string_view target) {
  const auto query = Query::of_target(target);
  if (!query || !query->stranger({"medium", "bytes"}).empty()) {
    return refusal_answer(400, "expected medium and bytes, and nothing else");
  }
  const std::string_view name = query->text("medium");
  if (!name.empty() && name != "ethernet" && name != "ip") {
    return refusal_answer(400, "medium is ethernet or ip");
  }
  const Medium medium = name == "ip" ? Medium::kIp : Medium::kEthernet;
  const auto bytes = bytes_of_hex(query->text("bytes"));
  if (!bytes || bytes->empty()) {
    return refusal_answer(400, "bytes are pairs of hexadecimal digits");
  }
  return json_answer("{\"line\":" + json_string(packet_line(medium, *bytes, bytes->size())) +
                     ",\"layers\":" + decode_json_text(medium, *bytes) + "}\n");
}

}  // namespace strata::service
