// SPDX-License-Identifier: Apache-2.0
// What every fuzz target of a wire format asks: values are used, and written bytes read the same.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "strata/bytes.h"

namespace strata::fuzz {

inline Bytes as_input(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

// A finding: the fuzzer keeps the input that came here.
inline void require(bool holds) {
  if (!holds) __builtin_trap();
}

// Reads every byte, so that the sanitizer sees a span that leaves its input.
inline void touch(Bytes bytes) {
  std::byte sum{};
  for (const std::byte byte : bytes) sum ^= byte;
  asm volatile("" : : "r"(std::to_integer<unsigned>(sum)));
}

// parse(write(h)) == h, whatever was in the buffer before. `parse` is the view's way in that needs
// no payload behind the header.
template <std::size_t kSize, typename Header, typename Parse>
void require_law(const Header& header, Parse parse) {
  std::array<std::byte, kSize> out;
  out.fill(std::byte{0xa5});
  write(header, std::span<std::byte, kSize>(out));
  const auto again = parse(Bytes(out));
  require(again.has_value() && again->header() == header);
}

}  // namespace strata::fuzz
