// SPDX-License-Identifier: Apache-2.0
// Checksums with the vector instructions of x86-64. Each function carries its own target, so the
// file builds without architecture flags and runs wherever the CPU is asked first.
#if defined(__x86_64__)

// GCC 12's AVX-512 header starts "undefined" registers from themselves and then warns about it.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <immintrin.h>

#include <algorithm>
#include <array>

#include "strata/wire/checksum.h"
#include "wire/checksum_kernels.h"

#define STRATA_AVX2 __attribute__((target("avx2")))
#define STRATA_AVX512 __attribute__((target("avx512f,avx512bw")))

namespace strata::wire::checksum_detail {

namespace {

// ---- AVX2 and AVX-512BW: multiply words by one and add them in pairs into 32-bit lanes. The
// multiply reads words as signed, so each is moved down by 2^15 first; the bias comes back at the
// end of a block. A lane moves by at most 2^16 per vector, so 2^14 of them cannot overflow it.

constexpr short kBias = -0x8000;
constexpr std::size_t kVectorsPerBlock = 16384;

constexpr std::uint64_t bias_of(std::size_t bytes) { return std::uint64_t{0x8000} * (bytes / 2); }

template <bool kCopy>
STRATA_AVX2 inline __m256i add_avx2(__m256i sum, const std::byte* from, std::byte* to,
                                    std::size_t at) {
  const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + at));
  if constexpr (kCopy) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + at), words);
  const __m256i biased = _mm256_xor_si256(words, _mm256_set1_epi16(kBias));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(biased, _mm256_set1_epi16(1)));
}

// The true total of signed 32-bit lanes.
STRATA_AVX2 inline std::uint64_t total_avx2(__m256i lanes) {
  const __m256i both = _mm256_add_epi64(_mm256_cvtepi32_epi64(_mm256_castsi256_si128(lanes)),
                                        _mm256_cvtepi32_epi64(_mm256_extracti128_si256(lanes, 1)));
  const __m128i pair =
      _mm_add_epi64(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(pair) + _mm_extract_epi64(pair, 1));
}

template <bool kCopy>
STRATA_AVX2 inline std::uint64_t run_avx2(const std::byte* from, std::byte* to,
                                          std::size_t length) {
  constexpr std::size_t kWidth = 32;
  Sum sum;
  while (length >= kWidth) {
    const std::size_t block = std::min(length / kWidth, kVectorsPerBlock) * kWidth;
    __m256i even = _mm256_setzero_si256();
    __m256i odd = _mm256_setzero_si256();
    std::size_t at = 0;
    for (; at + (4 * kWidth) <= block; at += 4 * kWidth) {
      even = add_avx2<kCopy>(even, from, to, at);
      odd = add_avx2<kCopy>(odd, from, to, at + kWidth);
      even = add_avx2<kCopy>(even, from, to, at + (2 * kWidth));
      odd = add_avx2<kCopy>(odd, from, to, at + (3 * kWidth));
    }
    for (; at < block; at += kWidth) even = add_avx2<kCopy>(even, from, to, at);
    sum += Sum::from_bits(total_avx2(even) + total_avx2(odd) + bias_of(block));
    from += block;
    if constexpr (kCopy) to += block;
    length -= block;
  }
  if constexpr (kCopy) copy_bytes(Bytes(from, length), MutableBytes(to, length));
  return (sum + sum_short(from, length)).bits();
}

// ---- AVX-512: vectors of 64 bytes, and a masked last one that reads as if zeros followed.

STRATA_AVX512 inline __mmask64 mask_of(std::size_t bytes) {  // 0 to 63
  return (std::uint64_t{1} << bytes) - 1;
}

template <bool kCopy>
STRATA_AVX512 inline __m512i load_avx512(const std::byte* from, std::byte* to, std::size_t at) {
  const __m512i words = _mm512_loadu_si512(from + at);
  if constexpr (kCopy) _mm512_storeu_si512(to + at, words);
  return words;
}

template <bool kCopy>
STRATA_AVX512 inline __m512i load_tail(const std::byte* from, std::byte* to, std::size_t length) {
  const __m512i words = _mm512_maskz_loadu_epi8(mask_of(length), from);
  if constexpr (kCopy) _mm512_mask_storeu_epi8(to, mask_of(length), words);
  return words;
}

STRATA_AVX512 inline __m512i add_avx512(__m512i sum, __m512i words) {
  const __m512i biased = _mm512_xor_si512(words, _mm512_set1_epi16(kBias));
  return _mm512_add_epi32(sum, _mm512_madd_epi16(biased, _mm512_set1_epi16(1)));
}

STRATA_AVX512 inline std::uint64_t total_avx512(__m512i lanes) {
  const __m512i both = _mm512_add_epi64(_mm512_cvtepi32_epi64(_mm512_castsi512_si256(lanes)),
                                        _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(lanes, 1)));
  return static_cast<std::uint64_t>(_mm512_reduce_add_epi64(both));
}

template <bool kCopy>
STRATA_AVX512 inline std::uint64_t run_avx512(const std::byte* from, std::byte* to,
                                              std::size_t length) {
  constexpr std::size_t kWidth = 64;
  Sum sum;
  do {
    std::size_t block = std::min(length / kWidth, kVectorsPerBlock) * kWidth;
    __m512i even = _mm512_setzero_si512();
    __m512i odd = _mm512_setzero_si512();
    std::size_t at = 0;
    for (; at + (2 * kWidth) <= block; at += 2 * kWidth) {
      even = add_avx512(even, load_avx512<kCopy>(from, to, at));
      odd = add_avx512(odd, load_avx512<kCopy>(from, to, at + kWidth));
    }
    if (at < block) even = add_avx512(even, load_avx512<kCopy>(from, to, at));
    from += block;
    if constexpr (kCopy) to += block;
    length -= block;
    // A store of no bytes still stands in the way of a read from where it would have gone.
    if (length != 0 && length < kWidth) {
      odd = add_avx512(odd, load_tail<kCopy>(from, to, length));
      block += kWidth;
    }
    sum += Sum::from_bits(total_avx512(_mm512_add_epi32(even, odd)) + bias_of(block));
  } while (length >= kWidth);
  return sum.bits();
}

STRATA_AVX2 std::uint64_t sum_avx2(const std::byte* from, std::size_t length) {
  return run_avx2<false>(from, nullptr, length);
}
STRATA_AVX2 std::uint64_t copy_avx2(const std::byte* from, std::byte* to, std::size_t length) {
  return run_avx2<true>(from, to, length);
}
STRATA_AVX512 std::uint64_t sum_avx512(const std::byte* from, std::size_t length) {
  return run_avx512<false>(from, nullptr, length);
}
STRATA_AVX512 std::uint64_t copy_avx512(const std::byte* from, std::byte* to, std::size_t length) {
  return run_avx512<true>(from, to, length);
}

bool has_avx2() { return __builtin_cpu_supports("avx2") != 0; }
// __builtin_cpu_supports also asks whether the operating system saves the wide registers.
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0;
}
bool always() { return true; }

}  // namespace

std::span<const ChecksumKernel> checksum_kernels() {
  static constexpr std::array kKernels = {
      ChecksumKernel{"avx512", has_avx512, sum_avx512, copy_avx512},
      ChecksumKernel{"avx2", has_avx2, sum_avx2, copy_avx2},
      ChecksumKernel{"scalar", always, sum_scalar, copy_and_sum_scalar},
  };
  // Constructors of other files may run before the one that looks at the CPU.
  __builtin_cpu_init();
  return kKernels;
}

}  // namespace strata::wire::checksum_detail

#endif
