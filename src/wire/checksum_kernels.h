// SPDX-License-Identifier: Apache-2.0
// The implementations behind checksum.h, each callable by itself so that tests can compare them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace strata::wire::checksum_detail {

// Both return Sum::bits() of the bytes read. `to` does not overlap `from`.
using SumKernel = std::uint64_t (*)(const std::byte* from, std::size_t length);
using CopyKernel = std::uint64_t (*)(const std::byte* from, std::byte* to, std::size_t length);

struct ChecksumKernel {
  std::string_view name;
  bool (*is_supported)();  // by the CPU we run on
  SumKernel sum;
  CopyKernel copy_and_sum;
};

[[nodiscard]] std::uint64_t sum_scalar(const std::byte* from, std::size_t length);
[[nodiscard]] std::uint64_t copy_and_sum_scalar(const std::byte* from, std::byte* to,
                                                std::size_t length);

// Every implementation compiled for this architecture, fastest first; the last is the scalar one
// and always supported.
[[nodiscard]] std::span<const ChecksumKernel> checksum_kernels();

// The first of them that this CPU supports.
[[nodiscard]] const ChecksumKernel& best_checksum_kernel();

}  // namespace strata::wire::checksum_detail
