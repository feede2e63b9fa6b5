// SPDX-License-Identifier: Apache-2.0
#include "strata/packet_batch.h"

#include <algorithm>

namespace strata {

void PacketBatch::compact() {
  const auto end =
      std::remove(packets_.begin(), packets_.begin() + static_cast<std::ptrdiff_t>(size_), nullptr);
  size_ = static_cast<std::size_t>(end - packets_.begin());
}

void PacketBatch::drop_front(std::size_t count) {
  STRATA_CHECK(count <= size_);
  for (std::size_t i = 0; i < count; ++i) {
    if (packets_[i] != nullptr) PacketRecycler{}(packets_[i]);
  }
  std::copy(packets_.begin() + count, packets_.begin() + static_cast<std::ptrdiff_t>(size_),
            packets_.begin());
  size_ -= count;
}

}  // namespace strata
