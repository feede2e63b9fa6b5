// SPDX-License-Identifier: Apache-2.0
// Input: a fuzzer's bytes as the choices of a harness, taken off the front; zeros when used up.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "strata/bytes.h"

namespace strata::fuzz {

class Input {
 public:
  explicit Input(Bytes bytes) : rest_(bytes) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t word() { return static_cast<std::uint16_t>(number(2)); }
  bool flag() { return (byte() & 1U) != 0; }
  // A number of up to four bytes, the first the highest.
  std::uint32_t number(std::size_t size = 4) {
    std::uint32_t value = 0;
    for (const std::byte byte : bytes(size)) value = value << 8U | std::to_integer<unsigned>(byte);
    return value;
  }
  // Up to as many as there are.
  Bytes bytes(std::size_t count) {
    const Bytes taken = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  Bytes rest_;
};

}  // namespace strata::fuzz
