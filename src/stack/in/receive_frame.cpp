// SPDX-License-Identifier: Apache-2.0
#include "stack/in/receive_frame.h"

#include <algorithm>

#include "stack/in/deliver_packet_sockets.h"
#include "stack/in/receive_arp.h"
#include "stack/in/receive_ip.h"
#include "stack/out/send_frame.h"
#include "stack/run_hooks.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/llc.h"
#include "strata/wire/vlan.h"

namespace strata::stack {
namespace {

// How far ahead of the packet in hand the next ones are brought into the cache.
constexpr std::size_t kPrefetchAhead = 4;

// The packet then begins behind it, and so do the offsets a device noted.
void take_link_header(Packet& packet, std::size_t size) {
  packet.trim_front(size);
  std::uint16_t& transport = packet.notes().transport_offset;
  transport = static_cast<std::uint16_t>(transport - std::min<std::size_t>(transport, size));
}

// The tags that say where a frame belongs. IEEE 802.1Q 9.6: one with VLAN 0 carries a priority and
// no VLAN. Bridges that mark what was marked or tagged already leave several of them, above and
// below others: like Linux we take them off wherever they stand. Two tags with a VLAN is all there
// are interfaces for.
wire::Parsed<wire::VlanTags> vlans_of(std::uint16_t ethertype, Bytes payload) {
  wire::VlanTags vlans;
  vlans.type = ethertype;
  vlans.payload = payload;
  while (wire::is_vlan_tpid(vlans.type)) {
    const auto tag = wire::VlanView::parse(vlans.payload);
    if (!tag) return std::unexpected(tag.error());
    if (tag->id() != wire::VlanLayout::kIdPriorityOnly) {
      if (vlans.count == vlans.tags.size()) return std::unexpected(wire::ParseError::kBadLength);
      vlans.tags[vlans.count++] = {vlans.type, tag->header()};
    }
    vlans.type = tag->type();
    vlans.payload = tag->payload();
  }
  return vlans;
}

// Takes off tags and LLC. `interface` becomes the VLAN's, `ethertype` that of the content. The
// packet then begins behind it all.
DropReason strip_tags(Core& core, Interface*& interface, Packet& packet, std::uint16_t& ethertype) {
  const Bytes payload = packet.bytes().subspan(wire::EthernetLayout::kSize);
  const auto tags = vlans_of(ethertype, payload);
  if (!tags) return DropReason::kVlanTagMalformed;
  if (tags->count != 0) {
    interface = core.interface(core.vlans.find(interface->id, VlanKey::of(*tags)));
    if (interface == nullptr) return DropReason::kVlanNotConfigured;
    if (!interface->is_up) return DropReason::kInterfaceDown;
  }
  const auto content = wire::classify_frame(tags->type, tags->payload);
  if (!content) return DropReason::kFrameBadLength;
  ethertype = content->ethertype;
  const std::size_t before =
      static_cast<std::size_t>(content->payload.data() - packet.bytes().data());
  if (tags->type < wire::kEtherTypeMin) packet.truncate(before + content->payload.size());
  take_link_header(packet, before);
  return DropReason::kNone;
}

// `frame` is what the packet was before its link header was taken off.
void hand_over(Core& core, Interface& interface, PacketPtr&& packet,
               const wire::EthernetView& frame, std::uint16_t ethertype, PacketBatch& ip,
               Time now) {
  if (ethertype == wire::kEtherTypeIpv4 || ethertype == wire::kEtherTypeIpv6) {
    packet->notes().scratch = ethertype == wire::kEtherTypeIpv4 ? 4 : 6;
    return ip.push(std::move(packet));
  }
  if (ethertype == wire::kEtherTypeArp) {
    return receive_arp(core, interface, std::move(packet), now);
  }
  for (const EthertypeEntry& entry : core.ethertypes) {
    if (entry.ethertype != ethertype) continue;
    return entry.handler->on_frame(std::move(packet), frame.source(), frame.destination(), now);
  }
  drop(core, std::move(packet), DropReason::kFrameUnknownEthertype);
}

void receive_frame(Core& core, Interface& port, PacketPtr&& packet, std::size_t bytes_max,
                   PacketBatch& ip, Time now) {
  const auto frame = wire::EthernetView::parse(packet->bytes());
  if (!frame) return drop(core, std::move(packet), DropReason::kFrameTooShort);
  std::uint16_t ethertype = frame->type();
  const bool is_ours = frame->destination() == port.mac;
  const bool is_group = frame->destination().is_multicast();
  if (has_packet_sockets(core)) {
    deliver_to_packet_sockets(core, port, *packet, ethertype, is_ours || is_group);
  }

  // RFC 2464 and IEEE 802.3: a station takes frames to itself and to groups; which groups of IP
  // it wants is decided where the IP destination is known.
  if (!is_ours && !is_group) return drop(core, std::move(packet), DropReason::kFrameNotForUs);
  packet->notes().is_link_multicast = is_group;

  Interface* interface = &port;
  const bool is_plain = ethertype >= wire::kEtherTypeMin && !wire::is_vlan_tpid(ethertype);
  if (is_plain) {
    take_link_header(*packet, wire::EthernetLayout::kSize);
  } else if (const DropReason why = strip_tags(core, interface, *packet, ethertype);
             why != DropReason::kNone) {
    return drop(core, std::move(packet), why);
  }
  packet->notes().interface = interface->id;
  if (interface != &port) {
    count_received(*interface, 1, packet->size());
    if (has_packet_sockets(core)) {
      deliver_to_packet_sockets_of(core, *interface, *packet,
                                   {frame->destination(), frame->source(), ethertype});
    }
  }
  // What we may send does not bind the others on the link; what the device can carry does.
  // And what another core put together from fragments was never one frame.
  if (packet->size() > bytes_max && packet->notes().segment_kind == SegmentKind::kNone &&
      !packet->notes().is_reassembled) {
    return drop(core, std::move(packet), DropReason::kFrameTooLong);
  }
  hand_over(core, *interface, std::move(packet), *frame, ethertype, ip, now);
}

// Without a link header only the version tells what a packet is.
void receive_bare(Core& core, const Interface& port, PacketPtr packet, PacketBatch& ip) {
  if (packet->bytes().empty()) return drop(core, std::move(packet), DropReason::kFrameTooShort);
  const unsigned version = std::to_integer<unsigned>(packet->bytes()[0]) >> 4U;
  if (version != 4 && version != 6) {
    return drop(core, std::move(packet), DropReason::kFrameUnknownEthertype);
  }
  if (has_packet_sockets(core)) {
    deliver_to_packet_sockets(core, port, *packet, ethertype_of_ip(*packet), true);
  }
  packet->notes().scratch = static_cast<std::uint8_t>(version);
  ip.push(std::move(packet));
}

}  // namespace

void receive_frames(Core& core, Interface& port, PacketBatch& frames, Time now) {
  std::size_t bytes = 0;
  for (Packet* packet : frames.packets()) {
    packet->notes().interface = port.id;
    if (packet->notes().arrival == Time{}) packet->notes().arrival = now;
    bytes += packet->size();
  }
  count_received(port, frames.size(), bytes);
  if (has_hooks(core, HookPoint::kFrameIn)) run_hooks(core, HookPoint::kFrameIn, frames, now);
  const std::size_t bytes_max = port.device->capabilities().mtu;
  PacketBatch ip;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (i + kPrefetchAhead < frames.size()) {
      __builtin_prefetch(frames[i + kPrefetchAhead].bytes().data());
    }
    PacketPtr packet = frames.take(i);
    if (!port.is_up) {
      drop(core, std::move(packet), DropReason::kInterfaceDown);
    } else if (port.medium == Medium::kIp) {
      receive_bare(core, port, std::move(packet), ip);
    } else {
      receive_frame(core, port, std::move(packet), bytes_max, ip, now);
    }
  }
  frames.clear();
  receive_ip(core, ip, now);
  if (!core.drop_watchers.empty()) core.drop_watchers.end_step(now);
}

}  // namespace strata::stack
