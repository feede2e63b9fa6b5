// SPDX-License-Identifier: Apache-2.0
// The Internet checksum (RFC 1071): partial sums that combine, and incremental update (RFC 1624).
//
// A Sum counts bytes as 16-bit words in *memory order*, modulo 2^64 - 1. Three facts carry it:
//   1. 2^64 - 1 is a multiple of 2^16 - 1, so 64-bit end-around-carry adds may be folded at the
//   end.
//   2. Swapping the bytes of every word swaps the bytes of the sum (RFC 1071 2.B), so words are
//      added as the machine loads them, on either endianness, and the swap happens once, in fold().
//   3. A slice that starts at an odd offset contributes its sum times 2^8, which modulo 2^64 - 1 is
//      a rotation by eight bits.
// A Sum is zero only when every byte that went into it was zero.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "strata/address.h"
#include "strata/bytes.h"
#include "strata/check.h"

namespace strata::wire {

namespace checksum_detail {

// Between a value and the integer that its big-endian bytes load as.
template <std::unsigned_integral T>
[[nodiscard]] constexpr T swap(T value) {
  return std::endian::native == std::endian::little ? std::byteswap(value) : value;
}

}  // namespace checksum_detail

class Sum {
 public:
  constexpr Sum() = default;

  // For keeping a sum beside its bytes where this header is out of reach (a packet's slice).
  [[nodiscard]] static constexpr Sum from_bits(std::uint64_t bits) { return Sum(bits); }
  [[nodiscard]] constexpr std::uint64_t bits() const { return bits_; }

  // The sum of one big-endian field, given as the value it stands for.
  [[nodiscard]] static constexpr Sum of(std::uint16_t value) {
    return Sum(checksum_detail::swap(value));
  }
  [[nodiscard]] static constexpr Sum of(std::uint32_t value) {
    return Sum(checksum_detail::swap(value));
  }
  [[nodiscard]] static constexpr Sum of(std::uint64_t value) {
    return Sum(checksum_detail::swap(value));
  }
  // Both families: the ffff in front of a v4-mapped address is zero in ones' complement.
  [[nodiscard]] static constexpr Sum of(const IpAddress& address) {
    return of(address.high()) + of(address.low());
  }

  friend constexpr Sum operator+(Sum a, Sum b) {
    const std::uint64_t total = a.bits_ + b.bits_;
    return Sum(total + static_cast<std::uint64_t>(total < b.bits_));
  }
  constexpr Sum& operator+=(Sum other) { return *this = *this + other; }
  // Ones' complement negation: `sum + -part` takes a part out again.
  friend constexpr Sum operator-(Sum a) { return Sum(~a.bits_); }

  // The sum of the same bytes when they begin at an odd offset of what is summed.
  [[nodiscard]] constexpr Sum at_odd_offset() const { return Sum(std::rotl(bits_, 8)); }

