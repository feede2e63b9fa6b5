// SPDX-License-Identifier: Apache-2.0
#include "sim/frame_hash.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace strata::sim {
namespace {

constexpr std::size_t kStep = 16;
constexpr std::size_t kLanes = 4;
constexpr std::size_t kBlock = kStep * kLanes;

// The first 64 bits behind the point of the square roots of 2, 3, 5, 7, 11, 13, 17 and 19: numbers
// without a pattern, one for each place at which something enters.
constexpr std::array<std::uint64_t, kLanes> kLaneSalts = {
    0x6a09'e667'f3bc'c908, 0xbb67'ae85'84ca'a73b, 0x3c6e'f372'fe94'f82b, 0xa54f'f53a'5f1d'36f1};
constexpr std::uint64_t kTimeSalt = 0x510e'527f'ade6'82d1;
constexpr std::uint64_t kLengthSalt = 0x9b05'688c'2b3e'6c1f;
constexpr std::uint64_t kRestSalt = 0x1f83'd9ab'fb41'bd6b;
constexpr std::uint64_t kOdd = 0x5be0'cd19'137e'2179;

std::uint64_t load_word(const std::byte* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
  return word;
}

std::uint64_t take_step(std::uint64_t digest, std::uint64_t salt, const std::byte* from) {
  return fold_product(load_word(from) ^ salt, load_word(from + kStep / 2) ^ digest);
}

std::uint64_t digest_of(Time at, Bytes bytes) {
  const auto time = static_cast<std::uint64_t>(at.time_since_epoch().count());
  std::uint64_t digest = fold_product(time ^ kTimeSalt, bytes.size() ^ kLengthSalt);
  const std::byte* from = bytes.data();
  std::size_t left = bytes.size();
  if (left >= kBlock) {
    std::uint64_t a = digest;
    std::uint64_t b = digest;
    std::uint64_t c = digest;
    std::uint64_t d = digest;
    for (; left >= kBlock; left -= kBlock, from += kBlock) {
      a = take_step(a, kLaneSalts[0], from);
      b = take_step(b, kLaneSalts[1], from + kStep);
      c = take_step(c, kLaneSalts[2], from + 2 * kStep);
      d = take_step(d, kLaneSalts[3], from + 3 * kStep);
    }
    digest = fold_product(a ^ kTimeSalt, b ^ kLengthSalt) ^ fold_product(c ^ kRestSalt, d ^ kOdd);
  }
  for (; left > kStep; left -= kStep, from += kStep) digest = take_step(digest, kRestSalt, from);
  if (bytes.size() >= kStep) return take_step(digest, kLengthSalt, from + left - kStep);
  std::array<std::byte, kStep> whole{};
  std::copy_n(from, left, whole.begin());
  return take_step(digest, kLengthSalt, whole.data());
}

}  // namespace

std::uint64_t hash_frame(std::uint64_t hash, Time at, Bytes bytes) {
  return std::rotl(hash * kOdd, 29) + digest_of(at, bytes);
}

}  // namespace strata::sim
