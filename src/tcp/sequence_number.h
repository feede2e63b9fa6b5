// SPDX-License-Identifier: Apache-2.0
// SequenceNumber: a place in a byte stream, modulo 2^32 (RFC 9293 3.4).
#pragma once

#include <compare>
#include <cstdint>

namespace strata::tcp {

// Comparisons are those of the RFC's formulas: a < b when b is at most 2^31 - 1 ahead of a. They
// order any set of numbers that lie within one window, and nothing more: do not sort by them what
// a stranger sent before it has been checked against the window.
class SequenceNumber {
 public:
  constexpr SequenceNumber() = default;
  explicit constexpr SequenceNumber(std::uint32_t value) : value_(value) {}

  [[nodiscard]] constexpr std::uint32_t value() const { return value_; }

  constexpr SequenceNumber& operator+=(std::uint32_t count) {
    value_ += count;
    return *this;
  }
  friend constexpr SequenceNumber operator+(SequenceNumber a, std::uint32_t count) {
    return SequenceNumber(a.value_ + count);
  }
  friend constexpr SequenceNumber operator-(SequenceNumber a, std::uint32_t count) {
    return SequenceNumber(a.value_ - count);
  }
  // How far `a` is ahead of `b`; negative when it is behind.
  friend constexpr std::int32_t operator-(SequenceNumber a, SequenceNumber b) {
    return static_cast<std::int32_t>(a.value_ - b.value_);
  }

  friend constexpr bool operator==(SequenceNumber, SequenceNumber) = default;
  friend constexpr bool operator<(SequenceNumber a, SequenceNumber b) { return a - b < 0; }
  friend constexpr bool operator>(SequenceNumber a, SequenceNumber b) { return b < a; }
  friend constexpr bool operator<=(SequenceNumber a, SequenceNumber b) { return !(b < a); }
  friend constexpr bool operator>=(SequenceNumber a, SequenceNumber b) { return !(a < b); }

 private:
  std::uint32_t value_ = 0;
};

// The bytes from `from` up to `to`, which is not behind it.
[[nodiscard]] constexpr std::uint32_t distance(SequenceNumber from, SequenceNumber to) {
  return to.value() - from.value();
}

[[nodiscard]] constexpr SequenceNumber later(SequenceNumber a, SequenceNumber b) {
  return a < b ? b : a;
}
[[nodiscard]] constexpr SequenceNumber sooner(SequenceNumber a, SequenceNumber b) {
  return a < b ? a : b;
}

// A stretch of the stream: [begin, end).
struct SequenceRange {
  SequenceNumber begin;
  SequenceNumber end;

  [[nodiscard]] constexpr std::uint32_t length() const { return distance(begin, end); }
  [[nodiscard]] constexpr bool empty() const { return begin == end; }
  friend constexpr bool operator==(const SequenceRange&, const SequenceRange&) = default;
};

}  // namespace strata::tcp
