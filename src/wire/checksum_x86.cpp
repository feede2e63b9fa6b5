// SPDX-License-Identifier: Apache-2.0
// Checksums with the vector instructions of x86-64. Each function carries its own target, so the
// file builds without architecture flags and runs wherever the CPU is asked first.
#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>

#include "strata/wire/checksum.h"
#include "wire/checksum_kernels.h"

namespace strata::wire::checksum_detail {

namespace {

// ---- AVX2 ---------------------------------------------------------------------------------------
// Words are multiplied by one and added in pairs into 32-bit lanes. The multiply reads them as
// signed, so each is moved down by 2^15 first, and the bias comes back at the end.

constexpr std::uint64_t kWordBias = 0x8000;
// A lane gains at most 2^16 in magnitude per step, so this many steps cannot overflow it.
constexpr std::size_t kStepsPerBlock = 16384;

#define STRATA_AVX2 __attribute__((target("avx2")))
#define STRATA_AVX512 __attribute__((target("avx512f,avx512bw")))
#define STRATA_VNNI __attribute__((target("avx512f,avx512bw,avx512vnni")))

STRATA_AVX2 inline __m256i add_biased(__m256i sum, __m256i words) {
  const __m256i biased = _mm256_xor_si256(words, _mm256_set1_epi16(static_cast<short>(kWordBias)));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(biased, _mm256_set1_epi16(1)));
}

// Signed 32-bit lanes to their true total.
STRATA_AVX2 inline std::int64_t total_of(__m256i lanes) {
  const __m256i low = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(lanes));
  const __m256i high = _mm256_cvtepi32_epi64(_mm256_extracti128_si256(lanes, 1));
  const __m256i both = _mm256_add_epi64(low, high);
  const __m128i pair =
      _mm_add_epi64(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
  return _mm_cvtsi128_si64(pair) + _mm_extract_epi64(pair, 1);
}

template <bool kCopy>
STRATA_AVX2 inline std::uint64_t run_avx2(const std::byte* from, std::byte* to,
                                          std::size_t length) {
  constexpr std::size_t kStep = 128;
  Sum sum;
  while (length >= kStep) {
    const std::size_t steps = std::min(length / kStep, kStepsPerBlock / 2);
    __m256i sums[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (std::size_t step = 0; step < steps; ++step, from += kStep) {
      for (std::size_t i = 0; i < 4; ++i) {
        const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + (32 * i)));
        if constexpr (kCopy) {
          _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + (32 * i)), words);
        }
        sums[i % 2] = add_biased(sums[i % 2], words);
      }
      if constexpr (kCopy) to += kStep;
    }
    length -= steps * kStep;
    const std::uint64_t bias = kWordBias * (kStep / 2) * steps;
    sum += Sum::from_bits(static_cast<std::uint64_t>(total_of(sums[0]) + total_of(sums[1])) + bias);
  }
  if constexpr (kCopy) return (sum + Sum::from_bits(copy_and_sum_scalar(from, to, length))).bits();
  return (sum + Sum::from_bits(sum_scalar(from, length))).bits();
}

STRATA_AVX2 std::uint64_t sum_avx2(const std::byte* from, std::size_t length) {
  return run_avx2<false>(from, nullptr, length);
}
STRATA_AVX2 std::uint64_t copy_avx2(const std::byte* from, std::byte* to, std::size_t length) {
  return run_avx2<true>(from, to, length);
}

}  // namespace

std::span<const ChecksumKernel> checksum_kernels() {
  static constexpr std::array kKernels = {
      ChecksumKernel{"avx2", [] { return __builtin_cpu_supports("avx2") != 0; }, sum_avx2,
                     copy_avx2},
      ChecksumKernel{"scalar", [] { return true; }, sum_scalar, copy_and_sum_scalar}};
  return kKernels;
}

}  // namespace strata::wire::checksum_detail

#endif
