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
[[nodiscard]] constexpr SocketId id_of(Handle handle) {
  return {handle.index, handle.generation};
}

// Addresses and marks from the IP header the packet begins with; ports are left at 0.
[[nodiscard]] DatagramInfo info_of(const Packet& packet);

// Copies what lies from `offset` on into the parts; sets size and is_truncated.
void copy_payload(const Packet& packet, std::size_t offset, std::span<const MutableBytes> parts,
                  DatagramInfo& info);

// Readiness of anything with a receive queue and errors. Writable: some room in the queues.
[[nodiscard]] Readiness readiness_of(bool has_packets, bool has_errors);

// An interface that exists, or none.
[[nodiscard]] Result<void> check_interface(const stack::Core& core, InterfaceId interface);

// A hop limit of 0 would never leave this host.
[[nodiscard]] Result<void> check_hop_limit(std::optional<std::uint8_t> hops);

inline constexpr std::size_t kReceiveBufferMin = 2048;
inline constexpr std::size_t kReceiveBufferMax = std::size_t{1} << 30U;

// Runs `act` on the socket that the handle names.
template <typename Socket, typename Act>
auto with(Socket* socket, Act act) -> decltype(act(*socket)) {
  if (socket == nullptr) return std::unexpected(Error::kInvalidHandle);
  return act(*socket);
}

}  // namespace strata::native
