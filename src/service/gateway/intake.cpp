// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/intake.h"

#include <optional>

#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/tcp.h"
#include "strata/wire/udp.h"

namespace strata::service {
namespace {

struct Packeted {
  GatewayFlow flow;  // addresses; ports are the transport's
  std::uint8_t protocol = 0;
  std::size_t transport = 0;
};

// IPv6 behind extension headers is not served.
std::optional<Packeted> read(Bytes bytes) {
  if (const auto view = wire::Ipv4View::parse_quoted(bytes)) {
    return Packeted{
        {{view->source()}, {view->destination()}}, view->protocol(), view->header_length()};
  }
  if (bytes.size() < wire::Ipv6Layout::kSize) return std::nullopt;
  return Packeted{
      {{wire::Ipv6Layout::Source::get(bytes)}, {wire::Ipv6Layout::Destination::get(bytes)}},
      wire::Ipv6Layout::NextHeader::get(bytes),
      wire::Ipv6Layout::kSize};
}

bool is_of_the_link(const IpAddress& address) {
  return address.is_multicast() || address.is_link_local() || address.is_limited_broadcast();
}

Verdict unwanted() { return Verdict::drop(DropReason::kHookDropped); }

}  // namespace

void Intake::on_packets(HookPoint point, std::span<Packet* const> packets,
                        std::span<Verdict> verdicts, Time now) {
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (packets[i] == nullptr || verdicts[i].kind != Verdict::Kind::kAccept) continue;
    verdicts[i] = point == HookPoint::kIpIn ? on_in(*packets[i], now) : on_out(*packets[i]);
  }
}

Verdict Intake::on_in(Packet& packet, Time now) {
  const auto seen = read(packet.bytes());
  if (!seen) return unwanted();
  const IpAddress& outside = seen->flow.outside.address;
  if (is_of_the_link(outside)) return Verdict::accept();
  if (relays_.fragments.take(packet)) return Verdict::stolen();
  if (is_gateway_dns(outside)) on_resolver_asked_(now);
  switch (seen->protocol) {
    case wire::kIpProtocolTcp: return on_tcp(packet, seen->flow, seen->transport);
    case wire::kIpProtocolUdp: return on_udp(packet, seen->flow, seen->transport);
    case wire::kIpProtocolIcmpv4:
    case wire::kIpProtocolIcmpv6:
      if (is_gateway(outside) || is_gateway_dns(outside)) return Verdict::accept();
      return on_icmp(packet, seen->flow, seen->transport);
    default: return is_gateway(outside) ? Verdict::accept() : unwanted();
  }
}

Verdict Intake::on_tcp(Packet& packet, GatewayFlow flow, std::size_t transport) {
  const auto view = wire::TcpView::parse(packet.bytes().subspan(transport));
  if (!view) return unwanted();
  flow.inside.port = view->source_port();
  flow.outside.port = view->destination_port();
  const bool is_syn = view->flags().syn() && !view->flags().ack() && !view->flags().rst();
  if (view->flags().rst()) relays_.tcp.hang_up(flow);
  switch (relays_.tcp.on_packet(packet, flow, is_syn)) {
    case TcpRelay::Fate::kGoesOn: return Verdict::accept();
    case TcpRelay::Fate::kTaken: return Verdict::stolen();
    case TcpRelay::Fate::kUnwanted: break;
  }
  return unwanted();
}

Verdict Intake::on_udp(Packet& packet, GatewayFlow flow, std::size_t transport) {
  if (packet.bytes().size() < transport + wire::UdpLayout::kSize) return unwanted();
  const auto header = packet.bytes().subspan(transport);
  flow.inside.port = wire::UdpLayout::SourcePort::get(header);
  flow.outside.port = wire::UdpLayout::DestinationPort::get(header);
  if (flow.inside.port == 0 || flow.outside.port == 0 ||
      wire::UdpLayout::Length::get(header) != packet.size() - transport) {
    return unwanted();
  }
  const PacketPtr taken(&packet);
  if (!relays_.published.answer(packet, flow)) relays_.datagrams.on_datagram(packet, flow);
  return Verdict::stolen();
}

Verdict Intake::on_icmp(Packet& packet, GatewayFlow flow, std::size_t transport) {
  constexpr std::size_t kEchoBytes = 8;
  if (packet.bytes().size() < transport + kEchoBytes) return unwanted();
  const auto header = packet.bytes().subspan(transport);
  const auto type = std::to_integer<std::uint8_t>(header[0]);
  const bool is_request = type == static_cast<std::uint8_t>(
                                      flow.inside.address.is_v4()
                                          ? static_cast<unsigned>(wire::Icmpv4Type::kEchoRequest)
                                          : static_cast<unsigned>(wire::Icmpv6Type::kEchoRequest));
  if (!is_request) return unwanted();
  flow.inside.port = load_big_endian<std::uint16_t>(header.data() + 4);
  const PacketPtr taken(&packet);
  relays_.echo.on_echo_request(packet, flow);
  return Verdict::stolen();
}

Verdict Intake::on_out(Packet& packet) const {
  const auto seen = read(packet.bytes());
  if (!seen || seen->protocol != wire::kIpProtocolTcp) return Verdict::accept();
  const IpAddress& source = seen->flow.inside.address;
  if (!is_gateway(source)) return Verdict::accept();
  const auto header = packet.bytes().subspan(seen->transport);
  if (header.size() < wire::TcpLayout::kSize) return unwanted();
  const Endpoint from{source, wire::TcpLayout::SourcePort::get(header)};
  return relays_.tcp.on_reply(packet, from) ? Verdict::accept() : unwanted();
}

}  // namespace strata::service
