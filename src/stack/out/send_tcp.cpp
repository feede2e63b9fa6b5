// SPDX-License-Identifier: Apache-2.0
#include "stack/out/send_tcp.h"

#include <algorithm>

#include "stack/out/send_frame.h"
#include "stack/out/send_ip.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/tcp.h"

namespace strata::stack {
namespace {

// As much text as one IPv4 packet can carry with all its headers.
constexpr std::size_t kSuperSegmentBytes = 65535 - 20 - wire::TcpLayout::kSizeMax;
// What one super-segment may become where the device does not cut.
constexpr std::size_t kPiecesMax = 64;
// IPv6, Ethernet and two tags.
constexpr std::size_t kLowerHeaderBytes = 40 + 14 + 2 * 4;

FragmentPolicy policy_for(const tcp::Outgoing& outgoing) {
  if (outgoing.ignores_path_mtu) return FragmentPolicy::kByRouters;
  return outgoing.may_fragment ? FragmentPolicy::kFragment : FragmentPolicy::kProbe;
}

DepartureQuery query_for(const tcp::Outgoing& outgoing) {
  const auto ecn = static_cast<unsigned>(outgoing.ecn);
  return {.destination = outgoing.flow.remote_address,
          .source = outgoing.flow.local_address,
          .interface = outgoing.bound_interface != kNoInterface ? outgoing.bound_interface
                                                                : outgoing.flow.interface,
          .protocol = wire::kIpProtocolTcp,
          .hop_limit = outgoing.hop_limit,
          .traffic_class = static_cast<std::uint8_t>((outgoing.traffic_class & 0xfcU) | ecn),
          .fragment_policy = policy_for(outgoing)};
}

// In front of a copy there is room for the header; slices that others hold, too, hang behind it.
PacketPtr assemble(Core& core, tcp::Outgoing& out) {
  const std::size_t size = out.header.header_length;
  const bool has_room = out.payload != nullptr && out.payload->is_writable() &&
                        out.payload->headroom() >= size + kLowerHeaderBytes;
  PacketPtr packet = has_room ? std::move(out.payload) : core.pool.allocate();
  if (packet == nullptr) return nullptr;
  out.header.source_port = out.flow.local_port;
  out.header.destination_port = out.flow.remote_port;
  out.header.checksum = 0;
  const MutableBytes header = has_room ? packet->prepend(size) : packet->append(size);
  write(out.header, header.first<wire::TcpLayout::kSize>());
  copy_bytes(Bytes(out.option_bytes).first(out.option_size()),
             header.subspan(wire::TcpLayout::kSize));
  if (out.payload != nullptr) packet->append_chain(std::move(out.payload));
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

// What a queue must have room for before anything is pulled for it.
std::size_t room_wanted(const Core& core) {
  return std::min<std::size_t>(kPiecesMax, core.config.transmit_queue_max);
}

// At most so many packets become of it.
std::size_t pieces_of(const tcp::Outgoing& outgoing) {
  if (outgoing.segment_size == 0) return 1;
  return std::min(outgoing.payload->size() / outgoing.segment_size + 1, kPiecesMax);
}

// The way may have become a narrower one since the connection was last told of it.
bool is_too_long(const Packet& packet, const tcp::Outgoing& outgoing, const Departure& departure) {
  if (outgoing.may_fragment || departure.kind == Departure::Kind::kLocal) return false;
  const std::size_t header = departure.is_v4() ? wire::Ipv4Layout::kSize : wire::Ipv6Layout::kSize;
  const std::size_t longest = outgoing.segment_size == 0 ? packet.size()
                                                         : outgoing.header.header_length +
                                                               std::size_t{outgoing.segment_size};
  return header + longest > departure.mtu;
}

void send_along(Core& core, PacketPtr&& packet, const tcp::Outgoing& outgoing,
                const Departure& departure, Time now) {
  if (is_too_long(*packet, outgoing, departure)) {
    core.tcp->on_path_mtu(outgoing.flow, static_cast<std::uint32_t>(departure.mtu), now);
    return drop(core, std::move(packet), DropReason::kPacketTooBig);
  }
  ++core.counters.tcp_sent;
  if (outgoing.confirms_next_hop) {
    confirm_next_hop(*departure.interface, departure.next_hop, now);
  }
  (void)send_ip(core, std::move(packet), departure, now);
}

void send_one(Core& core, tcp::Outgoing& outgoing, Time now) {
  PacketPtr packet = assemble(core, outgoing);
  if (packet == nullptr) return core.drops.add(DropReason::kPoolEmpty);
  begin_checksum(*packet, outgoing);
  const DepartureQuery query = query_for(outgoing);
  if (const Departure* const known = recall_departure(core, query)) {
    const Departure departure = *known;
    return send_along(core, std::move(packet), outgoing, departure, now);
  }
  const auto departure = depart(core, query);
  if (departure) return send_along(core, std::move(packet), outgoing, *departure, now);
  core.tcp->on_unreachable(outgoing.flow, departure.error(), now);
  drop(core, std::move(packet), DropReason::kNoRoute);
}

// By interface: one whose device is stuck must not hold up the others.
bool has_room(const Core& core, InterfaceId id) {
  const Interface* const port = core.interface(id);
  if (port == nullptr) return true;
  const std::size_t queued =
      port->is_loopback() ? core.loopback.size() : port->transmit_queue.size();
  return queued + room_wanted(core) <= core.config.transmit_queue_max;
}

// tcp::Limits::obstacle.
InterfaceId full_port(void* context, const tcp::Flow& flow, InterfaceId bound) {
  Core& core = *static_cast<Core*>(context);
  tcp::Outgoing outgoing;
  outgoing.flow = flow;
  outgoing.bound_interface = bound;
  const auto departure = depart(core, query_for(outgoing));
  if (!departure) return kNoInterface;
  const InterfaceId port =
      departure->kind == Departure::Kind::kLocal ? kLoopbackId : departure->interface->port().id;
  return has_room(core, port) ? kNoInterface : port;
}

// As many as the queue may take: the others are not asked about again for nothing.
void release_held(Core& core) {
  for (InterfaceId at = 0; at < core.tcp->held_end(); ++at) {
    if (has_room(core, at)) core.tcp->release_held(at, core.config.transmit_queue_max);
  }
}

}  // namespace

bool has_room_for_tcp(const Core& core) {
  if (core.tcp == nullptr || core.tcp->has_unheld()) return true;
  bool waits = false;
  for (InterfaceId at = 0; at < core.tcp->held_end(); ++at) {
    if (!core.tcp->is_holding_at(at)) continue;
    if (has_room(core, at)) return true;
    waits = true;
  }
  return !waits;
}

bool send_tcp(Core& core, Time now) {
  if (core.tcp == nullptr) return true;
  release_held(core);
  const std::size_t wanted = room_wanted(core);
  std::size_t room = 0;  // in every queue
  while (core.tcp->has_unheld()) {
    if (room < wanted) room = room_for_tcp(core);
    auto outgoing = core.tcp->next_outgoing(now, {.super_segment_bytes_max = kSuperSegmentBytes,
                                                  .obstacle = room < wanted ? full_port : nullptr,
                                                  .context = &core});
    if (!outgoing) break;
    room -= std::min(room, pieces_of(*outgoing));
    send_one(core, *outgoing, now);
  }
  return !core.tcp->has_outgoing();
}

}  // namespace strata::stack
