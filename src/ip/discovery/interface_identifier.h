// SPDX-License-Identifier: Apache-2.0
// The lower 64 bits of an IPv6 address: stable and opaque (RFC 7217), temporary (RFC 8981), EUI-64.
#pragma once

#include <cstdint>

#include "base/siphash.h"
#include "strata/address.h"

namespace strata::ip {

// RFC 7217 5: RID = F(Prefix, Net_Iface, Network_ID, DAD_Counter, secret_key). F is SipHash-2-4
// under a secret of 128 bits; Net_Iface is the interface's MAC address, which outlives its number.
struct StableIdentifierInput {
  Prefix prefix{};
  MacAddress interface{};
  std::uint64_t network_id = 0;
  std::uint32_t dad_counter = 0;
};
[[nodiscard]] std::uint64_t stable_identifier(const SipKey& secret,
                                              const StableIdentifierInput& input);

// RFC 8981 3.3: the same function in a domain of its own, over a number that was never used
// before. Two of them cannot be told to come from one host.
[[nodiscard]] std::uint64_t temporary_identifier(const SipKey& secret,
                                                 const StableIdentifierInput& input,
                                                 std::uint64_t nonce);

// RFC 4291 appendix A and RFC 2464 4. Shows the device to every site it visits: off by default.
[[nodiscard]] std::uint64_t eui64_identifier(const MacAddress& address);

// RFC 5453, RFC 2526: identifiers that belong to anycast or to the subnet's routers.
[[nodiscard]] bool is_reserved_identifier(std::uint64_t identifier);

// The address of an identifier in a prefix of 64 bits.
[[nodiscard]] constexpr IpAddress address_of(const Prefix& prefix, std::uint64_t identifier) {
  return IpAddress::v6(prefix.address().high(), identifier);
}

}  // namespace strata::ip
