// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/answers.h"

#include <cerrno>

#include "stack/core.h"
#include "stack/out/send_icmp.h"
#include "strata/wire/checksum.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/tcp.h"
#include "strata/wire/udp.h"

namespace strata::service {
namespace {

constexpr std::size_t kIcmpFixedBytes = 4;

wire::Sum pseudo_header(const GatewayFlow& flow, std::uint8_t protocol, std::size_t bytes) {
  return wire::pseudo_header_sum(flow.outside.address, flow.inside.address, protocol,
                                 static_cast<std::uint32_t>(bytes));
}

void send(HostedStack& gateway, const GatewayFlow& flow, std::uint8_t protocol, PacketPtr packet) {
  packet->notes().checksum = ChecksumState::kVerified;
  // A packet that finds no room is one that was lost on the way.
  (void)gateway.stack().send_ip(flow.outside.address, flow.inside.address, protocol,
                                std::move(packet), gateway.loop().now());
}

PacketPtr packet_with(HostedStack& gateway, Bytes payload) {
  PacketPtr packet = gateway.stack().pool().allocate_for(payload.size());
  if (packet != nullptr) copy_bytes(payload, packet->append(payload.size()));
  return packet;
}

icmp::ErrorKind kind_of(int error) {
  switch (error) {
    case ECONNREFUSED: return icmp::ErrorKind::kPortUnreachable;
    case EHOSTUNREACH:
    case ETIMEDOUT:
    case EHOSTDOWN: return icmp::ErrorKind::kHostUnreachable;
    case EACCES:
    case EPERM: return icmp::ErrorKind::kProhibited;
    default: return icmp::ErrorKind::kNoRoute;
  }
}

void prepend_ip_header(Packet& packet, const GatewayFlow& flow) {
  const std::size_t bytes = packet.size();
  if (flow.inside.address.is_v4()) {
    wire::Ipv4Header header{
        .total_length = static_cast<std::uint16_t>(wire::Ipv4Layout::kSize + bytes),
        .protocol = wire::kIpProtocolUdp,
        .source = flow.inside.address,
        .destination = flow.outside.address};
    header.checksum = wire::checksum_of(header);
    return write(header, packet.prepend<wire::Ipv4Layout::kSize>());
  }
  write(wire::Ipv6Header{.payload_length = static_cast<std::uint16_t>(bytes),
                         .next_header = wire::kIpProtocolUdp,
                         .source = flow.inside.address,
                         .destination = flow.outside.address},
        packet.prepend<wire::Ipv6Layout::kSize>());
}

}  // namespace

std::size_t transport_offset(const Packet& packet) {
  const auto view = wire::Ipv4View::parse_quoted(packet.bytes());
  return view ? view->header_length() : wire::Ipv6Layout::kSize;
}

void send_datagram(HostedStack& gateway, const GatewayFlow& flow, Bytes payload) {
  PacketPtr packet = packet_with(gateway, payload);
  if (packet == nullptr) return;
  const std::size_t bytes = wire::UdpLayout::kSize + payload.size();
  wire::UdpHeader header{.source_port = flow.outside.port,
                         .destination_port = flow.inside.port,
                         .length = static_cast<std::uint16_t>(bytes)};
  header.checksum = fold_for_udp(wire::partial_sum(payload) + sum_of(header) +
                                 pseudo_header(flow, wire::kIpProtocolUdp, bytes));
  write(header, packet->prepend<wire::UdpLayout::kSize>());
  send(gateway, flow, wire::kIpProtocolUdp, std::move(packet));
}

void send_reset(HostedStack& gateway, const Packet& syn, const GatewayFlow& flow) {
  const auto view = wire::TcpView::parse(syn.bytes().subspan(transport_offset(syn)));
  PacketPtr packet = gateway.stack().pool().allocate();
  if (!view || packet == nullptr) return;
  const auto text =
      static_cast<std::uint32_t>(syn.size() - transport_offset(syn) - view->header_length());
  wire::TcpHeader header{.source_port = flow.outside.port,
                         .destination_port = flow.inside.port,
                         .acknowledgment_number = view->sequence_number() + 1 + text,
                         .flags = wire::kTcpRst | wire::kTcpAck};
  header.checksum =
      fold(sum_of(header) + pseudo_header(flow, wire::kIpProtocolTcp, wire::TcpLayout::kSize));
  write(header, packet->append(wire::TcpLayout::kSize).first<wire::TcpLayout::kSize>());
  send(gateway, flow, wire::kIpProtocolTcp, std::move(packet));
}

void send_failure(HostedStack& gateway, const Packet& offender, int error) {
  stack::Core& core = gateway.stack().core();
  const auto interface = gateway.stack().find_interface("inside");
  if (!interface) return;
  send_icmp_error(core, offender, *core.interface(*interface), {.kind = kind_of(error)},
                  gateway.loop().now());
}

void send_failure(HostedStack& gateway, const GatewayFlow& flow, Bytes payload, int error) {
  PacketPtr packet = packet_with(gateway, payload);
  if (packet == nullptr) return;
  // The quote may be cut, so that no checksum of ours would be that of what was sent.
  write(wire::UdpHeader{.source_port = flow.inside.port,
                        .destination_port = flow.outside.port,
                        .length =
                            static_cast<std::uint16_t>(wire::UdpLayout::kSize + payload.size())},
        packet->prepend<wire::UdpLayout::kSize>());
  prepend_ip_header(*packet, flow);
  send_failure(gateway, *packet, error);
}

void send_echo_reply(HostedStack& gateway, const GatewayFlow& flow, Bytes message) {
  PacketPtr packet = packet_with(gateway, message);
  if (packet == nullptr) return;
  const bool is_v4 = flow.inside.address.is_v4();
  const MutableBytes fixed = packet->prepend(kIcmpFixedBytes);
  fixed[0] = static_cast<std::byte>(is_v4 ? static_cast<unsigned>(wire::Icmpv4Type::kEchoReply)
                                          : static_cast<unsigned>(wire::Icmpv6Type::kEchoReply));
  fixed[1] = fixed[2] = fixed[3] = std::byte{0};
  wire::Sum sum = wire::partial_sum(packet->bytes());
  if (!is_v4) sum = sum + pseudo_header(flow, wire::kIpProtocolIcmpv6, packet->size());
  store_big_endian<std::uint16_t>(fixed.data() + 2, fold(sum));
  send(gateway, flow, is_v4 ? wire::kIpProtocolIcmpv4 : wire::kIpProtocolIcmpv6, std::move(packet));
}

}  // namespace strata::service
