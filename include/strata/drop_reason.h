// SPDX-License-Identifier: Apache-2.0
// Why a packet went no further: one enum for the whole stack, each with a counter and plain words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace strata {

enum class DropReason : std::uint8_t {
  kNone,

  // Link
  kFrameTooShort,
  kFrameNotForUs,
  kFrameBadLength,
  kFrameUnknownEthertype,
  kVlanNotConfigured,
  kVlanTagMalformed,
  kFrameTooLong,

  // ARP and neighbour discovery
  kArpMalformed,
  kArpNotForUs,
  kNeighborUnresolved,
  kNeighborQueueFull,
  kNeighborTableFull,
  kNdMalformed,
  kNdHopLimitNot255,
  kNdNotOnLink,
  kNdNotForUs,

  // IPv4
  kIpv4TooShort,
  kIpv4BadVersion,
  kIpv4BadLength,
  kIpv4BadChecksum,
  kIpv4BadOption,
  kIpv4BadSource,
  kIpv4BadDestination,
  kIpv4SourceRouteRefused,

  // IPv6
  kIpv6TooShort,
  kIpv6BadVersion,
  kIpv6BadLength,
  kIpv6BadSource,
  kIpv6BadDestination,
  kIpv6MappedAddress,
  kIpv6BadExtension,
  kIpv6ExtensionChainTooLong,
  kIpv6UnknownOption,
  kIpv6UnknownNextHeader,
  kIpv6RoutingRefused,

  // Either family
  kNotLocalAndNotForwarding,
  kNoRoute,
  kNoSourceAddress,
  kTtlExpired,
  kPacketTooBig,
  kFragmentMalformed,
  kFragmentOverlap,
  kFragmentTimeout,
  kFragmentBudget,
  kFragmentTooMany,
  kUnknownProtocol,
  kMartianOnLink,
  kLinkLocalForwarded,
  kMulticastNotJoined,

  // ICMP, IGMP, MLD
  kIcmpTooShort,
  kIcmpBadChecksum,
  kIcmpUnknownType,
  kIcmpQuoteUnknown,
  kIcmpEchoToGroup,
  kIcmpRateLimited,
  kRedirectRefused,
  kIgmpMalformed,
  kMldMalformed,

  // UDP
  kUdpTooShort,
  kUdpBadLength,
  kUdpBadChecksum,
  kUdpNoChecksum,
  kUdpNoSocket,
  kUdpQueueFull,
  kUdpSourceNotPermitted,

  // TCP
  kTcpTooShort,
  kTcpBadOffset,
  kTcpBadChecksum,
  kTcpToGroup,

  // Raw and packet sockets
  kRawQueueFull,

  // TCP connections
  kTcpNoSocket,
  kTcpBacklogFull,
  kTcpAcceptQueueFull,
  kTcpTableFull,
  kTcpUnacceptable,
  kTcpOldTimestamp,
  kTcpResetRefused,
  kTcpSynRefused,
  kTcpQuoteNotInFlight,

  // Leaving
  kPoolEmpty,
  kTransmitQueueFull,
  kDeviceFailed,
  kInterfaceDown,
  kHookDropped,
  kAddressTentative,

  kCount,
};

inline constexpr std::size_t kDropReasonCount = static_cast<std::size_t>(DropReason::kCount);

// The enumerator's name without its k, in snake case: "ipv4_bad_checksum".
[[nodiscard]] std::string_view name_of(DropReason reason);

// One sentence for a person who is not reading the source.
[[nodiscard]] std::string_view explanation_of(DropReason reason);

}  // namespace strata
