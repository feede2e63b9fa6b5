// SPDX-License-Identifier: Apache-2.0
#include "stack/in/deliver.h"

namespace strata::stack {
namespace {

bool wants(const RawSocket& socket, const Arrival& arrival) {
  if (socket.protocol != arrival.protocol) return false;
  if ((socket.family == AddressFamily::kIpv4) != arrival.is_v4()) return false;
  if (!socket.local.is_unspecified() && socket.local != arrival.destination) return false;
  if (!socket.remote.is_unspecified() && socket.remote != arrival.source) return false;
  const InterfaceId bound = socket.options.bound_interface;
  return bound == kNoInterface || bound == arrival.interface->id;
}

}  // namespace

bool deliver_to_raw_sockets(Core& core, const Packet& packet, const Arrival& arrival) {
  auto& sockets = core.raw.raw;
  bool is_heard = false;
  for (Index i = sockets.next_used(0); i != kNoIndex; i = sockets.next_used(i + 1)) {
    RawSocket& socket = sockets[i];
    if (!wants(socket, arrival)) continue;
    is_heard = true;
    PacketPtr copy = packet.copy(core.pool);
    if (copy == nullptr) {
      core.drops.add(DropReason::kPoolEmpty);
    } else if (socket.queue.try_push(std::move(copy))) {
      core.ready.add(socket.ready, {.readable = true});
    } else {
      core.drops.add(DropReason::kRawQueueFull);
    }
  }
  return is_heard;
}

}  // namespace strata::stack
