// SPDX-License-Identifier: Apache-2.0
// WholeSteerer: where several stacks are one host, a datagram that one of them has put together
// from fragments may be another's.
#pragma once

#include "strata/packet.h"

namespace strata::stack {

class WholeSteerer {
 public:
  virtual ~WholeSteerer() = default;
  // The packet begins with its IP header. Null: it has gone where it belongs.
  [[nodiscard]] virtual PacketPtr on_whole(PacketPtr packet) = 0;
};

}  // namespace strata::stack
