// SPDX-License-Identifier: Apache-2.0
// What all datagram sockets do with packets: fill one from parts, read its headers, copy its
// payload to parts; and with batches of them.
#pragma once

#include <algorithm>
#include <span>

#include "base/handle_table.h"
#include "stack/core.h"
#include "stack/out/gather.h"
#include "strata/socket_types.h"

namespace strata::native {

[[nodiscard]] constexpr Handle handle_of(SocketId id) { return {id.index, id.generation}; }
[[nodiscard]] constexpr SocketId id_of(Handle handle) { return {handle.index, handle.generation}; }

// Addresses and marks from the IP header the packet begins with; ports are left at 0. In place,
// for a copy of fresh small writes stalls the processor.
void describe(const Packet& packet, DatagramInfo& info);

// A packet with the bytes that are left, and the usual room in front; null when the pool is empty.
[[nodiscard]] PacketPtr packet_of(PacketPool& pool, stack::Gather& bytes);

// Copies what lies from `offset` on into the parts, as far as they go; answers how much that is.
[[nodiscard]] std::size_t scatter(const Packet& packet, std::size_t offset,
                                  std::span<const MutableBytes> parts);

// The same; sets size and is_truncated.
template <typename Info>
void copy_payload(const Packet& packet, std::size_t offset, std::span<const MutableBytes> parts,
                  Info& info) {
  offset = std::min(offset, packet.size());
  info.size = packet.size() - offset;
  info.is_truncated = scatter(packet, offset, parts) < info.size;
}

// Acts on one item after another until that fails; answers how many went well, or the first one's
// error.
template <typename Item, typename Act>
Result<std::size_t> for_each_in_batch(std::span<Item> items, Act act) {
  std::size_t done = 0;
  for (Item& item : items) {
    const auto one = act(item);
    if (!one) return done == 0 ? std::unexpected(one.error()) : Result<std::size_t>(done);
    ++done;
  }
  return done;
}

[[nodiscard]] inline bool is_interface_or_none(const stack::Core& core, InterfaceId interface) {
  return interface == kNoInterface || core.interface(interface) != nullptr;
}

// Runs `act` on the socket that the handle names.
template <typename Socket, typename Act>
auto with(Socket* socket, Act act) -> decltype(act(*socket)) {
  if (socket == nullptr) return std::unexpected(Error::kInvalidHandle);
  return act(*socket);
}

}  // namespace strata::native
