// SPDX-License-Identifier: Apache-2.0
// Ethertypes (IEEE 802 numbers) that Strata names.
#pragma once

#include <cstdint>

namespace strata::wire {

inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeArp = 0x0806;
inline constexpr std::uint16_t kEtherTypeWakeOnLan = 0x0842;
inline constexpr std::uint16_t kEtherTypeReverseArp = 0x8035;
inline constexpr std::uint16_t kEtherTypeVlan = 0x8100;  // IEEE 802.1Q customer tag
inline constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
inline constexpr std::uint16_t kEtherTypeFlowControl = 0x8808;  // IEEE 802.3 annex 31B
inline constexpr std::uint16_t kEtherTypeSlow = 0x8809;         // LACP and its kin
inline constexpr std::uint16_t kEtherTypeMpls = 0x8847;
inline constexpr std::uint16_t kEtherTypePppoeDiscovery = 0x8863;
inline constexpr std::uint16_t kEtherTypePppoeSession = 0x8864;
inline constexpr std::uint16_t kEtherTypeEapol = 0x888e;
inline constexpr std::uint16_t kEtherTypeServiceVlan = 0x88a8;  // IEEE 802.1ad service tag
inline constexpr std::uint16_t kEtherTypeLldp = 0x88cc;
inline constexpr std::uint16_t kEtherTypePtp = 0x88f7;
inline constexpr std::uint16_t kEtherTypeLoopback = 0x9000;
inline constexpr std::uint16_t kEtherTypeQinqOld = 0x9100;  // service tag before 802.1ad

// IEEE 802.3 3.2.6: up to 1500 the field is a length, from 1536 on a type, between them nothing.
inline constexpr std::uint16_t kEthernetLengthMax = 1500;
inline constexpr std::uint16_t kEtherTypeMin = 0x0600;

[[nodiscard]] constexpr bool is_vlan_tpid(std::uint16_t type) {
  return type == kEtherTypeVlan || type == kEtherTypeServiceVlan || type == kEtherTypeQinqOld;
}

}  // namespace strata::wire
