// SPDX-License-Identifier: Apache-2.0
// Flow: the four numbers that name a connection (RFC 9293 3.3.1), and the link they are valid on.
#pragma once

#include <cstdint>

#include "base/siphash.h"
#include "strata/address.h"

namespace strata::tcp {

// 40 bytes: Endpoint carries a zone twice over, and there are millions of these.
struct Flow {
  IpAddress local_address;
  IpAddress remote_address;
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  InterfaceId interface = kNoInterface;  // set only where a link-local address needs it

  [[nodiscard]] constexpr Endpoint local() const { return {local_address, local_port, interface}; }
  [[nodiscard]] constexpr Endpoint remote() const {
    return {remote_address, remote_port, interface};
  }
  [[nodiscard]] constexpr bool is_v4() const { return local_address.is_v4(); }
  friend constexpr bool operator==(const Flow&, const Flow&) = default;
};
static_assert(sizeof(Flow) <= 40);

// For tables that strangers fill.
[[nodiscard]] constexpr std::uint32_t hash_of(const SipKey& key, const Flow& flow) {
  const std::uint64_t ports = std::uint64_t{flow.local_port} << 48U |
                              std::uint64_t{flow.remote_port} << 32U | flow.interface;
  return static_cast<std::uint32_t>(
      flow.is_v4()
          ? hash_words(
                key, {flow.local_address.low() << 32U | (flow.remote_address.low() & 0xffff'ffffU),
                      ports})
          : hash_words(key, {flow.local_address.high(), flow.local_address.low(),
                             flow.remote_address.high(), flow.remote_address.low(), ports}));
}

}  // namespace strata::tcp
