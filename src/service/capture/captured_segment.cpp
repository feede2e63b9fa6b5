// SPDX-License-Identifier: Apache-2.0
#include "service/capture/captured_segment.h"

#include <algorithm>

#include "strata/wire/ethernet.h"
#include "strata/wire/ethertype.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"
#include "strata/wire/vlan.h"

namespace strata::service {
namespace {

struct Carried {
  IpAddress source;
  IpAddress destination;
  Bytes segment;
  std::size_t size = 0;  // of the segment on the wire
};

Bytes ip_packet_of(Medium medium, Bytes frame) {
  if (medium == Medium::kIp) return frame;
  const auto ethernet = wire::EthernetView::parse(frame);
  if (!ethernet) return {};
  const auto inside =
      wire::parse_vlan_tags(ethernet->type(), frame.subspan(wire::EthernetLayout::kSize));
  if (!inside) return {};
  const bool is_ip = inside->type == wire::kEtherTypeIpv4 || inside->type == wire::kEtherTypeIpv6;
  return is_ip ? inside->payload : Bytes{};
}

std::optional<Carried> carried_by(Bytes packet) {
  if (const auto v4 = wire::Ipv4View::parse_quoted(packet)) {
    if (v4->protocol() != wire::kIpProtocolTcp || v4->fragment_offset() != 0) return std::nullopt;
    return Carried{v4->source(), v4->destination(), v4->payload(),
                   v4->total_length() - v4->header_length()};
  }
  const auto v6 = wire::Ipv6View::parse_quoted(packet);
  if (!v6) return std::nullopt;
  const auto upper = wire::find_upper_layer(v6->next_header(), v6->payload());
  const bool is_later_part = upper.fragment && upper.fragment->fragment_offset != 0;
  if (upper.protocol != wire::kIpProtocolTcp || is_later_part) return std::nullopt;
  const std::size_t size = v6->payload_length();
  return Carried{v6->source(), v6->destination(), upper.payload,
                 size - std::min(upper.offset, size)};
}

}  // namespace

std::optional<CapturedSegment> captured_segment(Medium medium, Bytes frame) {
  const auto carried = carried_by(ip_packet_of(medium, frame));
  if (!carried) return std::nullopt;
  const auto tcp = wire::TcpView::parse(carried->segment);
  if (!tcp) return std::nullopt;
  const std::size_t headers = tcp->header_length();
  return CapturedSegment{
      .source = {carried->source, tcp->source_port()},
      .destination = {carried->destination, tcp->destination_port()},
      .flags = tcp->flags(),
      .sequence = tcp->sequence_number(),
      .acknowledgment = tcp->acknowledgment_number(),
      .window = tcp->window(),
      .text_bytes = static_cast<std::uint32_t>(carried->size - std::min(headers, carried->size)),
      .options = wire::TcpOptions::parse(tcp->options())};
}

}  // namespace strata::service
