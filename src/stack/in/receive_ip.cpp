// SPDX-License-Identifier: Apache-2.0
#include "stack/in/receive_ip.h"

#include "stack/in/merge_tcp.h"
#include "stack/in/prefetch_tcp.h"
#include "stack/run_hooks.h"

namespace strata::stack {
namespace {

DropReason check(Core& core, Packet& packet, Arrival& arrival) {
  Interface* interface = core.interface(packet.notes().interface);
  if (interface == nullptr) return DropReason::kInterfaceDown;
  return packet.notes().scratch == 4 ? check_ipv4(core, *interface, packet, arrival)
                                     : check_ipv6(core, *interface, packet, arrival);
}

HeaderGrounds grounds_of(const Core& core) {
  return {core.local.generation(), core.link_generation};
}

void receive_one(Core& core, PacketPtr&& packet, Time now) {
  const bool is_v4 = packet->notes().scratch == 4;
  Arrival arrival;
  if (is_v4 && core.last_header.recall(grounds_of(core), *packet, arrival)) {
    return receive_ipv4(core, std::move(packet), arrival, now);
  }
  const DropReason why = check(core, *packet, arrival);
  if (why != DropReason::kNone) return drop(core, std::move(packet), why);
  if (is_v4) {
    core.last_header.remember(grounds_of(core), *packet, arrival);
    receive_ipv4(core, std::move(packet), arrival, now);
  } else {
    receive_ipv6(core, std::move(packet), arrival, now);
  }
}

// Hooks see valid headers only, so every packet is checked before them; and they may rewrite what
// they see, so it is read again after them.
void run_ip_in_hooks(Core& core, PacketBatch& packets, Time now) {
  for (std::size_t i = 0; i < packets.size(); ++i) {
    Arrival arrival;
    const DropReason why = check(core, packets[i], arrival);
    if (why != DropReason::kNone) drop(core, packets.take(i), why);
  }
  packets.compact();
  run_hooks(core, HookPoint::kIpIn, packets, now);
}

}  // namespace

void receive_ip(Core& core, PacketBatch& packets, Time now) {
  for (const Packet* packet : packets.packets()) {
    ++(packet->notes().scratch == 4 ? core.counters.ipv4_received : core.counters.ipv6_received);
  }
  if (has_hooks(core, HookPoint::kIpIn)) run_ip_in_hooks(core, packets, now);
  if (core.tcp != nullptr && core.tcp->has_crowd()) prefetch_tcp(core, packets);
  for (std::size_t i = 0; i < packets.size(); ++i) receive_one(core, packets.take(i), now);
  packets.clear();
  if (core.tcp_merge != nullptr) core.tcp_merge->finish(now);
}

}  // namespace strata::stack
