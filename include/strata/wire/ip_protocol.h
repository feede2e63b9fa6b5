// SPDX-License-Identifier: Apache-2.0
// IP protocol numbers (IPv4 protocol, IPv6 next header) that Strata names.
#pragma once

#include <cstdint>

namespace strata::wire {

inline constexpr std::uint8_t kIpProtocolHopByHop = 0;
inline constexpr std::uint8_t kIpProtocolIcmpv4 = 1;
inline constexpr std::uint8_t kIpProtocolIgmp = 2;
inline constexpr std::uint8_t kIpProtocolIpv4 = 4;  // IPv4 inside IP (RFC 2003)
inline constexpr std::uint8_t kIpProtocolTcp = 6;
inline constexpr std::uint8_t kIpProtocolUdp = 17;
inline constexpr std::uint8_t kIpProtocolDccp = 33;
inline constexpr std::uint8_t kIpProtocolIpv6 = 41;  // IPv6 inside IP (RFC 4213)
inline constexpr std::uint8_t kIpProtocolRouting = 43;
inline constexpr std::uint8_t kIpProtocolFragment = 44;
inline constexpr std::uint8_t kIpProtocolGre = 47;
inline constexpr std::uint8_t kIpProtocolEsp = 50;
inline constexpr std::uint8_t kIpProtocolAh = 51;
inline constexpr std::uint8_t kIpProtocolIcmpv6 = 58;
inline constexpr std::uint8_t kIpProtocolNoNextHeader = 59;
inline constexpr std::uint8_t kIpProtocolDestinationOptions = 60;
inline constexpr std::uint8_t kIpProtocolOspf = 89;
inline constexpr std::uint8_t kIpProtocolPim = 103;
inline constexpr std::uint8_t kIpProtocolVrrp = 112;
inline constexpr std::uint8_t kIpProtocolSctp = 132;
inline constexpr std::uint8_t kIpProtocolMobility = 135;
inline constexpr std::uint8_t kIpProtocolUdpLite = 136;
inline constexpr std::uint8_t kIpProtocolHip = 139;
inline constexpr std::uint8_t kIpProtocolShim6 = 140;
inline constexpr std::uint8_t kIpProtocolExperiment1 = 253;  // RFC 3692, RFC 4727
inline constexpr std::uint8_t kIpProtocolExperiment2 = 254;
inline constexpr std::uint8_t kIpProtocolReserved = 255;

}  // namespace strata::wire
