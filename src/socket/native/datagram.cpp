// SPDX-License-Identifier: Apache-2.0
#include "socket/native/datagram.h"

#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"

namespace strata::native {

void describe(const Packet& packet, DatagramInfo& info) {
  info.interface = packet.notes().interface;
  info.segment_size = packet.notes().segment_size;
  info.arrival = packet.notes().arrival;
  if (const auto v4 = wire::Ipv4View::parse_quoted(packet.bytes())) {
    info.source.address = v4->source();
    info.destination.address = v4->destination();
    info.hop_limit = v4->time_to_live();
    info.traffic_class = v4->traffic_class();
  } else if (const auto v6 = wire::Ipv6View::parse_quoted(packet.bytes())) {
    info.source.address = v6->source();
    info.destination.address = v6->destination();
    info.hop_limit = v6->hop_limit();
    info.traffic_class = v6->traffic_class();
  }
  // RFC 4007 11: a link-local peer is only named together with its link.
  if (info.source.address.is_v6() && info.source.address.is_link_local()) {
    info.source.zone = info.interface;
  }
}

PacketPtr packet_of(PacketPool& pool, stack::Gather& bytes) {
  const std::size_t size = bytes.left();
  PacketPtr packet = pool.allocate_for(size);
  if (packet != nullptr) bytes.copy_to(packet->append(size));
  return packet;
}

std::size_t scatter(const Packet& packet, std::size_t offset, std::span<const MutableBytes> parts) {
  std::size_t at = offset;
  for (const MutableBytes part : parts) {
    const std::size_t count = std::min(part.size(), packet.size() - at);
    packet.copy_out(at, part.first(count));
    at += count;
  }
  return at - offset;
}

}  // namespace strata::native
