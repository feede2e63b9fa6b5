// SPDX-License-Identifier: Apache-2.0
#include "sim/middlebox/sight.h"

#include "sim/frame.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ethertype.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/udp.h"

namespace strata::sim {
namespace {

constexpr std::size_t kUdpChecksumAt = 6;
constexpr std::uint8_t kResetHopLimit = 64;

std::uint16_t type_of(const Packet& frame, std::size_t network) {
  return load_big_endian<std::uint16_t>(frame.bytes().data() + network - 2);
}

// Addresses, protocol and where its header is; ports come later.
std::optional<FlowSight> look_into_ip(Bytes packet, std::uint16_t type) {
  FlowSight sight;
  if (type == wire::kEtherTypeIpv4) {
    const auto view = wire::Ipv4View::parse(packet);
    if (!view || view->is_fragment()) return std::nullopt;
    sight.protocol = view->protocol();
    sight.transport = view->header_length();
    sight.end = view->total_length();
    sight.source.address = view->source();
    sight.destination.address = view->destination();
    return sight;
  }
  if (type != wire::kEtherTypeIpv6) return std::nullopt;
  const auto view = wire::Ipv6View::parse(packet);
  if (!view) return std::nullopt;
  sight.is_v4 = false;
  sight.protocol = view->next_header();
  sight.transport = wire::Ipv6Layout::kSize;
  sight.end = wire::Ipv6Layout::kSize + view->payload_length();
  sight.source.address = view->source();
  sight.destination.address = view->destination();
  return sight;
}

}  // namespace

bool FlowSight::is_tcp() const { return protocol == wire::kIpProtocolTcp; }

wire::TcpView FlowSight::segment(const Packet& frame) const {
  return *wire::TcpView::parse(frame.bytes().subspan(transport, end - transport));
}

std::optional<FlowSight> look_into(const Packet& frame) {
  const std::size_t network = link_header_bytes(frame);
  if (network > frame.size()) return std::nullopt;
  auto sight = look_into_ip(frame.bytes().subspan(network), type_of(frame, network));
  if (!sight) return std::nullopt;
  sight->network = network;
  sight->transport += network;
  sight->end += network;
  const Bytes rest = frame.bytes().subspan(sight->transport, sight->end - sight->transport);
  if (sight->protocol == wire::kIpProtocolTcp) {
    if (!wire::TcpView::parse(rest)) return std::nullopt;
  } else if (sight->protocol != wire::kIpProtocolUdp || !wire::UdpView::parse(rest)) {
    return std::nullopt;
  }
  sight->source.port = load_big_endian<std::uint16_t>(rest.data());
  sight->destination.port = load_big_endian<std::uint16_t>(rest.data() + 2);
  return sight;
}

PacketPtr make_reset_to(const Packet& frame, const FlowSight& sight, PacketPool& pool) {
  const wire::TcpView segment = sight.segment(frame);
  if (segment.flags().rst()) return nullptr;
  // The headers in front stay, turned round; options of IP and TCP do not.
  const std::size_t ip_bytes = sight.is_v4 ? wire::Ipv4Layout::kSize : wire::Ipv6Layout::kSize;
  const std::size_t transport = sight.network + ip_bytes;
  PacketPtr reset = pool.allocate_for(transport + wire::TcpLayout::kSize);
  if (reset == nullptr) return nullptr;
  const MutableBytes bytes = reset->append(transport + wire::TcpLayout::kSize);
  copy_bytes(frame.bytes().first(transport), bytes.first(transport));
  const auto ethernet = *wire::EthernetView::parse(frame.bytes());
  wire::EthernetLayout::Destination::set(bytes, ethernet.source());
  wire::EthernetLayout::Source::set(bytes, ethernet.destination());
  const MutableBytes network = bytes.subspan(sight.network);
  if (sight.is_v4) {
    wire::write(wire::Ipv4Header{.total_length = wire::Ipv4Layout::kSize + wire::TcpLayout::kSize,
                                 .time_to_live = kResetHopLimit,
                                 .protocol = wire::kIpProtocolTcp,
                                 .source = sight.destination.address,
                                 .destination = sight.source.address},
                network.first<wire::Ipv4Layout::kSize>());
    wire::set_ipv4_checksum(network.first(ip_bytes));
  } else {
    wire::Ipv6Layout::PayloadLength::set(network, wire::TcpLayout::kSize);
    wire::Ipv6Layout::HopLimit::set(network, kResetHopLimit);
    wire::Ipv6Layout::Source::set(network, sight.destination.address);
    wire::Ipv6Layout::Destination::set(network, sight.source.address);
  }
  const std::uint32_t length = static_cast<std::uint32_t>(segment.payload().size()) +
                               (segment.flags().syn() ? 1U : 0U) +
                               (segment.flags().fin() ? 1U : 0U);
  wire::TcpHeader header{.source_port = sight.destination.port,
                         .destination_port = sight.source.port,
                         .flags = wire::kTcpRst};
  if (segment.flags().ack()) {
    header.sequence_number = segment.acknowledgment_number();
  } else {
    header.flags |= wire::kTcpAck;
    header.acknowledgment_number = segment.sequence_number() + length;
  }
  const MutableBytes tcp = bytes.subspan(transport);
  wire::write(header, tcp.first<wire::TcpLayout::kSize>());
  wire::TcpLayout::Checksum::set(
      tcp, wire::fold(wire::partial_sum(tcp) +
                      wire::pseudo_header_sum(sight.destination.address, sight.source.address,
                                              wire::kIpProtocolTcp, wire::TcpLayout::kSize)));
  return reset;
}

void mend_checksum(Packet& frame, const FlowSight& sight, wire::Sum before, wire::Sum after) {
  const std::size_t at = sight.is_tcp() ? wire::TcpLayout::Checksum::kBegin : kUdpChecksumAt;
  const MutableBytes field = frame.mutable_bytes().subspan(sight.transport + at, 2);
  const auto present = load_big_endian<std::uint16_t>(field.data());
  if (!sight.is_tcp() && present == 0) return;  // RFC 768: there is none
  auto updated = wire::updated_checksum(present, before, after);
  if (!sight.is_tcp() && updated == 0) updated = 0xffff;
  store_big_endian<std::uint16_t>(field.data(), updated);
}

}  // namespace strata::sim
