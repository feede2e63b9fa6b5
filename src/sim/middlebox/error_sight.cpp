// SPDX-License-Identifier: Apache-2.0
#include "sim/middlebox/error_sight.h"

#include <algorithm>

#include "sim/frame.h"
#include "strata/wire/checksum.h"
#include "strata/wire/ethertype.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/tcp.h"
#include "strata/wire/udp.h"

namespace strata::sim {
namespace {

constexpr std::size_t kPortsBytes = 4;

// A redirect is for a neighbour alone, and nothing is translated between neighbours.
bool is_translated(wire::Icmpv4Type type) {
  return is_error(type) && type != wire::Icmpv4Type::kRedirect;
}

std::optional<wire::Ipv4View> parse_quote(Bytes quote) {
  const auto view = wire::Ipv4View::parse_quoted(quote);
  if (!view || view->is_fragment() || quote.size() < view->header_length() + kPortsBytes) {
    return std::nullopt;
  }
  const bool has_ports =
      view->protocol() == wire::kIpProtocolTcp || view->protocol() == wire::kIpProtocolUdp;
  return has_ports ? std::optional(*view) : std::nullopt;
}

void mend_transport_checksum(MutableBytes transport, std::uint8_t protocol, wire::Sum before,
                             wire::Sum after) {
  const bool is_udp = protocol == wire::kIpProtocolUdp;
  const std::size_t at =
      is_udp ? wire::UdpLayout::Checksum::kBegin : wire::TcpLayout::Checksum::kBegin;
  if (transport.size() < at + 2) return;
  const auto present = load_big_endian<std::uint16_t>(transport.data() + at);
  if (is_udp && present == 0) return;  // RFC 768: there is none
  auto updated = wire::updated_checksum(present, before, after);
  if (is_udp && updated == 0) updated = 0xffff;
  store_big_endian<std::uint16_t>(transport.data() + at, updated);
}

}  // namespace

std::optional<ErrorSight> look_into_error(const Packet& frame) {
  const std::size_t network = link_header_bytes(frame);
  if (network > frame.size()) return std::nullopt;
  const Bytes bytes = frame.bytes();
  const auto type = load_big_endian<std::uint16_t>(bytes.data() + network - 2);
  const auto outer = wire::Ipv4View::parse(bytes.subspan(network));
  if (type != wire::kEtherTypeIpv4 || !outer || outer->is_fragment() ||
      outer->protocol() != wire::kIpProtocolIcmpv4) {
    return std::nullopt;
  }
  ErrorSight sight{.network = network,
                   .message = network + outer->header_length(),
                   .end = network + outer->total_length()};
  const auto message =
      wire::Icmpv4View::parse(bytes.subspan(sight.message, sight.end - sight.message));
  if (!message || !is_translated(message->type())) return std::nullopt;
  sight.quote = sight.message + wire::Icmpv4Layout::kSize;
  const auto inner = parse_quote(bytes.subspan(sight.quote, sight.end - sight.quote));
  if (!inner) return std::nullopt;
  sight.quoted_transport = sight.quote + inner->header_length();
  sight.protocol = inner->protocol();
  const std::byte* const ports = bytes.data() + sight.quoted_transport;
  sight.source = {inner->source(), load_big_endian<std::uint16_t>(ports)};
  sight.destination = {inner->destination(), load_big_endian<std::uint16_t>(ports + 2)};
  return sight;
}

void rewrite_quote(Packet& frame, const ErrorSight& sight, QuotedEnd which, const Endpoint& by) {
  const bool is_source = which == QuotedEnd::kSource;
  const Endpoint& present = is_source ? sight.source : sight.destination;
  const MutableBytes packet = frame.mutable_bytes().first(sight.end);
  const MutableBytes network = packet.subspan(sight.quote);
  const MutableBytes transport = packet.subspan(sight.quoted_transport);
  // All that changes lies in here.
  const std::size_t headers_end =
      std::min(sight.end, sight.quoted_transport + wire::TcpLayout::kSize);
  const MutableBytes headers = network.first(headers_end - sight.quote);
  const wire::Sum before = wire::partial_sum(headers);
  is_source ? wire::Ipv4Layout::Source::set(network, by.address)
            : wire::Ipv4Layout::Destination::set(network, by.address);
  const wire::Sum address_before = wire::Sum::of(present.address);
  const wire::Sum address_after = wire::Sum::of(by.address);
  wire::Ipv4Layout::Checksum::set(
      network, wire::updated_checksum(wire::Ipv4Layout::Checksum::get(network), address_before,
                                      address_after));
  store_big_endian<std::uint16_t>(transport.data() + (is_source ? 0 : 2), by.port);
  mend_transport_checksum(transport, sight.protocol, address_before + wire::Sum::of(present.port),
                          address_after + wire::Sum::of(by.port));
  const MutableBytes message = packet.subspan(sight.message);
  wire::Icmpv4Layout::Checksum::set(
      message, wire::updated_checksum(wire::Icmpv4Layout::Checksum::get(message), before,
                                      wire::partial_sum(headers)));
}

}  // namespace strata::sim
