// SPDX-License-Identifier: Apache-2.0
// SipHash: the keyed hash of every table that strangers can fill (Aumasson and Bernstein, 2012).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "strata/bytes.h"

namespace strata {

struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

// One SipHash computation with c compression and d finalisation rounds. Words are fed whole:
// callers pack their key into 64-bit words, which is what keeps a look-up at a few nanoseconds.
template <int kCompression, int kFinalization>
class SipState {
 public:
  explicit constexpr SipState(const SipKey& key)
      : v0_(key.k0 ^ 0x736f'6d65'7073'6575),
        v1_(key.k1 ^ 0x646f'7261'6e64'6f6d),
        v2_(key.k0 ^ 0x6c79'6765'6e65'7261),
        v3_(key.k1 ^ 0x7465'6462'7974'6573) {}

  constexpr void feed(std::uint64_t word) {
    v3_ ^= word;
    for (int i = 0; i < kCompression; ++i) round();
    v0_ ^= word;
  }

  [[nodiscard]] constexpr std::uint64_t finish() {
    v2_ ^= 0xff;
    for (int i = 0; i < kFinalization; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  constexpr void round() {
    v0_ += v1_;
    v2_ += v3_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v1_;
    v0_ += v3_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_;
};

// SipHash-1-3 over whole words: for tables.
template <std::size_t kCount>
[[nodiscard]] constexpr std::uint64_t hash_words(const SipKey& key,
                                                 const std::uint64_t (&words)[kCount]) {
  SipState<1, 3> state(key);
  for (const std::uint64_t word : words) state.feed(word);
  state.feed(std::uint64_t{kCount * 8} << 56U);
  return state.finish();
}

// SipHash-2-4 over bytes, the reference function: for values that strangers see.
[[nodiscard]] std::uint64_t siphash24(const SipKey& key, Bytes bytes);

}  // namespace strata
