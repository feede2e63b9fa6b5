// SPDX-License-Identifier: Apache-2.0
#include "service/decode/value_names.h"

#include <algorithm>
#include <span>

#include "strata/wire/dhcp_options.h"
#include "strata/wire/ethertype.h"
#include "strata/wire/group_records.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/ip_protocol.h"

namespace strata::service::decoding {
namespace {

struct Named {
  std::uint64_t value;
  std::string_view name;
};

template <typename Value>
constexpr Named named(Value value, std::string_view name) {
  return {static_cast<std::uint64_t>(value), name};
}

std::string_view find(std::span<const Named> table, std::uint64_t value) {
  const auto found = std::ranges::find(table, value, &Named::value);
  return found == table.end() ? std::string_view{} : found->name;
}

constexpr Named kEthertypes[] = {
    {wire::kEtherTypeIpv4, "IPv4"},
    {wire::kEtherTypeArp, "ARP"},
    {wire::kEtherTypeWakeOnLan, "Wake-on-LAN"},
    {wire::kEtherTypeReverseArp, "reverse ARP"},
    {wire::kEtherTypeVlan, "VLAN tag (802.1Q)"},
    {wire::kEtherTypeIpv6, "IPv6"},
    {wire::kEtherTypeFlowControl, "flow control"},
    {wire::kEtherTypeSlow, "slow protocols (LACP)"},
    {wire::kEtherTypeMpls, "MPLS"},
    {wire::kEtherTypePppoeDiscovery, "PPPoE discovery"},
    {wire::kEtherTypePppoeSession, "PPPoE session"},
    {wire::kEtherTypeEapol, "802.1X"},
    {wire::kEtherTypeServiceVlan, "service VLAN tag (802.1ad)"},
    {wire::kEtherTypeLldp, "LLDP"},
    {wire::kEtherTypePtp, "PTP"},
    {wire::kEtherTypeLoopback, "loopback test"},
    {wire::kEtherTypeQinqOld, "service VLAN tag (9100)"},
};

constexpr Named kProtocols[] = {
    {wire::kIpProtocolHopByHop, "hop-by-hop options"},
    {wire::kIpProtocolIcmpv4, "ICMP"},
    {wire::kIpProtocolIgmp, "IGMP"},
    {wire::kIpProtocolIpv4, "IPv4"},
    {wire::kIpProtocolTcp, "TCP"},
    {wire::kIpProtocolUdp, "UDP"},
    {wire::kIpProtocolDccp, "DCCP"},
    {wire::kIpProtocolIpv6, "IPv6"},
    {wire::kIpProtocolRouting, "routing header"},
    {wire::kIpProtocolFragment, "fragment header"},
    {wire::kIpProtocolGre, "GRE"},
    {wire::kIpProtocolEsp, "ESP"},
    {wire::kIpProtocolAh, "AH"},
    {wire::kIpProtocolIcmpv6, "ICMPv6"},
    {wire::kIpProtocolNoNextHeader, "no next header"},
    {wire::kIpProtocolDestinationOptions, "destination options"},
    {wire::kIpProtocolOspf, "OSPF"},
    {wire::kIpProtocolPim, "PIM"},
    {wire::kIpProtocolVrrp, "VRRP"},
    {wire::kIpProtocolSctp, "SCTP"},
    {wire::kIpProtocolMobility, "mobility header"},
    {wire::kIpProtocolUdpLite, "UDP-Lite"},
    {wire::kIpProtocolHip, "HIP"},
    {wire::kIpProtocolShim6, "Shim6"},
    {wire::kIpProtocolExperiment1, "experiment"},
    {wire::kIpProtocolExperiment2, "experiment"},
    {wire::kIpProtocolReserved, "reserved"},
};

constexpr Named kPorts[] = {
    {7, "echo"},
    {9, "discard"},
    {20, "ftp-data"},
    {21, "ftp"},
    {22, "ssh"},
    {23, "telnet"},
    {25, "smtp"},
    {53, "domain"},
    {67, "bootps"},
    {68, "bootpc"},
    {69, "tftp"},
    {80, "http"},
    {110, "pop3"},
    {123, "ntp"},
    {143, "imap"},
    {161, "snmp"},
    {179, "bgp"},
    {443, "https"},
    {514, "syslog"},
    {546, "dhcpv6-client"},
    {547, "dhcpv6-server"},
    {853, "domain-s"},
    {993, "imaps"},
    {1900, "ssdp"},
    {5353, "mdns"},
    {5355, "llmnr"},
    {51820, "wireguard"},
};

using V4 = wire::Icmpv4Type;
constexpr Named kIcmpv4Types[] = {
    named(V4::kEchoReply, "echo reply"),
    named(V4::kDestinationUnreachable, "destination unreachable"),
    named(V4::kSourceQuench, "source quench"),
    named(V4::kRedirect, "redirect"),
    named(V4::kEchoRequest, "echo request"),
    named(V4::kRouterAdvertisement, "router advertisement"),
    named(V4::kRouterSolicitation, "router solicitation"),
    named(V4::kTimeExceeded, "time exceeded"),
    named(V4::kParameterProblem, "parameter problem"),
    named(V4::kTimestampRequest, "timestamp request"),
    named(V4::kTimestampReply, "timestamp reply"),
    named(V4::kInformationRequest, "information request"),
    named(V4::kInformationReply, "information reply"),
    named(V4::kAddressMaskRequest, "address mask request"),
    named(V4::kAddressMaskReply, "address mask reply"),
    named(V4::kExtendedEchoRequest, "extended echo request"),
    named(V4::kExtendedEchoReply, "extended echo reply"),
};

constexpr std::string_view kIcmpv4Unreachable[] = {
    "network unreachable",
    "host unreachable",
    "protocol unreachable",
    "port unreachable",
    "fragmentation needed",
    "source route failed",
    "network unknown",
    "host unknown",
    "source host isolated",
    "network prohibited",
    "host prohibited",
    "network unreachable for this type of service",
    "host unreachable for this type of service",
    "communication prohibited",
    "host precedence violation",
    "precedence cutoff",
};
constexpr std::string_view kIcmpv4Redirect[] = {"for the network", "for the host",
                                                "for the network and type of service",
                                                "for the host and type of service"};
constexpr std::string_view kTimeExceeded[] = {"in transit", "while reassembling"};
constexpr std::string_view kIcmpv4Parameter[] = {"at the pointer", "an option is missing",
                                                 "bad length"};

using V6 = wire::Icmpv6Type;
constexpr Named kIcmpv6Types[] = {
    named(V6::kDestinationUnreachable, "destination unreachable"),
    named(V6::kPacketTooBig, "packet too big"),
    named(V6::kTimeExceeded, "time exceeded"),
    named(V6::kParameterProblem, "parameter problem"),
    named(V6::kEchoRequest, "echo request"),
    named(V6::kEchoReply, "echo reply"),
    named(V6::kMulticastListenerQuery, "multicast listener query"),
    named(V6::kMulticastListenerReport, "multicast listener report"),
    named(V6::kMulticastListenerDone, "multicast listener done"),
    named(V6::kRouterSolicitation, "router solicitation"),
    named(V6::kRouterAdvertisement, "router advertisement"),
    named(V6::kNeighborSolicitation, "neighbor solicitation"),
    named(V6::kNeighborAdvertisement, "neighbor advertisement"),
    named(V6::kRedirect, "redirect"),
    named(V6::kMulticastListenerReportV2, "multicast listener report, version 2"),
    named(V6::kExtendedEchoRequest, "extended echo request"),
    named(V6::kExtendedEchoReply, "extended echo reply"),
};
constexpr std::string_view kIcmpv6Unreachable[] = {"no route",
                                                   "prohibited",
                                                   "beyond the scope of the source",
                                                   "address unreachable",
                                                   "port unreachable",
                                                   "source address failed policy",
                                                   "route rejected",
                                                   "error in source routing header",
                                                   "headers too long"};
constexpr std::string_view kIcmpv6Parameter[] = {"erroneous field", "unknown next header",
                                                 "unknown option", "first fragment is incomplete"};

constexpr std::string_view kGroupRecords[] = {"",
                                              "mode is include",
                                              "mode is exclude",
                                              "change to include",
                                              "change to exclude",
                                              "allow new sources",
                                              "block old sources"};

using Dhcp = wire::DhcpOption;
constexpr Named kDhcpOptions[] = {
    named(Dhcp::kSubnetMask, "Subnet mask"),
    named(Dhcp::kRouter, "Routers"),
    named(Dhcp::kDomainNameServer, "Name servers"),
    named(Dhcp::kHostName, "Host name"),
    named(Dhcp::kDomainName, "Domain name"),
    named(Dhcp::kInterfaceMtu, "Interface MTU"),
    named(Dhcp::kNtpServers, "NTP servers"),
    named(Dhcp::kRequestedAddress, "Requested address"),
    named(Dhcp::kLeaseTime, "Lease time"),
    named(Dhcp::kOverload, "Option overload"),
    named(Dhcp::kMessageType, "Message type"),
    named(Dhcp::kServerIdentifier, "Server identifier"),
    named(Dhcp::kParameterRequestList, "Parameter request list"),
    named(Dhcp::kMessage, "Message"),
    named(Dhcp::kMaximumMessageSize, "Maximum message size"),
    named(Dhcp::kRenewalTime, "Renewal time"),
    named(Dhcp::kRebindingTime, "Rebinding time"),
    named(Dhcp::kClientIdentifier, "Client identifier"),
    named(Dhcp::kDomainSearch, "Domain search"),
    named(Dhcp::kClasslessRoutes, "Classless routes"),
};
constexpr std::string_view kDhcpMessages[] = {"",    "discover", "offer",   "request", "decline",
                                              "ack", "nak",      "release", "inform"};
constexpr std::string_view kDnsResponses[] = {"no error",     "format error",    "server failure",
                                              "no such name", "not implemented", "refused"};

std::string_view at(std::span<const std::string_view> names, std::uint64_t index) {
  return index < names.size() ? names[index] : std::string_view{};
}

}  // namespace

std::string_view ethertype_name(std::uint64_t type) { return find(kEthertypes, type); }
std::string_view protocol_name(std::uint64_t protocol) { return find(kProtocols, protocol); }
std::string_view port_name(std::uint64_t port) { return find(kPorts, port); }
std::string_view icmpv4_type_name(std::uint64_t type) { return find(kIcmpv4Types, type); }
std::string_view icmpv6_type_name(std::uint64_t type) { return find(kIcmpv6Types, type); }
std::string_view group_record_name(std::uint64_t type) { return at(kGroupRecords, type); }
std::string_view dhcp_option_name(std::uint64_t code) { return find(kDhcpOptions, code); }
std::string_view dhcp_message_name(std::uint64_t type) { return at(kDhcpMessages, type); }
std::string_view dns_response_name(std::uint64_t code) { return at(kDnsResponses, code); }

std::string_view icmpv4_code_name(std::uint64_t type, std::uint64_t code) {
  switch (static_cast<V4>(type)) {
    case V4::kDestinationUnreachable: return at(kIcmpv4Unreachable, code);
    case V4::kRedirect: return at(kIcmpv4Redirect, code);
    case V4::kTimeExceeded: return at(kTimeExceeded, code);
    case V4::kParameterProblem: return at(kIcmpv4Parameter, code);
    default: return {};
  }
}

std::string_view icmpv6_code_name(std::uint64_t type, std::uint64_t code) {
  switch (static_cast<V6>(type)) {
    case V6::kDestinationUnreachable: return at(kIcmpv6Unreachable, code);
    case V6::kTimeExceeded: return at(kTimeExceeded, code);
    case V6::kParameterProblem: return at(kIcmpv6Parameter, code);
    default: return {};
  }
}

std::string tcp_flag_names(wire::TcpFlags flags) {
  constexpr std::string_view kNames[] = {"FIN", "SYN", "RST", "PSH", "ACK",
                                         "URG", "ECE", "CWR", "AE"};
  std::string text;
  for (std::size_t bit = 0; bit < std::size(kNames); ++bit) {
    if (((flags.bits() >> bit) & 1U) == 0) continue;
    if (!text.empty()) text += ", ";
    text += kNames[bit];
  }
  return text;
}

}  // namespace strata::service::decoding
