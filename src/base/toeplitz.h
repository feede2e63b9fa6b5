// SPDX-License-Identifier: Apache-2.0
// Toeplitz: the hash by which network devices spread flows over queues, and its symmetric form.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "strata/address.h"

// Receive side scaling hashes addresses and ports as one string of bits: for each bit that is set,
// 32 bits of the key, taken from where that bit stands, are added without carry.
//
//   input   source address | destination address | source port | destination port
//   key     40 bytes; bit i of the input selects key bits [i, i + 32)
//
// With a key that repeats every 16 bits all 16-bit words of the input are hashed alike, so their
// exclusive or, the fold, is all that matters: both directions of a flow have one hash.
//
// 1. The hash of a fold is linear and, for a pattern with an odd number of bits, one to one: the
//    pattern is invertible modulo x^16 + 1 = (x + 1)^16 over GF(2).
// 2. So it tells no more than 16 bits. A stranger can choose ports that all meet on one core, as
//    with every device that spreads this way; he can do so by trying, whatever the key.

namespace strata {

// The hash as devices compute it, for any key.
[[nodiscard]] constexpr std::uint32_t toeplitz_hash(std::span<const std::byte, 40> key,
                                                    std::span<const std::byte> input) {
  std::uint32_t window = 0;
  for (std::size_t i = 0; i < 4; ++i)
    window = window << 8U | std::to_integer<std::uint32_t>(key[i]);
  std::uint32_t hash = 0;
  for (std::size_t at = 0; at < input.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      if ((std::to_integer<unsigned>(input[at]) >> (7 - bit) & 1U) != 0) hash ^= window;
      const std::byte next = at + 4 < key.size() ? key[at + 4] : std::byte{0};
      window = window << 1U | (std::to_integer<std::uint32_t>(next) >> (7 - bit) & 1U);
    }
  }
  return hash;
}

class SymmetricToeplitz {
 public:
  static constexpr std::uint16_t kUsualPattern = 0x6d5a;

  constexpr explicit SymmetricToeplitz(std::uint16_t pattern = kUsualPattern) : pattern_(pattern) {
    for (unsigned nibble = 0; nibble < 4; ++nibble) {
      for (unsigned value = 0; value < 16; ++value) {
        tables_[nibble][value] = slow_hash(static_cast<std::uint16_t>(value << (nibble * 4)));
      }
    }
  }

  // The exclusive or of all 16-bit words of addresses and ports. IPv4 addresses may be folded as
  // they are held: what is the same in both falls out.
  [[nodiscard]] static constexpr std::uint16_t fold(const IpAddress& a, const IpAddress& b,
                                                    std::uint16_t port_a = 0,
                                                    std::uint16_t port_b = 0) {
    std::uint64_t words = a.high() ^ a.low() ^ b.high() ^ b.low() ^ port_a ^ port_b;
    words ^= words >> 32U;
    words ^= words >> 16U;
    return static_cast<std::uint16_t>(words);
  }

  // The lower 16 bits of the hash; the upper ones are the same again.
  [[nodiscard]] constexpr std::uint16_t hash(std::uint16_t fold) const {
    return static_cast<std::uint16_t>(tables_[0][fold & 15U] ^ tables_[1][fold >> 4U & 15U] ^
                                      tables_[2][fold >> 8U & 15U] ^ tables_[3][fold >> 12U]);
  }

  [[nodiscard]] constexpr std::uint16_t pattern() const { return pattern_; }
  [[nodiscard]] constexpr std::array<std::byte, 40> key() const {
    std::array<std::byte, 40> key{};
    for (std::size_t i = 0; i < key.size(); i += 2) {
      key[i] = static_cast<std::byte>(pattern_ >> 8U);
      key[i + 1] = static_cast<std::byte>(pattern_ & 0xffU);
    }
    return key;
  }

 private:
  [[nodiscard]] constexpr std::uint16_t slow_hash(std::uint16_t fold) const {
    unsigned hash = 0;
    for (unsigned bit = 0; bit < 16; ++bit) {
      if ((static_cast<unsigned>(fold) << bit & 0x8000U) == 0) continue;
      hash ^=
          static_cast<unsigned>(pattern_) << bit | static_cast<unsigned>(pattern_) >> (16 - bit);
    }
    return static_cast<std::uint16_t>(hash);
  }

  std::uint16_t pattern_;
  std::array<std::array<std::uint16_t, 16>, 4> tables_{};
};

}  // namespace strata
