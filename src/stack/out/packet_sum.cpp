// SPDX-License-Identifier: Apache-2.0
#include "stack/out/packet_sum.h"

#include <algorithm>

namespace strata::stack {

wire::Sum packet_sum(const Packet& packet, std::size_t offset, std::size_t count) {
  // Nearly every packet is one slice.
  if (!packet.is_chain() && offset <= packet.size()) {
    const Bytes rest = packet.bytes().subspan(offset);
    return wire::partial_sum(rest.first(std::min(count, rest.size())));
  }
  wire::Sum sum;
  bool is_odd = false;
  for (const Packet* slice = &packet; count != 0; slice = slice->next_slice()) {
    const Bytes bytes = slice->bytes();
    if (offset >= bytes.size()) {
      offset -= bytes.size();
      continue;
    }
    const Bytes part = bytes.subspan(offset, std::min(count, bytes.size() - offset));
    sum = combine(sum, wire::partial_sum(part), is_odd);
    is_odd = is_odd != (part.size() % 2 != 0);
    count -= part.size();
    offset = 0;
  }
  return sum;
}

}  // namespace strata::stack
