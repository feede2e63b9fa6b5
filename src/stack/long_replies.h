// SPDX-License-Identifier: Apache-2.0
// LongReplies: to whom echo replies went that a link of IPv6 need not carry whole.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "strata/address.h"

namespace strata::stack {

// No socket knows of a reply to an echo request. When a router finds one too big for the next
// link, this tells a report about it from one that a stranger made up (RFC 5927 7).
class LongReplies {
 public:
  void on_reply(const IpAddress& destination, std::size_t packet_size) {
    constexpr std::size_t kIpv6MtuMin = 1280;  // RFC 8200 5
    if (packet_size <= kIpv6MtuMin || were_sent_to(destination)) return;
    destinations_[next_] = destination;
    next_ = (next_ + 1) % destinations_.size();
  }
  [[nodiscard]] bool were_sent_to(const IpAddress& destination) const {
    return std::ranges::find(destinations_, destination) != destinations_.end();
  }

 private:
  std::array<IpAddress, 16> destinations_{};
  std::size_t next_ = 0;
};

}  // namespace strata::stack
