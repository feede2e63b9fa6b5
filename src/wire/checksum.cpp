// SPDX-License-Identifier: Apache-2.0
// The portable checksum and the choice of the fastest one for this CPU.
#include "strata/wire/checksum.h"

#include <atomic>

#include "wire/checksum_kernels.h"

namespace strata::wire::checksum_detail {

namespace {

// Four independent chains, because each add must wait for the carry of the one before it.
struct FourSums {
  Sum a, b, c, d;

  void add(const std::byte* from) {
    a += Sum::from_bits(load_native<std::uint64_t>(from));
    b += Sum::from_bits(load_native<std::uint64_t>(from + 8));
    c += Sum::from_bits(load_native<std::uint64_t>(from + 16));
    d += Sum::from_bits(load_native<std::uint64_t>(from + 24));
  }
  [[nodiscard]] Sum total() const { return (a + b) + (c + d); }
};

constexpr std::size_t kStride = 32;

}  // namespace

std::uint64_t sum_scalar(const std::byte* from, std::size_t length) {
  FourSums sums;
  for (; length >= kStride; from += kStride, length -= kStride) sums.add(from);
  return (sums.total() + sum_short(from, length)).bits();
}

std::uint64_t copy_and_sum_scalar(const std::byte* from, std::byte* to, std::size_t length) {
  FourSums sums;
  for (; length >= kStride; from += kStride, to += kStride, length -= kStride) {
    std::memcpy(to, from, kStride);
    sums.add(from);
  }
  copy_bytes(Bytes(from, length), MutableBytes(to, length));
  return (sums.total() + sum_short(from, length)).bits();
}

const ChecksumKernel& best_checksum_kernel() {
  const std::span<const ChecksumKernel> kernels = checksum_kernels();
  for (const ChecksumKernel& kernel : kernels) {
    if (kernel.is_supported()) return kernel;
  }
  return kernels.back();
}

#if defined(__x86_64__)

namespace {

std::uint64_t choose_sum(const std::byte* from, std::size_t length);
std::uint64_t choose_copy(const std::byte* from, std::byte* to, std::size_t length);

// Constant-initialised, so that a call from another file's initialiser finds them ready. The
// first call replaces each by the kernel for this CPU. Threads that race there store the same
// pointer, and code is never written, so relaxed order is enough.
constinit std::atomic<SumKernel> chosen_sum{choose_sum};
constinit std::atomic<CopyKernel> chosen_copy{choose_copy};

std::uint64_t choose_sum(const std::byte* from, std::size_t length) {
  const SumKernel kernel = best_checksum_kernel().sum;
  chosen_sum.store(kernel, std::memory_order_relaxed);
  return kernel(from, length);
}

std::uint64_t choose_copy(const std::byte* from, std::byte* to, std::size_t length) {
  const CopyKernel kernel = best_checksum_kernel().copy_and_sum;
  chosen_copy.store(kernel, std::memory_order_relaxed);
  return kernel(from, to, length);
}

}  // namespace

Sum sum_long(Bytes bytes) {
  return Sum::from_bits(chosen_sum.load(std::memory_order_relaxed)(bytes.data(), bytes.size()));
}

Sum copy_and_sum_long(Bytes from, MutableBytes to) {
  return Sum::from_bits(
      chosen_copy.load(std::memory_order_relaxed)(from.data(), to.data(), from.size()));
}

#else

std::span<const ChecksumKernel> checksum_kernels() {
  static constexpr std::array kKernels = {
      ChecksumKernel{"scalar", [] { return true; }, sum_scalar, copy_and_sum_scalar}};
  return kKernels;
}

Sum sum_long(Bytes bytes) { return Sum::from_bits(sum_scalar(bytes.data(), bytes.size())); }

Sum copy_and_sum_long(Bytes from, MutableBytes to) {
  return Sum::from_bits(copy_and_sum_scalar(from.data(), to.data(), from.size()));
}

#endif

}  // namespace strata::wire::checksum_detail
