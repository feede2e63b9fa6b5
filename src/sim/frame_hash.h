// SPDX-License-Identifier: Apache-2.0
// The packet hash: what tells one run of a world from another.
#pragma once

#include <cstdint>

#include "strata/bytes.h"
#include "strata/time.h"

// Every byte of every frame at every link is hashed, so it has to cost little. Sixteen bytes make
// one multiplication to 128 bits, whose halves are folded onto each other; four chains of these run
// side by side, for each has to wait for itself only:
//
//   time, length ─┬─> lane 0: bytes  0..15,  64..79 ... ─┐
//                 ├─> lane 1: bytes 16..31,  80..95 ... ─┤    what is left,     the last
//                 ├─> lane 2: bytes 32..47,  96..111 .. ─┼──> by sixteen ─────> sixteen ──> digest
//                 └─> lane 3: bytes 48..63, 112..127 .. ─┘
//
// 1. hash' = rotate(hash * odd) + digest: runs that differed once can only become equal again by a
//    later frame that differs as well.
// 2. A digest is of the time, the length and the bytes in their places. Nobody chooses what is
//    hashed in order to deceive; for anybody else two digests are equal once in 2^64.
// 3. Words are little-endian on every machine, and products are the same without 128-bit integers.

namespace strata::sim {

// The hash so far, with one more frame that arrived `at`. The same on every machine.
[[nodiscard]] std::uint64_t hash_frame(std::uint64_t hash, Time at, Bytes bytes);

// The halves of a * b, one XOR the other: for machines that multiply 32 bits at a time.
[[nodiscard]] constexpr std::uint64_t fold_product_by_parts(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kLow = 0xffff'ffff;
  const std::uint64_t low = (a & kLow) * (b & kLow);
  const std::uint64_t cross = (a & kLow) * (b >> 32U);
  const std::uint64_t middle = (a >> 32U) * (b & kLow) + (low >> 32U) + (cross & kLow);
  const std::uint64_t high = (a >> 32U) * (b >> 32U) + (cross >> 32U) + (middle >> 32U);
  return high ^ (middle << 32U | (low & kLow));
}

[[nodiscard]] constexpr std::uint64_t fold_product(std::uint64_t a, std::uint64_t b) {
#ifdef __SIZEOF_INT128__
  __extension__ using Product = unsigned __int128;
  const Product product = static_cast<Product>(a) * b;
  return static_cast<std::uint64_t>(product >> 64U) ^ static_cast<std::uint64_t>(product);
#else
  return fold_product_by_parts(a, b);
#endif
}

}  // namespace strata::sim
