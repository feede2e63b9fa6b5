// SPDX-License-Identifier: Apache-2.0
// How every wire format names its fields: a Layout is a list of Field types.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>

#include "strata/address.h"
#include "strata/bytes.h"

namespace strata::wire {

// Why bytes are not what they claim to be. The caller turns it into its own DropReason.
enum class ParseError : std::uint8_t {
  kTooShort,     // the fixed header does not fit
  kBadLength,    // a length field contradicts the bytes that are there
  kBadVersion,   // version or type is not this protocol's
  kBadValue,     // a field holds a value the protocol forbids
  kBadChecksum,  // the sum over the header does not come out
};

template <typename T>
using Parsed = std::expected<T, ParseError>;

// A big-endian integer at a fixed place. The bytes have been proved long enough by a View.
template <std::unsigned_integral T, std::size_t kOffset>
struct Field {
  using Value = T;
  static constexpr std::size_t kBegin = kOffset;
  static constexpr std::size_t kEnd = kOffset + sizeof(T);

  [[nodiscard]] static constexpr T get(Bytes bytes) {
    return load_big_endian<T>(bytes.data() + kOffset);
  }
  static constexpr void set(MutableBytes bytes, T value) {
    store_big_endian<T>(bytes.data() + kOffset, value);
  }
};

// Some bits of a Field. kShift counts from the least significant bit.
template <typename Base, unsigned kShift, unsigned kWidth>
struct Bits {
  using Value = typename Base::Value;
  static constexpr Value kMask = static_cast<Value>((std::uint64_t{1} << kWidth) - 1);

  [[nodiscard]] static constexpr Value get(Bytes bytes) {
    return static_cast<Value>((Base::get(bytes) >> kShift) & kMask);
  }
  static constexpr void set(MutableBytes bytes, Value value) {
    const auto cleared = static_cast<Value>(Base::get(bytes) & ~(std::uint64_t{kMask} << kShift));
    Base::set(bytes, static_cast<Value>(cleared | ((std::uint64_t{value} & kMask) << kShift)));
  }
};

template <std::size_t kOffset>
struct MacField {
  static constexpr std::size_t kBegin = kOffset;
  static constexpr std::size_t kEnd = kOffset + 6;

  [[nodiscard]] static constexpr MacAddress get(Bytes bytes) {
    return MacAddress::from_bytes(bytes.subspan<kOffset, 6>());
  }
  static constexpr void set(MutableBytes bytes, const MacAddress& value) {
    copy_bytes(value.bytes(), bytes.subspan(kOffset, 6));
  }
};

// Four bytes on the wire, an IPv4 IpAddress in hand.
template <std::size_t kOffset>
struct Ipv4Field {
  static constexpr std::size_t kBegin = kOffset;
  static constexpr std::size_t kEnd = kOffset + 4;

  [[nodiscard]] static constexpr IpAddress get(Bytes bytes) {
    return IpAddress::v4(load_big_endian<std::uint32_t>(bytes.data() + kOffset));
  }
  static constexpr void set(MutableBytes bytes, const IpAddress& value) {
    store_big_endian<std::uint32_t>(bytes.data() + kOffset, value.v4_value());
  }
};

template <std::size_t kOffset>
struct Ipv6Field {
  static constexpr std::size_t kBegin = kOffset;
  static constexpr std::size_t kEnd = kOffset + 16;

  [[nodiscard]] static constexpr IpAddress get(Bytes bytes) {
    return IpAddress::from_bytes(bytes.subspan<kOffset, 16>());
  }
  static constexpr void set(MutableBytes bytes, const IpAddress& value) {
    copy_bytes(value.bytes(), bytes.subspan(kOffset, 16));
  }
};

}  // namespace strata::wire
