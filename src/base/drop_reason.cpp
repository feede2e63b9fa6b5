// SPDX-License-Identifier: Apache-2.0
#include "strata/drop_reason.h"

#include <array>

#include "strata/check.h"

namespace strata {
namespace {

struct Text {
  DropReason reason;
  std::string_view name;
  std::string_view explanation;
};

// In the order of the enum, which the static_assert below proves.
constexpr std::array<Text, kDropReasonCount> kTexts{{
    {DropReason::kNone, "none", "The packet was not dropped."},
    {DropReason::kFrameTooShort, "frame_too_short",
     "The frame is shorter than an Ethernet header."},
    {DropReason::kFrameNotForUs, "frame_not_for_us",
     "The frame is addressed to another station's MAC address."},
    {DropReason::kFrameBadLength, "frame_bad_length",
     "The 802.3 length field, or the LLC header it promises, does not fit the frame."},
    {DropReason::kFrameUnknownEthertype, "frame_unknown_ethertype",
     "Nobody in this stack handles the frame's ethertype."},
    {DropReason::kVlanNotConfigured, "vlan_not_configured",
     "The frame carries a VLAN tag that no interface is configured for."},
    {DropReason::kVlanTagMalformed, "vlan_tag_malformed",
     "The frame ends inside its VLAN tags, or carries more than two with a VLAN."},
    {DropReason::kFrameTooLong, "frame_too_long",
     "The frame is larger than the interface may receive."},
    {DropReason::kArpMalformed, "arp_malformed",
     "The ARP message is too short, or is not Ethernet and IPv4."},
    {DropReason::kArpNotForUs, "arp_not_for_us",
     "The ARP message asks for an address that is not ours."},
    {DropReason::kNeighborUnresolved, "neighbor_unresolved",
     "The next hop did not answer ARP or neighbour solicitations."},
    {DropReason::kNeighborQueueFull, "neighbor_queue_full",
     "Too many packets were waiting for the same next hop to answer; the oldest was given up."},
    {DropReason::kNeighborTableFull, "neighbor_table_full",
     "The neighbour table is at its limit and holds nothing that may be displaced."},
    {DropReason::kNdMalformed, "nd_malformed",
     "The neighbour discovery message breaks the validity rules of RFC 4861."},
    {DropReason::kNdHopLimitNot255, "nd_hop_limit_not255",
     "The neighbour discovery message came through a router: its hop limit is not 255."},
    {DropReason::kNdNotOnLink, "nd_not_on_link",
     "The neighbour discovery message speaks of an address that cannot be on this link."},
    {DropReason::kNdNotForUs, "nd_not_for_us",
     "The neighbour discovery message asks for, or tells of, an address nobody here cares about."},
    {DropReason::kIpv4TooShort, "ipv4_too_short", "The frame ends inside the IPv4 header."},
    {DropReason::kIpv4BadVersion, "ipv4_bad_version",
     "The version field of the IPv4 header is not 4."},
    {DropReason::kIpv4BadLength, "ipv4_bad_length",
     "The IPv4 header or total length contradicts the bytes that arrived."},
    {DropReason::kIpv4BadChecksum, "ipv4_bad_checksum",
     "The checksum over the IPv4 header is wrong."},
    {DropReason::kIpv4BadOption, "ipv4_bad_option", "An IPv4 option is malformed."},
    {DropReason::kIpv4BadSource, "ipv4_bad_source",
     "The IPv4 source address can never be a sender (multicast, broadcast, reserved, or ours)."},
    {DropReason::kIpv4BadDestination, "ipv4_bad_destination",
     "The IPv4 destination address can never be a receiver on this link."},
    {DropReason::kIpv4SourceRouteRefused, "ipv4_source_route_refused",
     "The packet asks to be source routed, and this stack does not do that."},
    {DropReason::kIpv6TooShort, "ipv6_too_short", "The frame ends inside the IPv6 header."},
    {DropReason::kIpv6BadVersion, "ipv6_bad_version",
     "The version field of the IPv6 header is not 6."},
    {DropReason::kIpv6BadLength, "ipv6_bad_length",
     "The IPv6 payload length contradicts the bytes that arrived."},
    {DropReason::kIpv6BadSource, "ipv6_bad_source",
     "The IPv6 source address can never be a sender (multicast, or loopback from a link)."},
    {DropReason::kIpv6BadDestination, "ipv6_bad_destination",
     "The IPv6 destination address can never be a receiver on this link."},
    {DropReason::kIpv6MappedAddress, "ipv6_mapped_address",
     "The IPv6 header carries an IPv4-mapped address, which must not appear on the wire."},
    {DropReason::kIpv6BadExtension, "ipv6_bad_extension",
     "An IPv6 extension header is malformed or out of place."},
    {DropReason::kIpv6ExtensionChainTooLong, "ipv6_extension_chain_too_long",
     "The packet carries more IPv6 extension headers or options than this stack will walk."},
    {DropReason::kIpv6UnknownOption, "ipv6_unknown_option",
     "An IPv6 option that we do not know demands that the packet be discarded."},
    {DropReason::kIpv6UnknownNextHeader, "ipv6_unknown_next_header",
     "The packet's next header is one this stack does not know."},
    {DropReason::kIpv6RoutingRefused, "ipv6_routing_refused",
     "The packet carries a routing header with segments left, which this stack does not process."},
    {DropReason::kNotLocalAndNotForwarding, "not_local_and_not_forwarding",
     "The packet is for somebody else, and forwarding is off."},
    {DropReason::kNoRoute, "no_route", "No route leads to the destination."},
    {DropReason::kNoSourceAddress, "no_source_address",
     "No address of ours may be used to reach the destination."},
    {DropReason::kTtlExpired, "ttl_expired", "The packet's TTL or hop limit ran out here."},
    {DropReason::kPacketTooBig, "packet_too_big",
     "The packet is larger than the next link carries and must not be fragmented."},
    {DropReason::kFragmentMalformed, "fragment_malformed",
     "The fragment's offset or length is impossible."},
    {DropReason::kFragmentOverlap, "fragment_overlap",
     "Fragments of one datagram overlap; the whole datagram is given up (RFC 5722)."},
    {DropReason::kFragmentTimeout, "fragment_timeout",
     "The missing fragments of the datagram did not arrive in time."},
    {DropReason::kFragmentBudget, "fragment_budget",
     "The memory set aside for reassembly is used up; the oldest datagram was given up."},
    {DropReason::kFragmentTooMany, "fragment_too_many",
     "The datagram is in more pieces than this stack will collect."},
    {DropReason::kUnknownProtocol, "unknown_protocol",
     "Nobody in this stack handles the packet's protocol."},
    {DropReason::kMartianOnLink, "martian_on_link",
     "The packet's source address cannot be behind the link it came from."},
    {DropReason::kLinkLocalForwarded, "link_local_forwarded",
     "A packet with a link-local address must not be forwarded off its link."},
    {DropReason::kMulticastNotJoined, "multicast_not_joined",
     "The packet is for a multicast group that nobody here has joined."},
    {DropReason::kIcmpTooShort, "icmp_too_short", "The ICMP message ends inside its header."},
    {DropReason::kIcmpBadChecksum, "icmp_bad_checksum",
     "The checksum over the ICMP message is wrong."},
    {DropReason::kIcmpUnknownType, "icmp_unknown_type",
     "The ICMP message is of a type this stack has no use for."},
    {DropReason::kIcmpQuoteUnknown, "icmp_quote_unknown",
     "The ICMP error quotes a packet that no socket of ours sent."},
    {DropReason::kIcmpEchoToGroup, "icmp_echo_to_group",
     "An echo request to a broadcast or multicast address is not answered."},
    {DropReason::kIcmpRateLimited, "icmp_rate_limited",
     "The ICMP error was not sent because the limit on such errors is reached."},
    {DropReason::kRedirectRefused, "redirect_refused",
     "The redirect did not come from the router in use, or points to nowhere on the link."},
    {DropReason::kIgmpMalformed, "igmp_malformed",
     "The IGMP message is too short, has a wrong checksum, or is not valid for its type."},
    {DropReason::kMldMalformed, "mld_malformed",
     "The MLD message is too short or breaks the validity rules of RFC 3810."},
    {DropReason::kUdpTooShort, "udp_too_short", "The datagram ends inside the UDP header."},
    {DropReason::kUdpBadLength, "udp_bad_length",
     "The UDP length field contradicts the bytes that arrived."},
    {DropReason::kUdpBadChecksum, "udp_bad_checksum",
     "The checksum over the UDP datagram is wrong."},
    {DropReason::kUdpNoChecksum, "udp_no_checksum",
     "The UDP datagram over IPv6 carries no checksum, which only agreed tunnels may do."},
    {DropReason::kUdpNoSocket, "udp_no_socket",
     "No socket is bound to the datagram's address and port."},
    {DropReason::kUdpQueueFull, "udp_queue_full",
     "The socket's receive queue is full: its program reads too slowly."},
    {DropReason::kUdpSourceNotPermitted, "udp_source_not_permitted",
     "The socket's multicast source filter excludes the sender."},
    {DropReason::kTcpTooShort, "tcp_too_short", "The segment ends inside the TCP header."},
    {DropReason::kTcpBadOffset, "tcp_bad_offset",
     "The data offset of the TCP header is below 20 bytes or beyond the segment."},
    {DropReason::kTcpBadChecksum, "tcp_bad_checksum",
     "The checksum over the TCP segment is wrong."},
    {DropReason::kTcpToGroup, "tcp_to_group",
     "TCP is for two hosts: a segment to a broadcast or multicast address means nothing."},
    {DropReason::kRawQueueFull, "raw_queue_full",
     "A raw or packet socket's receive queue is full: its program reads too slowly."},
    {DropReason::kTcpNoSocket, "tcp_no_socket",
     "The segment belongs to no connection and nothing listens where it went."},
    {DropReason::kTcpBacklogFull, "tcp_backlog_full",
     "Too many connections to this listener are half open already."},
    {DropReason::kTcpAcceptQueueFull, "tcp_accept_queue_full",
     "The listener's program accepts connections too slowly."},
    {DropReason::kTcpTableFull, "tcp_table_full",
     "A table of TCP is at its configured limit, or memory is."},
    {DropReason::kTcpUnacceptable, "tcp_unacceptable",
     "A sequence or acknowledgment number lies outside of what the connection can accept."},
    {DropReason::kTcpOldTimestamp, "tcp_old_timestamp",
     "The segment's timestamp is older than one seen before: it is a late duplicate."},
    {DropReason::kTcpResetRefused, "tcp_reset_refused",
     "A reset that might come from a stranger was not believed."},
    {DropReason::kTcpSynRefused, "tcp_syn_refused",
     "A SYN came where a connection exists already."},
    {DropReason::kTcpQuoteNotInFlight, "tcp_quote_not_in_flight",
     "An ICMP error quotes a TCP segment that is not on its way, or cannot have met that error."},
    {DropReason::kPoolEmpty, "pool_empty", "The packet pool has no free buffer."},
    {DropReason::kTransmitQueueFull, "transmit_queue_full",
     "The interface's transmit queue is full: the device is slower than the senders."},
    {DropReason::kDeviceFailed, "device_failed", "The device refused the packet or has vanished."},
    {DropReason::kInterfaceDown, "interface_down", "The interface is down."},
    {DropReason::kHookDropped, "hook_dropped",
     "A hook (firewall, filter or program) decided to drop the packet."},
    {DropReason::kAddressTentative, "address_tentative",
     "The address is still being checked for duplicates and may not be used yet."},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    if (kTexts[i].reason != static_cast<DropReason>(i)) return false;
  }
  return true;
}
static_assert(in_order());

const Text& text_of(DropReason reason) {
  const auto index = static_cast<std::size_t>(reason);
  STRATA_CHECK(index < kTexts.size());
  return kTexts[index];
}

}  // namespace

std::string_view name_of(DropReason reason) { return text_of(reason).name; }

std::string_view explanation_of(DropReason reason) { return text_of(reason).explanation; }

}  // namespace strata
