// SPDX-License-Identifier: Apache-2.0
// Checksums: every kernel agrees with the portable one, whole, in two slices, and while copying.
#include <algorithm>
#include <vector>

#include "fuzz/law.h"
#include "strata/wire/checksum.h"
#include "wire/checksum_kernels.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;
  using namespace strata::wire;
  if (size == 0) return 0;
  const Bytes bytes = fuzz::as_input(data, size);
  const std::size_t cut = data[0] % size;
  const Sum whole = Sum::from_bits(checksum_detail::sum_scalar(bytes.data(), size));
  for (const auto& kernel : checksum_detail::checksum_kernels()) {
    if (!kernel.is_supported()) continue;
    const Sum front = Sum::from_bits(kernel.sum(bytes.data(), cut));
    const Sum back = Sum::from_bits(kernel.sum(bytes.data() + cut, size - cut));
    fuzz::require(fold(combine(front, back, cut % 2 != 0)) == fold(whole));
    std::vector<std::byte> copy(size);
    const Sum copied = Sum::from_bits(kernel.copy_and_sum(bytes.data(), copy.data(), size));
    fuzz::require(fold(copied) == fold(whole));
    fuzz::require(std::equal(copy.begin(), copy.end(), bytes.begin()));
  }
  fuzz::require(fold(partial_sum(bytes)) == fold(whole));
  return 0;
}
