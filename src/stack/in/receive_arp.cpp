// SPDX-License-Identifier: Apache-2.0
#include "stack/in/receive_arp.h"

#include "stack/out/send_frame.h"
#include "strata/wire/arp.h"
#include "strata/wire/ethertype.h"

namespace strata::stack {
namespace {

// Learnt like any other, it would turn what goes to all of the subnet into frames for one station.
bool is_own_broadcast(const Core& core, const Interface& interface, const IpAddress& address) {
  const ip::LocalAddress* const ours = core.local.find(address, interface.id);
  return ours != nullptr && ours->kind == ip::LocalKind::kDirectedBroadcast &&
         ours->interface == interface.id;
}

}  // namespace

void receive_arp(Core& core, Interface& interface, PacketPtr packet, Time now) {
  ++core.counters.arp_received;
  const auto view = wire::ArpView::parse(packet->bytes());
  if (!view) return drop(core, std::move(packet), DropReason::kArpMalformed);
  const wire::ArpHeader header = view->header();
  if (is_own_broadcast(core, interface, header.sender_ip)) {
    return drop(core, std::move(packet), DropReason::kArpMalformed);
  }
  const DropReason why = interface.neighbors.tell().on_arp(header, now);
  if (const auto reply = interface.neighbors->reply_to(header)) send_arp(core, interface, *reply);
  if (why != DropReason::kNone) drop(core, std::move(packet), why);
}

void send_arp(Core& core, Interface& interface, const neighbor::SendArp& message) {
  PacketPtr packet = core.pool.allocate();
  if (packet == nullptr) return core.drops.add(DropReason::kPoolEmpty);
  write(message.header, packet->append(wire::ArpLayout::kSize).first<wire::ArpLayout::kSize>());
  ++core.counters.arp_sent;
  send_frame(core, interface, message.destination, wire::kEtherTypeArp, std::move(packet));
}

}  // namespace strata::stack
