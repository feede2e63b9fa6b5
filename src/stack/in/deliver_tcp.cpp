// SPDX-License-Identifier: Apache-2.0
// TCP in: RFC 9293 3.1. Bytes become a tcp::Segment here, and are not looked at again.
#include "stack/in/deliver.h"
#include "stack/in/merge_tcp.h"
#include "stack/out/packet_sum.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/tcp.h"

namespace strata::stack {
namespace {

bool checksum_is_valid(const Packet& packet, const Arrival& arrival) {
  // A device vouched for it, or it never left this machine.
  if (packet.notes().checksum != ChecksumState::kUnknown) return true;
  const std::size_t size = packet.size() - arrival.header_length;
  return is_valid(packet_sum(packet, arrival.header_length) +
                  wire::pseudo_header_sum(arrival.source, arrival.destination, wire::kIpProtocolTcp,
                                          static_cast<std::uint32_t>(size)));
}

// How many segments a device merged into this one.
std::uint16_t count_segments(const PacketNotes& notes, std::size_t payload_bytes) {
  if (notes.segment_kind != SegmentKind::kTcp || notes.segment_size == 0) return 1;
  const std::size_t size = notes.segment_size;
  return static_cast<std::uint16_t>(std::max<std::size_t>(1, (payload_bytes + size - 1) / size));
}

// RFC 4007 6: the same link-local address may be another host on another link.
InterfaceId zone_of(const Arrival& arrival) {
  const bool is_scoped = arrival.source.is_v6() &&
                         (arrival.source.is_link_local() || arrival.destination.is_link_local());
  return is_scoped ? arrival.interface->id : kNoInterface;
}

tcp::Flow flow_of(const wire::TcpView& view, const Arrival& arrival) {
  return {.local_address = arrival.destination,
          .remote_address = arrival.source,
          .local_port = view.destination_port(),
          .remote_port = view.source_port(),
          .interface = zone_of(arrival)};
}

tcp::Segment decode(const wire::TcpView& view, const tcp::Flow& flow, const Arrival& arrival) {
  return {.flow = flow,
          .seq = tcp::SequenceNumber(view.sequence_number()),
          .ack = tcp::SequenceNumber(view.acknowledgment_number()),
          .flags = view.flags(),
          .window = view.window(),
          .urgent_pointer = view.urgent_pointer(),
          .ecn = static_cast<tcp::EcnCodepoint>(arrival.traffic_class & 3U),
          .hop_limit = arrival.hop_limit,
          .interface = arrival.interface->id,
          .options = wire::TcpOptions::parse(view.options()),
          .payload = nullptr};
}

}  // namespace

void deliver_tcp(Core& core, PacketPtr packet, const Arrival& arrival, Time now) {
  ++core.counters.tcp_received;
  // RFC 9293 3.9.2.3 (MUST-57): no answer either, for it would go to one of many.
  if (arrival.is_to_group() || arrival.is_to_anycast())
    return drop(core, std::move(packet), DropReason::kTcpToGroup);
  const std::size_t fixed = arrival.header_length + wire::TcpLayout::kSize;
  if (!make_contiguous(core, packet, fixed, DropReason::kTcpTooShort)) return;
  const std::size_t header_length = std::size_t{wire::TcpLayout::DataOffset::get(
                                        packet->bytes().subspan(arrival.header_length))} *
                                    4;
  if (header_length < wire::TcpLayout::kSize) {
    return drop(core, std::move(packet), DropReason::kTcpBadOffset);
  }
  const std::size_t headers = arrival.header_length + header_length;
  if (!make_contiguous(core, packet, headers, DropReason::kTcpBadOffset)) return;
  if (!checksum_is_valid(*packet, arrival)) {
    return drop(core, std::move(packet), DropReason::kTcpBadChecksum);
  }
  const auto view = wire::TcpView::parse(packet->bytes().subspan(arrival.header_length));
  STRATA_CHECK(view.has_value());
  if (core.ensure_tcp() == nullptr) return drop(core, std::move(packet), DropReason::kPoolEmpty);
  const tcp::Flow flow = flow_of(*view, arrival);
  const std::uint16_t segments = count_segments(packet->notes(), packet->size() - headers);
  const TcpMerge::Arrived arrived{.view = *view,
                                  .flow = flow,
                                  .ecn = static_cast<tcp::EcnCodepoint>(arrival.traffic_class & 3U),
                                  .segments = segments,
                                  .headers = headers};
  if (core.tcp_merge->take_next(arrived, packet, now)) return;
  tcp::Segment segment = decode(*view, flow, arrival);
  segment.payload_bytes = static_cast<std::uint32_t>(packet->size() - headers);
  segment.segments = segments;
  const Packet* without_text = packet.get();
  if (segment.payload_bytes != 0) {
    packet->skip(headers);
    segment.payload = std::move(packet);
    without_text = nullptr;
  }
  core.tcp_merge->add(std::move(segment), without_text, now);
}

}  // namespace strata::stack
