// SPDX-License-Identifier: Apache-2.0
// Bytes as the wire has them: views over memory and big-endian loads and stores.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace strata {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

// Reads a big-endian integer. The caller has proved that sizeof(T) bytes are there.
template <std::unsigned_integral T>
[[nodiscard]] constexpr T load_big_endian(const std::byte* from) {
  if consteval {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      value = static_cast<T>((value << 8U) | std::to_integer<T>(from[i]));
    }
    return value;
  } else {
    T value;
    std::memcpy(&value, from, sizeof(T));
    if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1) {
      value = std::byteswap(value);
    }
    return value;
  }
}

template <std::unsigned_integral T>
constexpr void store_big_endian(std::byte* to, T value) {
  if consteval {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      to[i] =
          static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8U * (sizeof(T) - 1 - i)));
    }
  } else {
    if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1) {
      value = std::byteswap(value);
    }
    std::memcpy(to, &value, sizeof(T));
  }
}

constexpr void copy_bytes(Bytes from, MutableBytes to) {
  if consteval {
    for (std::size_t i = 0; i < from.size(); ++i) to[i] = from[i];
  } else {
    if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
  }
}

}  // namespace strata
