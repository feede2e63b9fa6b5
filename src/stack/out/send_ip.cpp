// SPDX-License-Identifier: Apache-2.0
#include "stack/out/send_ip.h"

#include <array>

#include "base/siphash.h"
#include "stack/out/packet_sum.h"
#include "stack/out/send_frame.h"
#include "stack/run_hooks.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"

namespace strata::stack {
namespace {

constexpr std::size_t kPacketBytesMax = 65535;

// The packet behind an empty slice with all the headroom there is. Null, and counted, when the pool
// is empty.
PacketPtr with_head(Core& core, PacketPtr packet) {
  PacketPtr head = core.pool.allocate();
  if (head == nullptr) {
    drop(core, std::move(packet), DropReason::kPoolEmpty);
    return nullptr;
  }
  head->notes() = packet->notes();
  if (!core.drop_watchers.empty()) core.drop_watchers.tell_copy(key_of(*packet), key_of(*head));
  head->append_chain(std::move(packet));
  return head;
}

// A train of segments is cut after its header is made, and each takes the next number.
std::uint32_t segments_of(const Packet& packet) {
  const std::uint32_t size = packet.notes().segment_size;
  return size == 0 ? 1 : static_cast<std::uint32_t>(packet.size() / size + 1);
}

void prepend_header_v4(Core& core, Packet& packet, const Departure& departure, Bytes options = {}) {
  if (!options.empty()) copy_bytes(options, packet.prepend(options.size()));
  const std::size_t header_length = wire::Ipv4Layout::kSize + options.size();
  const std::size_t total = packet.size() + wire::Ipv4Layout::kSize;
  const bool dont_fragment = forbids_fragments(departure.fragment_policy);
  // RFC 6864 4.1: a packet that cannot become fragments needs no identification.
  const std::uint32_t identification =
      dont_fragment ? 0
                    : core.identifications.next(departure.source, departure.destination,
                                                departure.protocol, segments_of(packet));
  const auto out = packet.prepend<wire::Ipv4Layout::kSize>();
  wire::Ipv4Header header{.header_length = static_cast<std::uint8_t>(header_length),
                          .traffic_class = departure.traffic_class,
                          .total_length = static_cast<std::uint16_t>(total),
                          .identification = static_cast<std::uint16_t>(identification),
                          .dont_fragment = dont_fragment,
                          .time_to_live = departure.hop_limit,
                          .protocol = departure.protocol,
                          .source = departure.source,
                          .destination = departure.destination};
  header.checksum = checksum_of(header);
  write(header, out);
  if (!options.empty()) wire::set_ipv4_checksum(packet.mutable_bytes().first(header_length));
  packet.notes().network_offset = 0;
  packet.notes().transport_offset = static_cast<std::uint16_t>(header_length);
}

// RFC 6437 3: the same in all packets of a flow, spread evenly, and not to be foretold.
std::uint32_t flow_label(const Core& core, const Packet& packet, const Departure& departure) {
  const bool has_ports =
      departure.protocol == wire::kIpProtocolTcp || departure.protocol == wire::kIpProtocolUdp;
  std::array<std::byte, 4> ports{};
  if (!core.config.flow_labels || !has_ports || packet.size() < ports.size()) return 0;
  packet.copy_out(0, ports);
  const std::uint64_t hash = hash_words(
      core.flow_label_key,
      {departure.source.high(), departure.source.low(), departure.destination.high(),
       departure.destination.low(),
       (std::uint64_t{departure.protocol} << 32U) | load_big_endian<std::uint32_t>(ports.data())});
  constexpr std::uint32_t kLabels = 0xf'ffff;  // zero says that there is none
  return static_cast<std::uint32_t>(hash % kLabels) + 1;
}

void prepend_header_v6(const Core& core, Packet& packet, const Departure& departure) {
  const std::size_t payload = packet.size();
  const std::uint32_t label = flow_label(core, packet, departure);
  const auto out = packet.prepend<wire::Ipv6Layout::kSize>();
  write(wire::Ipv6Header{.traffic_class = departure.traffic_class,
                         .flow_label = label,
                         .payload_length = static_cast<std::uint16_t>(payload),
                         .next_header = departure.protocol,
                         .hop_limit = departure.hop_limit,
                         .source = departure.source,
                         .destination = departure.destination},
        out);
  packet.notes().network_offset = 0;
  packet.notes().transport_offset = wire::Ipv6Layout::kSize;
}

// What is still to be cut into segments is no longer than they are.
bool fits(const Packet& packet, const Departure& departure) {
  return packet.size() <= departure.mtu || packet.notes().segment_kind != SegmentKind::kNone;
}

void loop_back(Core& core, PacketPtr packet, const Departure& departure) {
  if (core.loopback.size() >= core.config.transmit_queue_max) {
    return drop(core, std::move(packet), DropReason::kTransmitQueueFull);
  }
  PacketNotes& notes = packet->notes();
  notes.interface = departure.interface->id;
  notes.scratch = departure.is_v4() ? 4 : 6;
  notes.is_looped_back = true;
  notes.arrival = Time{};
  // It never leaves this machine's memory.
  notes.checksum = ChecksumState::kVerified;
  core.loopback.push(std::move(packet));
}

// RFC 1112 6.1 and RFC 1122 3.3.7: a copy of what we send to a group that we listen to.
void loop_group(Core& core, const Packet& packet, const Departure& departure) {
  if (departure.kind == Departure::Kind::kMulticast &&
      (!departure.loops_groups ||
       !departure.interface->groups->is_wanted(departure.destination, departure.source))) {
    return;
  }
  PacketPtr copy = packet.copy(core.pool);
  if (copy == nullptr) return core.drops.add(DropReason::kPoolEmpty);
  loop_back(core, std::move(copy), departure);
}

Result<void> send_fragments(Core& core, PacketPtr packet, const Departure& departure, Time now) {
  const std::uint32_t identification =
      core.identifications.next(departure.source, departure.destination, departure.protocol);
  auto fragmenter = ip::Fragmenter::make(std::move(packet), departure.mtu, identification);
  if (!fragmenter) {
    core.drops.add(DropReason::kPacketTooBig);
    return std::unexpected(fragmenter.error());
  }
  while (!fragmenter->is_done()) {
    PacketPtr fragment = fragmenter->next_fragment(core.pool);
    if (fragment == nullptr) {
      core.drops.add(DropReason::kPoolEmpty);
      return std::unexpected(Error::kOutOfMemory);
    }
    ++core.counters.fragments_sent;
    // It is no packet that came: see PacketKey.
    fragment->notes().arrival = Time{};
    send_to_next_hop(core, *departure.interface, std::move(fragment), departure.next_hop, now);
  }
  return {};
}

// So that `header` bytes can be written in front; no packet may be longer than `limit` with them.
Result<void> make_room(Core& core, PacketPtr& packet, std::size_t header, std::size_t limit) {
  if (packet->size() + header > limit) {
    drop(core, std::move(packet), DropReason::kPacketTooBig);
    return std::unexpected(Error::kMessageTooLong);
  }
  if (packet->headroom() >= header && packet->is_writable()) return {};
  packet = with_head(core, std::move(packet));
  if (packet == nullptr) return std::unexpected(Error::kOutOfMemory);
  return {};
}

}  // namespace

Result<void> send_ip(Core& core, PacketPtr packet, const Departure& departure, Time now) {
  const bool is_v4 = departure.is_v4();
  const std::size_t header = is_v4 ? wire::Ipv4Layout::kSize : wire::Ipv6Layout::kSize;
  const std::size_t limit = is_v4 ? kPacketBytesMax : kPacketBytesMax + wire::Ipv6Layout::kSize;
  if (const auto made = make_room(core, packet, header, limit); !made) return made;
  if (is_v4) {
    prepend_header_v4(core, *packet, departure);
  } else {
    prepend_header_v6(core, *packet, departure);
  }
  ++(is_v4 ? core.counters.ipv4_sent : core.counters.ipv6_sent);
  // Nearly every packet: nobody wants to see it, to hear it or to cut it.
  const bool is_plain = departure.kind == Departure::Kind::kUnicast &&
                        !has_hooks(core, HookPoint::kIpOut) && fits(*packet, departure);
  if (!is_plain) return send_ip_packet(core, std::move(packet), departure, now);
  send_to_next_hop(core, *departure.interface, std::move(packet), departure.next_hop, now);
  return {};
}

Result<void> send_with_options(Core& core, PacketPtr packet, const Departure& departure,
                               Bytes options, Time now) {
  const std::size_t header = wire::Ipv4Layout::kSize + options.size();
  if (const auto made = make_room(core, packet, header, kPacketBytesMax); !made) return made;
  prepend_header_v4(core, *packet, departure, options);
  ++core.counters.ipv4_sent;
  return send_ip_packet(core, std::move(packet), departure, now);
}

Result<void> send_ip_packet(Core& core, PacketPtr packet, const Departure& departure, Time now) {
  packet = run_hooks(core, HookPoint::kIpOut, std::move(packet), now);
  if (packet == nullptr) return {};
  if (departure.kind == Departure::Kind::kLocal) {
    loop_back(core, std::move(packet), departure);
    return {};
  }
  if (departure.kind != Departure::Kind::kUnicast) loop_group(core, *packet, departure);
  const bool stays_here = departure.kind == Departure::Kind::kMulticast &&
                          (departure.hop_limit == 0 || departure.interface->is_loopback());
  if (stays_here) return {};
  return send_onto_link(core, std::move(packet), departure, now);
}

Result<void> send_onto_link(Core& core, PacketPtr packet, const Departure& departure, Time now) {
  if (fits(*packet, departure)) {
    send_to_next_hop(core, *departure.interface, std::move(packet), departure.next_hop, now);
    return {};
  }
  if (forbids_fragments(departure.fragment_policy)) {
    drop(core, std::move(packet), DropReason::kPacketTooBig);
    return std::unexpected(Error::kMessageTooLong);
  }
  return send_fragments(core, std::move(packet), departure, now);
}

void finish_icmp_checksum(Packet& message, const Departure& departure) {
  const MutableBytes header = message.mutable_bytes();
  wire::Icmpv4Layout::Checksum::set(header, 0);
  wire::Sum sum = packet_sum(message, 0);
  if (!departure.is_v4()) {
    sum += wire::pseudo_header_sum(departure.source, departure.destination, wire::kIpProtocolIcmpv6,
                                   static_cast<std::uint32_t>(message.size()));
  }
  wire::Icmpv4Layout::Checksum::set(header, fold(sum));
  message.notes().checksum = ChecksumState::kVerified;
}

std::optional<Arrival> arrival_of(const Packet& packet, Interface& interface) {
  if (const auto v4 = wire::Ipv4View::parse_quoted(packet.bytes())) {
    return Arrival{.interface = &interface,
                   .source = v4->source(),
                   .destination = v4->destination(),
                   .kind = v4->destination().is_multicast() ? DestinationKind::kMulticast
                                                            : DestinationKind::kUnicast,
                   .protocol = v4->protocol(),
                   .header_length = static_cast<std::uint16_t>(v4->header_length()),
                   .is_later_fragment = v4->fragment_offset() != 0};
  }
  const auto v6 = wire::Ipv6View::parse_quoted(packet.bytes());
  if (!v6) return std::nullopt;
  const auto upper = wire::find_upper_layer(v6->next_header(), v6->payload());
  return Arrival{
      .interface = &interface,
      .source = v6->source(),
      .destination = v6->destination(),
      .kind = v6->destination().is_multicast() ? DestinationKind::kMulticast
                                               : DestinationKind::kUnicast,
      .protocol = upper.protocol,
      .header_length = static_cast<std::uint16_t>(wire::Ipv6Layout::kSize + upper.offset),
      .is_later_fragment = upper.end == wire::Ipv6ChainEnd::kLaterFragment};
}

}  // namespace strata::stack
