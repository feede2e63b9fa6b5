// SPDX-License-Identifier: Apache-2.0
#include "stack/out/send_tcp.h"

#include <algorithm>

#include "stack/out/send_ip.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/tcp.h"

namespace strata::stack {
namespace {

// As much text as one IPv4 packet can carry with all its headers.
constexpr std::size_t kSuperSegmentBytes = 65535 - 20 - wire::TcpLayout::kSizeMax;
// What one super-segment may become where the device does not cut.
constexpr std::size_t kPiecesMax = 64;
// Up to this much text is copied behind the headers: cheaper than a slice of its own.
constexpr std::size_t kCopiedBytes = 256;

DepartureQuery query_for(const tcp::Outgoing& outgoing) {
  const auto ecn = static_cast<unsigned>(outgoing.ecn);
  return {.destination = outgoing.flow.remote_address,
          .source = outgoing.flow.local_address,
          .interface = outgoing.bound_interface != kNoInterface ? outgoing.bound_interface
                                                                : outgoing.flow.interface,
          .protocol = wire::kIpProtocolTcp,
          .hop_limit = outgoing.hop_limit,
          .traffic_class = static_cast<std::uint8_t>((outgoing.traffic_class & 0xfcU) | ecn),
          .fragment_policy =
              outgoing.may_fragment ? FragmentPolicy::kFragment : FragmentPolicy::kProbe};
}

// The header, and behind it the text: copied when it is short, else by reference.
PacketPtr assemble(Core& core, tcp::Outgoing& outgoing) {
  PacketPtr packet = core.pool.allocate();
  if (packet == nullptr) return nullptr;
  tcp::Outgoing& out = outgoing;
  out.header.source_port = out.flow.local_port;
  out.header.destination_port = out.flow.remote_port;
  out.header.checksum = 0;
  const MutableBytes header = packet->append(out.header.header_length);
  write(out.header, header.first<wire::TcpLayout::kSize>());
  copy_bytes(Bytes(out.option_bytes).first(out.option_size()),
             header.subspan(wire::TcpLayout::kSize));
  if (out.payload == nullptr) return packet;
  if (out.payload->size() > kCopiedBytes) {
    packet->append_chain(std::move(out.payload));
  } else {
    out.payload->copy_out(0, packet->append(out.payload->size()));
  }
  return packet;
}

// RFC 9293 3.1: the pseudo-header's sum now; the rest by the device, or just before it.
void begin_checksum(Packet& packet, const tcp::Outgoing& outgoing) {
  const wire::Sum sum =
      wire::pseudo_header_sum(outgoing.flow.local_address, outgoing.flow.remote_address,
                              wire::kIpProtocolTcp, static_cast<std::uint32_t>(packet.size()));
  wire::TcpLayout::Checksum::set(packet.mutable_bytes(),
                                 static_cast<std::uint16_t>(~fold(sum) & 0xffffU));
  PacketNotes& notes = packet.notes();
  notes.checksum = ChecksumState::kPartial;
  notes.checksum_offset = wire::TcpLayout::Checksum::kBegin;
  if (outgoing.segment_size == 0) return;
  notes.segment_kind = SegmentKind::kTcp;
  notes.segment_size = outgoing.segment_size;
}

// How many packets every queue that TCP may fill has room for.
std::size_t room_for_tcp(const Core& core) {
  std::size_t longest = core.loopback.size();
  for (const Interface* port : core.interfaces) {
    if (port == nullptr || port->device == nullptr) continue;
    longest = std::max(longest, port->transmit_queue.size());
  }
  const std::size_t limit = core.config.transmit_queue_max;
  return limit - std::min(limit, longest);
}

// At most so many packets become of it.
std::size_t pieces_of(const tcp::Outgoing& outgoing) {
  if (outgoing.segment_size == 0) return 1;
  return std::min(outgoing.payload->size() / outgoing.segment_size + 1, kPiecesMax);
}

void send_one(Core& core, tcp::Outgoing& outgoing, Time now) {
  PacketPtr packet = assemble(core, outgoing);
  if (packet == nullptr) return core.drops.add(DropReason::kPoolEmpty);
  begin_checksum(*packet, outgoing);
  const auto departure = depart(core, query_for(outgoing));
  if (!departure) {
    core.tcp->on_unreachable(outgoing.flow, departure.error(), now);
    return drop(core, std::move(packet), DropReason::kNoRoute);
  }
  ++core.counters.tcp_sent;
  (void)send_ip(core, std::move(packet), *departure, now);
}

}  // namespace

bool has_room_for_tcp(const Core& core) { return room_for_tcp(core) >= kPiecesMax; }

bool send_tcp(Core& core, Time now) {
  if (core.tcp == nullptr) return true;
  std::size_t room = 0;
  while (core.tcp->has_outgoing()) {
    if (room < kPiecesMax) room = room_for_tcp(core);
    if (room < kPiecesMax) return false;
    auto outgoing = core.tcp->next_outgoing(now, {.super_segment_bytes_max = kSuperSegmentBytes});
    if (!outgoing) return true;
    room -= pieces_of(*outgoing);
    send_one(core, *outgoing, now);
  }
  return true;
}

}  // namespace strata::stack
