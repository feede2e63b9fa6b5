// SPDX-License-Identifier: Apache-2.0
// Random values for the laws every wire format keeps, and bytes whose end a sanitizer guards.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "strata/address.h"
#include "strata/bytes.h"
#include "strata/rng.h"

namespace strata::wire {

inline constexpr int kRounds = 2000;

// Any value of an unsigned type, with its extremes far more often than chance would have them.
template <typename T>
[[nodiscard]] T any(Rng& rng) {
  switch (rng.below(8)) {
    case 0: return 0;
    case 1: return static_cast<T>(~T{0});
    default: return static_cast<T>(rng.next());
  }
}

[[nodiscard]] inline bool any_bool(Rng& rng) { return rng.chance({1, 2}); }
[[nodiscard]] inline MacAddress any_mac(Rng& rng) {
  return MacAddress::from_value(any<std::uint64_t>(rng) & 0xffff'ffff'ffff);
}
[[nodiscard]] inline IpAddress any_v4(Rng& rng) { return IpAddress::v4(any<std::uint32_t>(rng)); }
[[nodiscard]] inline IpAddress any_v6(Rng& rng) {
  return IpAddress::v6(any<std::uint64_t>(rng), any<std::uint64_t>(rng));
}

[[nodiscard]] inline std::vector<std::byte> any_bytes(Rng& rng, std::size_t length) {
  std::vector<std::byte> bytes(length);
  for (auto& byte : bytes) byte = static_cast<std::byte>(rng.next());
  return bytes;
}

// "45 00 00 54", as captures show bytes.
[[nodiscard]] inline std::vector<std::byte> from_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  unsigned value = 0;
  int digits = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    value = (value << 4U) | static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    if (++digits % 2 == 0) bytes.push_back(static_cast<std::byte>(value & 0xffU));
  }
  return bytes;
}

// Several such texts in a row.
[[nodiscard]] inline std::vector<std::byte> from_hex(
    std::initializer_list<std::string_view> texts) {
  std::vector<std::byte> bytes;
  for (const std::string_view text : texts) {
    for (const std::byte byte : from_hex(text)) bytes.push_back(byte);
  }
  return bytes;
}

// Calls `check` with every proper prefix of `bytes`, each in memory of its own, so that the
// address sanitizer sees the first byte read beyond it.
template <typename Check>
void for_each_truncation(Bytes bytes, Check check) {
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<long>(length));
    check(Bytes(cut));
  }
}

}  // namespace strata::wire