  // Sixteen bits that stand for the same sum; zero only if the sum is zero.
  [[nodiscard]] constexpr std::uint16_t compact() const {
    const std::uint64_t half = (bits_ >> 32U) + (bits_ & 0xffff'ffff);
    const auto word = static_cast<std::uint32_t>((half >> 32U) + (half & 0xffff'ffff));
    const std::uint32_t once = (word >> 16U) + (word & 0xffff);
    return static_cast<std::uint16_t>((once >> 16U) + (once & 0xffff));
  }

 private:
  explicit constexpr Sum(std::uint64_t bits) : bits_(bits) {}

  std::uint64_t bits_ = 0;
};

// `b` follows `a` in memory or on the wire.
[[nodiscard]] constexpr Sum combine(Sum a, Sum b, bool b_starts_at_odd_offset) {
  return a + (b_starts_at_odd_offset ? b.at_odd_offset() : b);
}

// What goes into the checksum field: the complement of the folded sum, as a value in host order.
[[nodiscard]] constexpr std::uint16_t fold(Sum sum) {
  return checksum_detail::swap(static_cast<std::uint16_t>(~sum.compact()));
}

// RFC 768, RFC 8200 8.1: a computed zero is sent as all ones, because zero says "none".
[[nodiscard]] constexpr std::uint16_t fold_for_udp(Sum sum) {
  const std::uint16_t checksum = fold(sum);
  return checksum == 0 ? std::uint16_t{0xffff} : checksum;
}

// The sum over bytes that hold their own checksum comes to all ones (RFC 1071 1).
[[nodiscard]] constexpr bool is_valid(Sum sum) { return fold(sum) == 0; }

namespace checksum_detail {

template <std::unsigned_integral T>
[[nodiscard]] constexpr T load_native(const std::byte* from) {
  if consteval {
    std::array<std::byte, sizeof(T)> bytes{};
    for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = from[i];
    return std::bit_cast<T>(bytes);
  } else {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return value;
  }
}

// Up to seven bytes, as if zeros followed them.
[[nodiscard]] constexpr Sum sum_tail(const std::byte* from, std::size_t length) {
  Sum sum;
  if ((length & 4U) != 0) {
    sum += Sum::from_bits(load_native<std::uint32_t>(from));
    from += 4;
  }
  if ((length & 2U) != 0) {
    sum += Sum::from_bits(load_native<std::uint16_t>(from));
    from += 2;
  }
  if ((length & 1U) != 0)
    sum += Sum::of(static_cast<std::uint16_t>(std::to_integer<unsigned>(*from) << 8U));
  return sum;
}

// Two chains, because each add must wait for the carry of the one before it.
[[nodiscard]] constexpr Sum sum_short(const std::byte* from, std::size_t length) {
  Sum even, odd;
  for (; length >= 16; from += 16, length -= 16) {
    even += Sum::from_bits(load_native<std::uint64_t>(from));
    odd += Sum::from_bits(load_native<std::uint64_t>(from + 8));
  }
  if ((length & 8U) != 0) {
    even += Sum::from_bits(load_native<std::uint64_t>(from));
    from += 8;
  }
  return even + odd + sum_tail(from, length);
}

// Up to this many bytes the call into a vector kernel costs more than it saves.
inline constexpr std::size_t kShortMax = 64;
inline constexpr std::size_t kShortCopyMax = 47;  // a copy of that size is itself a call

[[nodiscard]] Sum sum_long(Bytes bytes);
[[nodiscard]] Sum copy_and_sum_long(Bytes from, MutableBytes to);

}  // namespace checksum_detail

// The sum over `bytes` as if they began at an even offset; an odd last byte is padded with zero.
[[nodiscard]] constexpr Sum partial_sum(Bytes bytes) {
  if consteval {
    return checksum_detail::sum_short(bytes.data(), bytes.size());
  } else {
    if (bytes.size() <= checksum_detail::kShortMax) {
      return checksum_detail::sum_short(bytes.data(), bytes.size());
    }
    return checksum_detail::sum_long(bytes);
  }
}

// Copies `from` to the front of `to`, which is at least as long and does not overlap it, and
// returns partial_sum(from): one pass over memory instead of two.
constexpr Sum copy_and_sum(Bytes from, MutableBytes to) {
  STRATA_CHECK(from.size() <= to.size());
  if consteval {
    copy_bytes(from, to);
    return checksum_detail::sum_short(from.data(), from.size());
  } else {
    if (from.size() <= checksum_detail::kShortCopyMax) {
      copy_bytes(from, to);
      return checksum_detail::sum_short(from.data(), from.size());
    }
    return checksum_detail::copy_and_sum_long(from, to);
  }
}

// An IPv4 header: at least 20 bytes, a multiple of four. No loop for the usual 20.
[[nodiscard]] constexpr Sum ipv4_header_sum(Bytes header) {
  using checksum_detail::load_native;
  const std::byte* const from = header.data();
  Sum sum = Sum::from_bits(load_native<std::uint64_t>(from)) +
            Sum::from_bits(load_native<std::uint64_t>(from + 8)) +
            Sum::from_bits(load_native<std::uint32_t>(from + 16));
  for (std::size_t at = 20; at < header.size(); at += 4) {
    sum += Sum::from_bits(load_native<std::uint32_t>(from + at));
  }
  return sum;
}

// RFC 9293 3.1 and RFC 8200 8.1. One formula for both families: the IPv6 pseudo-header is the IPv4
// one with wider fields, and the wider part of IPv4's is zero. Both addresses are of one family;
// `length` is that of the upper-layer header and its data.
[[nodiscard]] constexpr Sum pseudo_header_sum(const IpAddress& source, const IpAddress& destination,
                                              std::uint8_t protocol, std::uint32_t length) {
  return Sum::of(source) + Sum::of(destination) + Sum::of(length) +
         Sum::of(std::uint32_t{protocol});
}

// RFC 1624 eqn 3, HC' = ~(~HC + ~m + m'): the checksum after `removed` gave way to `added`.
// It agrees with a fresh computation except where every byte covered has become zero, which no
// IP header, TCP segment or UDP datagram with its pseudo-header can be.
[[nodiscard]] constexpr std::uint16_t updated_checksum(std::uint16_t checksum, Sum removed,
                                                       Sum added) {
  return fold(Sum::of(static_cast<std::uint16_t>(~checksum)) + -removed + added);
}
[[nodiscard]] constexpr std::uint16_t updated_checksum(std::uint16_t checksum, std::uint16_t from,
                                                       std::uint16_t to) {
  return updated_checksum(checksum, Sum::of(from), Sum::of(to));
}
[[nodiscard]] constexpr std::uint16_t updated_checksum(std::uint16_t checksum, std::uint32_t from,
                                                       std::uint32_t to) {
  return updated_checksum(checksum, Sum::of(from), Sum::of(to));
}
[[nodiscard]] constexpr std::uint16_t updated_checksum(std::uint16_t checksum,
                                                       const IpAddress& from, const IpAddress& to) {
  return updated_checksum(checksum, Sum::of(from), Sum::of(to));
}

}  // namespace strata::wire
