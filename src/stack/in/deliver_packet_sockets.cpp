// SPDX-License-Identifier: Apache-2.0
#include "stack/in/deliver_packet_sockets.h"

namespace strata::stack {

void deliver_to_packet_sockets(Core& core, const Interface& port, const Packet& frame,
                               std::uint16_t ethertype, bool is_for_us) {
  auto& sockets = core.raw.packet;
  for (Index i = sockets.next_used(0); i != kNoIndex; i = sockets.next_used(i + 1)) {
    PacketSocket& socket = sockets[i];
    if (socket.interface != kNoInterface && socket.interface != port.id) continue;
    if (socket.ethertype != PacketSocket::kEveryEthertype && socket.ethertype != ethertype) {
      continue;
    }
    if (!is_for_us && !socket.hears_others) continue;
    // A copy, not a share: the frame goes on to steps that write into its buffer.
    PacketPtr copy = frame.copy(core.pool);
    if (copy == nullptr) {
      core.drops.add(DropReason::kPoolEmpty);
    } else if (socket.queue.try_push(std::move(copy))) {
      core.ready.add(socket.ready, {.readable = true});
    } else {
      core.drops.add(DropReason::kRawQueueFull);
    }
  }
}

void deliver_to_packet_sockets_of(Core& core, const Interface& vlan, const Packet& content,
                                  const wire::EthernetHeader& link) {
  PacketPtr frame = content.copy(core.pool);
  if (frame == nullptr) return core.drops.add(DropReason::kPoolEmpty);
  write(link, frame->prepend<wire::EthernetLayout::kSize>());
  frame->notes().interface = vlan.id;
  deliver_to_packet_sockets(core, vlan, *frame, link.type, true);
}

}  // namespace strata::stack
