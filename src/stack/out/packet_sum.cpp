// SPDX-License-Identifier: Apache-2.0
#include "stack/out/packet_sum.h"

namespace strata::stack {

wire::Sum chain_sum(const Packet& packet, std::size_t offset) {
  wire::Sum sum;
  bool is_odd = false;
  for (const Packet* slice = &packet; slice != nullptr; slice = slice->next_slice()) {
    const Bytes bytes = slice->bytes();
    if (offset >= bytes.size()) {
      offset -= bytes.size();
      continue;
    }
    const Bytes part = bytes.subspan(offset);
    sum = combine(sum, wire::partial_sum(part), is_odd);
    is_odd = is_odd != (part.size() % 2 != 0);
    offset = 0;
  }
  return sum;
}

}  // namespace strata::stack
