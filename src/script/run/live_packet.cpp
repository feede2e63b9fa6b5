// SPDX-License-Identifier: Apache-2.0
#include "script/run/live_packet.h"

#include "strata/wire/icmpv4.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/udp.h"

namespace strata::script {
namespace {

using wire::kIpProtocolIcmpv4;
using wire::kIpProtocolIcmpv6;
using wire::kIpProtocolTcp;
using wire::kIpProtocolUdp;

using Read = std::expected<LivePacket, std::string>;

bool transport_is_valid(const LivePacket& packet, Bytes segment) {
  const wire::Sum sum = wire::partial_sum(segment);
  if (packet.protocol == kIpProtocolIcmpv4) return wire::is_valid(sum);
  return wire::is_valid(sum + wire::pseudo_header_sum(packet.source, packet.destination,
                                                      packet.protocol,
                                                      static_cast<std::uint32_t>(segment.size())));
}

Read read_tcp(LivePacket packet, Bytes segment) {
  const auto view = wire::TcpView::parse(segment);
  if (!view) return std::unexpected("malformed outbound TCP header");
  if (!transport_is_valid(packet, segment)) return std::unexpected("bad outbound TCP checksum");
  packet.tcp = view->header();
  const Bytes options = view->options();
  const Bytes payload = view->payload();
  packet.options.assign(options.begin(), options.end());
  packet.payload.assign(payload.begin(), payload.end());
  return packet;
}

Read read_udp(LivePacket packet, Bytes datagram) {
  const auto view = wire::UdpView::parse(datagram);
  if (!view) return std::unexpected("malformed outbound UDP header");
  const bool has_checksum = view->checksum() != 0 || !packet.is_v4;
  if (has_checksum && !transport_is_valid(packet, datagram)) {
    return std::unexpected("bad outbound UDP checksum");
  }
  packet.tcp.source_port = view->source_port();
  packet.tcp.destination_port = view->destination_port();
  const Bytes payload = view->payload();
  packet.payload.assign(payload.begin(), payload.end());
  return packet;
}

Read read_icmp(LivePacket packet, Bytes message) {
  constexpr std::size_t kHeader = 8;
  if (message.size() < kHeader) return std::unexpected("malformed outbound ICMP header");
  if (!transport_is_valid(packet, message)) return std::unexpected("bad outbound ICMP checksum");
  packet.icmp_type = std::to_integer<std::uint8_t>(message[0]);
  packet.icmp_code = std::to_integer<std::uint8_t>(message[1]);
  packet.icmp_word = load_big_endian<std::uint32_t>(message.data() + 4);
  packet.payload.assign(message.begin() + kHeader, message.end());
  return packet;
}

Read read_transport(LivePacket packet, Bytes bytes) {
  switch (packet.protocol) {
    case kIpProtocolTcp: return read_tcp(std::move(packet), bytes);
    case kIpProtocolUdp: return read_udp(std::move(packet), bytes);
    case kIpProtocolIcmpv4:
    case kIpProtocolIcmpv6: return read_icmp(std::move(packet), bytes);
    default: packet.payload.assign(bytes.begin(), bytes.end()); return packet;
  }
}

}  // namespace

bool LivePacket::is_tcp() const { return protocol == kIpProtocolTcp; }
bool LivePacket::is_udp() const { return protocol == kIpProtocolUdp; }
bool LivePacket::is_icmp() const {
  return protocol == (is_v4 ? kIpProtocolIcmpv4 : kIpProtocolIcmpv6);
}

Read read_live_packet(Bytes bytes, Time at) {
  LivePacket packet;
  packet.at = at;
  if (const auto ipv4 = wire::Ipv4View::parse(bytes)) {
    if (!ipv4->checksum_is_valid()) return std::unexpected("bad outbound IP checksum");
    if (ipv4->is_fragment()) return std::unexpected("outbound packet is a fragment");
    packet.source = ipv4->source();
    packet.destination = ipv4->destination();
    packet.traffic_class = ipv4->traffic_class();
    packet.hop_limit = ipv4->time_to_live();
    packet.protocol = ipv4->protocol();
    return read_transport(std::move(packet), ipv4->payload());
  }
  const auto ipv6 = wire::Ipv6View::parse(bytes);
  if (!ipv6) return std::unexpected("malformed outbound IP header");
  packet.is_v4 = false;
  packet.source = ipv6->source();
  packet.destination = ipv6->destination();
  packet.traffic_class = ipv6->traffic_class();
  packet.flow_label = ipv6->flow_label();
  packet.hop_limit = ipv6->hop_limit();
  packet.protocol = ipv6->next_header();
  return read_transport(std::move(packet), ipv6->payload());
}

}  // namespace strata::script
