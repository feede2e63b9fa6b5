// SPDX-License-Identifier: Apache-2.0
#include "stack/out/send_frame.h"

#include "stack/in/socket_errors.h"
#include "stack/out/fit_device.h"
#include "stack/out/send_icmp.h"
#include "stack/out/send_ip.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/vlan.h"

namespace strata::stack {
namespace {

// IEEE 802.3: shorter frames are padded by whoever puts them on a wire; a TAP or a memory link is
// none, so the stack leaves them as they are.
void prepend_tags(Packet& packet, const VlanTags& vlan, std::uint16_t& type) {
  for (std::size_t i = vlan.count; i-- > 0;) {
    write(wire::VlanHeader{.priority = vlan.tags[i].priority, .id = vlan.tags[i].id, .type = type},
          packet.prepend<wire::VlanLayout::kSize>());
    type = vlan.tags[i].tpid;
  }
}

IpAddress source_of(const Packet& packet) {
  if (const auto v4 = wire::Ipv4View::parse_quoted(packet.bytes())) return v4->source();
  if (const auto v6 = wire::Ipv6View::parse_quoted(packet.bytes())) return v6->source();
  return {};
}

// A neighbour that was used just now, and is reachable, is looked up without a question arising.
const MacAddress* resolve(Interface& interface, const IpAddress& next_hop, Time now) {
  const MacAddress* const mac = interface.neighbors.ask().recall(next_hop, now);
  return mac != nullptr ? mac : interface.neighbors.tell().resolve(next_hop, now);
}

std::optional<MacAddress> group_mac(const Core& core, const Interface& interface,
                                    const IpAddress& next_hop) {
  if (next_hop.is_multicast()) return MacAddress::for_multicast(next_hop);
  if (next_hop.is_limited_broadcast()) return MacAddress::broadcast();
  if (next_hop.is_v6()) return std::nullopt;
  const ip::LocalAddress* ours = core.local.find(next_hop, interface.id);
  if (ours == nullptr || ours->kind != ip::LocalKind::kDirectedBroadcast) return std::nullopt;
  return MacAddress::broadcast();
}

void queue_up(Core& core, Interface& interface, PacketPtr&& frame) {
  Interface& port = interface.port();
  // Without a device nobody would ever take it.
  if (port.is_loopback()) return drop(core, std::move(frame), DropReason::kNoRoute);
  if (!port.is_up) return drop(core, std::move(frame), DropReason::kInterfaceDown);
  if (!port.can_send()) return drop(core, std::move(frame), DropReason::kDeviceFailed);
  core.note_queued(port);
  if (port.transmit_queue.size() >= core.config.transmit_queue_max) {
    port.was_full = true;
    return drop(core, std::move(frame), DropReason::kTransmitQueueFull);
  }
  count_sent(interface, frame->size());
  frame->notes().interface = interface.id;
  if (fits_every_device(*frame)) [[likely]]
    return port.transmit_queue.push(std::move(frame));
  fit_to_device(core, port.capabilities(), std::move(frame), port.transmit_queue);
}

}  // namespace

void send_to_next_hop(Core& core, Interface& interface, PacketPtr packet, const IpAddress& next_hop,
                      Time now) {
  if (!interface.is_up) return drop(core, std::move(packet), DropReason::kInterfaceDown);
  if (interface.medium == Medium::kIp) return queue_up(core, interface, std::move(packet));
  const std::uint16_t ethertype = ethertype_of_ip(*packet);
  if (const MacAddress* mac = resolve(interface, next_hop, now)) {
    return send_frame(core, interface, *mac, ethertype, std::move(packet));
  }
  if (const auto mac = group_mac(core, interface, next_hop)) {
    return send_frame(core, interface, *mac, ethertype, std::move(packet));
  }
  const IpAddress source = source_of(*packet);
  auto displaced = interface.neighbors.tell().park(next_hop, std::move(packet), now, source);
  if (displaced) give_up(core, interface, std::move(*displaced), Search::kRefused, now);
}

void confirm_next_hop(Interface& interface, const IpAddress& next_hop, Time now) {
  if (interface.medium == Medium::kIp) return;
  if (interface.neighbors->was_just_confirmed(next_hop, now)) return;
  interface.neighbors.tell().on_reachability_confirmed(next_hop, now);
}

std::uint16_t ethertype_of_ip(const Packet& packet) {
  const bool is_v4 = std::to_integer<unsigned>(packet.bytes()[0]) >> 4U == 4;
  return is_v4 ? wire::kEtherTypeIpv4 : wire::kEtherTypeIpv6;
}

void send_frame(Core& core, Interface& interface, const MacAddress& destination,
                std::uint16_t ethertype, PacketPtr packet) {
  // Without a link layer there is nothing to put in front.
  if (interface.medium == Medium::kIp) return queue_up(core, interface, std::move(packet));
  const std::size_t link =
      wire::EthernetLayout::kSize + interface.vlan.count * wire::VlanLayout::kSize;
  if (packet->headroom() < link || !packet->is_writable()) {
    PacketPtr own = copy_of(core, *packet);
    if (own == nullptr) return drop(core, std::move(packet), DropReason::kPoolEmpty);
    packet = std::move(own);
  }
  std::uint16_t type = ethertype;
  if (interface.vlan.count != 0) prepend_tags(*packet, interface.vlan, type);
  write(wire::EthernetHeader{.destination = destination, .source = interface.mac, .type = type},
        packet->prepend<wire::EthernetLayout::kSize>());
  PacketNotes& notes = packet->notes();
  notes.transport_offset = static_cast<std::uint16_t>(notes.transport_offset + link);
  notes.network_offset = static_cast<std::uint8_t>(link);
  queue_up(core, interface, std::move(packet));
}

void enqueue(Core& core, Interface& interface, PacketPtr frame) {
  queue_up(core, interface, std::move(frame));
}

void give_up(Core& core, Interface& interface, neighbor::Undeliverable undeliverable, Search search,
             Time now) {
  const Packet& packet = *undeliverable.packet;
  if (undeliverable.reason == DropReason::kNeighborUnresolved) {
    // RFC 1812 5.2.7.1 and RFC 4861 7.2.2: the sender is told, be it a host elsewhere or a socket
    // of ours.
    const auto arrival = arrival_of(packet, interface);
    if (arrival && core.local.is_local(arrival->source, interface.id)) {
      tell_of_silent_neighbor(core, packet, *arrival, search, now);
    } else if (arrival) {
      send_icmp_error(core, packet, *arrival, {.kind = icmp::ErrorKind::kHostUnreachable}, now);
    }
  }
  drop(core, std::move(undeliverable.packet), undeliverable.reason);
}

}  // namespace strata::stack
