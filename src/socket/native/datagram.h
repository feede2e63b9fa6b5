// SPDX-License-Identifier: Apache-2.0
// What all datagram sockets do with a queued packet: read its headers, copy its payload.
#pragma once

#include <algorithm>
#include <span>

#include "base/handle_table.h"
#include "stack/core.h"
#include "strata/socket_types.h"

namespace strata::native {

[[nodiscard]] constexpr Handle handle_of(SocketId id) { return {id.index, id.generation}; }
[[nodiscard]] constexpr SocketId id_of(Handle handle) { return {handle.index, handle.generation}; }

// Addresses and marks from the IP header the packet begins with; ports are left at 0. In place,
// for a copy of fresh small writes stalls the processor.
void describe(const Packet& packet, DatagramInfo& info);

// Copies what lies from `offset` on into the parts; sets size and is_truncated.
void copy_payload(const Packet& packet, std::size_t offset, std::span<const MutableBytes> parts,
                  DatagramInfo& info);

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
