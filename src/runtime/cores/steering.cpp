// SPDX-License-Identifier: Apache-2.0
#include "runtime/cores/steering.h"

#include "strata/wire/arp.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ethertype.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"
#include "strata/wire/llc.h"
#include "strata/wire/vlan.h"

namespace strata::runtime {
namespace {

using wire::Icmpv4Type;
using wire::Icmpv6Type;

// RFC 2131 4.1: what a DHCP server says to an address that nobody has yet.
constexpr std::uint16_t kDhcpClientPort = 68;

using SourcePort = wire::Field<std::uint16_t, 0>;
using DestinationPort = wire::Field<std::uint16_t, SourcePort::kEnd>;

struct Content {
  std::uint16_t ethertype = 0;  // 0: nothing that is known
  Bytes payload;
};

Content content_of(const wire::EthernetView& frame) {
  if (frame.type() >= wire::kEtherTypeMin && !wire::is_vlan_tpid(frame.type())) {
    return {frame.type(), frame.payload()};
  }
  std::uint16_t type = frame.type();
  Bytes payload = frame.payload();
  while (wire::is_vlan_tpid(type)) {
    const auto tag = wire::VlanView::parse(payload);
    if (!tag) return {};
    type = tag->type();
    payload = tag->payload();
  }
  const auto content = wire::classify_frame(type, payload);
  if (!content) return {};
  return {content->ethertype, content->payload};
}

// RFC 826: requests are answered, once; replies are for every cache that waits for one. RFC 5227 3:
// an announcement looks like a request and is none.
std::uint16_t core_of_arp(Bytes message) {
  const auto arp = wire::ArpView::parse(message);
  if (!arp) return Steering::kFront;
  const bool is_announcement = arp->sender_ip() == arp->target_ip();
  return arp->operation() == wire::ArpOperation::kReply || is_announcement ? Steering::kEveryone
                                                                           : Steering::kFront;
}

bool is_solicitation_of_routers_or_report(Icmpv6Type type) {
  return type == Icmpv6Type::kRouterSolicitation || type == Icmpv6Type::kMulticastListenerReport ||
         type == Icmpv6Type::kMulticastListenerDone ||
         type == Icmpv6Type::kMulticastListenerReportV2;
}

bool speaks_for_the_host_v6(Bytes packet) {
  const auto ip = wire::Ipv6View::parse_quoted(packet);
  if (!ip) return false;
  const wire::Ipv6UpperLayer upper = wire::find_upper_layer(ip->next_header(), ip->payload());
  if (upper.protocol != wire::kIpProtocolIcmpv6) return false;
  const auto message = wire::Icmpv6View::parse(upper.payload);
  if (!message) return false;
  const Icmpv6Type type = message->type();
  if (type == Icmpv6Type::kNeighborSolicitation) return ip->source().is_unspecified();
  return type == Icmpv6Type::kNeighborAdvertisement || is_solicitation_of_routers_or_report(type);
}

bool speaks_for_the_host_v4(Bytes packet) {
  const auto ip = wire::Ipv4View::parse_quoted(packet);
  return ip && ip->protocol() == wire::kIpProtocolIgmp;
}

}  // namespace

std::uint16_t Steering::core_of(const Packet& frame) const {
  if (medium_ == Medium::kIp) return core_of_ip(frame.bytes());
  const auto ethernet = wire::EthernetView::parse(frame.bytes());
  if (!ethernet) return kFront;
  const Content content = content_of(*ethernet);
  if (content.ethertype == wire::kEtherTypeArp) return core_of_arp(content.payload);
  const bool is_group = ethernet->destination().is_multicast();
  if (content.ethertype == wire::kEtherTypeIpv4) {
    return is_group ? kFront : core_of_ipv4(content.payload);
  }
  if (content.ethertype == wire::kEtherTypeIpv6) return core_of_ipv6(content.payload);
  return kFront;
}

std::uint16_t Steering::core_of_ip(Bytes packet) const {
  if (packet.empty()) return kFront;
  return std::to_integer<unsigned>(packet[0]) >> 4U == 4 ? core_of_ipv4(packet)
                                                         : core_of_ipv6(packet);
}

std::uint16_t Steering::core_of_ipv4(Bytes packet) const {
  const auto ip = wire::Ipv4View::parse_quoted(packet);
  if (!ip) return kFront;
  const IpAddress destination = ip->destination();
  if (destination.is_multicast() || destination.is_limited_broadcast()) return kFront;
  if (ip->is_fragment()) return share_.home_of(destination, ip->source());
  if (ip->protocol() == wire::kIpProtocolIcmpv4) return core_of_icmpv4(ip->payload());
  return core_of_flow(ip->protocol(), ip->source(), destination, ip->payload());
}

std::uint16_t Steering::core_of_ipv6(Bytes packet) const {
  const auto ip = wire::Ipv6View::parse_quoted(packet);
  if (!ip) return kFront;
  const wire::Ipv6UpperLayer upper = wire::find_upper_layer(ip->next_header(), ip->payload());
  const bool is_fragment =
      upper.fragment && (upper.fragment->more_fragments || upper.fragment->fragment_offset != 0);
  const IpAddress destination = ip->destination();
  if (!is_fragment && upper.protocol == wire::kIpProtocolIcmpv6) {
    return core_of_icmpv6(upper.payload);
  }
  if (destination.is_multicast()) return kFront;
  if (is_fragment) return share_.home_of(destination, ip->source());
  if (upper.end != wire::Ipv6ChainEnd::kUpperLayer) return kFront;
  return core_of_flow(upper.protocol, ip->source(), destination, upper.payload);
}

std::uint16_t Steering::core_of_flow(std::uint8_t protocol, const IpAddress& source,
                                     const IpAddress& destination, Bytes transport) const {
  const bool is_udp = protocol == wire::kIpProtocolUdp;
  if (!is_udp && protocol != wire::kIpProtocolTcp) return kFront;
  if (transport.size() < DestinationPort::kEnd) return kFront;
  const std::uint16_t port = DestinationPort::get(transport);
  if (is_udp) {
    if (port == kDhcpClientPort) return kFront;
    if (const auto holder = claims_.sole_holder(port)) return *holder;
  }
  return share_.home_of(Endpoint{destination, port}, Endpoint{source, SourcePort::get(transport)});
}

std::uint16_t Steering::core_of_icmpv4(Bytes message) const {
  const auto icmp = wire::Icmpv4View::parse(message);
  if (!icmp) return kFront;
  if (icmp->type() == Icmpv4Type::kRedirect) return kEveryone;
  if (icmp->type() == Icmpv4Type::kEchoReply) {
    return share_.owner_of(static_cast<std::uint16_t>(icmp->rest() >> 16U));
  }
  const auto error = wire::Icmpv4ErrorView::parse(message);
  if (!error) return kFront;
  if (error->is_unreachable(wire::Icmpv4UnreachableCode::kFragmentationNeeded)) return kEveryone;
  const auto quoted = wire::Ipv4View::parse_quoted(error->quoted());
  if (!quoted || quoted->fragment_offset() != 0) return kFront;
  if (quoted->protocol() == wire::kIpProtocolIcmpv4) {
    const auto echo = wire::Icmpv4View::parse(quoted->payload());
    return echo && echo->type() == Icmpv4Type::kEchoRequest
               ? share_.owner_of(static_cast<std::uint16_t>(echo->rest() >> 16U))
               : kFront;
  }
  // What was quoted went from us to them: its source port is ours.
  const Bytes transport = quoted->payload();
  if (transport.size() < DestinationPort::kEnd) return kFront;
  std::array<std::byte, DestinationPort::kEnd> turned{};
  DestinationPort::set(turned, SourcePort::get(transport));
  SourcePort::set(turned, DestinationPort::get(transport));
  return core_of_flow(quoted->protocol(), quoted->destination(), quoted->source(), turned);
}

std::uint16_t Steering::core_of_icmpv6(Bytes message) const {
  const auto icmp = wire::Icmpv6View::parse(message);
  if (!icmp) return kFront;
  switch (icmp->type()) {
    case Icmpv6Type::kRedirect:
    case Icmpv6Type::kPacketTooBig:
    case Icmpv6Type::kNeighborAdvertisement: return kEveryone;
    case Icmpv6Type::kEchoReply: {
      const auto echo = wire::Icmpv6EchoView::parse(message);
      return echo ? share_.owner_of(echo->identifier()) : kFront;
    }
    default: break;
  }
  const auto error = wire::Icmpv6ErrorView::parse(message);
  const auto quoted =
      error ? wire::Ipv6View::parse_quoted(error->quoted())
            : wire::Parsed<wire::Ipv6View>(std::unexpected(wire::ParseError::kTooShort));
  if (!quoted) return kFront;
  const wire::Ipv6UpperLayer upper =
      wire::find_upper_layer(quoted->next_header(), quoted->payload());
  if (upper.end != wire::Ipv6ChainEnd::kUpperLayer) return kFront;
  if (upper.protocol == wire::kIpProtocolIcmpv6) {
    const auto echo = wire::Icmpv6EchoView::parse(upper.payload);
    return echo && echo->is_request() ? share_.owner_of(echo->identifier()) : kFront;
  }
  if (upper.payload.size() < DestinationPort::kEnd) return kFront;
  std::array<std::byte, DestinationPort::kEnd> turned{};
  DestinationPort::set(turned, SourcePort::get(upper.payload));
  SourcePort::set(turned, DestinationPort::get(upper.payload));
  return core_of_flow(upper.protocol, quoted->destination(), quoted->source(), turned);
}

bool Steering::speaks_for_the_host(const Packet& frame) const {
  const Bytes bytes = frame.bytes();
  if (medium_ == Medium::kIp) {
    if (bytes.empty()) return false;
    return std::to_integer<unsigned>(bytes[0]) >> 4U == 4 ? speaks_for_the_host_v4(bytes)
                                                          : speaks_for_the_host_v6(bytes);
  }
  const auto ethernet = wire::EthernetView::parse(bytes);
  if (!ethernet || !ethernet->destination().is_multicast()) return false;
  const Content content = content_of(*ethernet);
  if (content.ethertype == wire::kEtherTypeIpv4) return speaks_for_the_host_v4(content.payload);
  if (content.ethertype == wire::kEtherTypeIpv6) return speaks_for_the_host_v6(content.payload);
  if (content.ethertype != wire::kEtherTypeArp) return false;
  // RFC 5227 1.1: a probe has no sender's address, an announcement the same twice.
  const auto arp = wire::ArpView::parse(content.payload);
  return arp && (arp->sender_ip() == arp->target_ip() || arp->sender_ip() == IpAddress::any_v4());
}

}  // namespace strata::runtime
