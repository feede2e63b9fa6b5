// SPDX-License-Identifier: Apache-2.0
// What TCP's handles share: how they name what is theirs, and where a connection may begin.
#pragma once

#include "socket/native/datagram.h"
#include "stack/core.h"
#include "strata/tcp_stream.h"

namespace strata::native {

// Runs `act` on the engine that the handle's stack has; a handle that was moved from has none.
template <typename Act>
auto with_tcp(stack::Core* core, SocketId id, Act act) -> decltype(act(*core->tcp, handle_of(id))) {
  if (core == nullptr) return std::unexpected(Error::kInvalidHandle);
  return act(*core->tcp, handle_of(id));
}

// A stream may begin at an address of this host only (RFC 9293 3.9.2), or at none in particular.
[[nodiscard]] bool may_begin_at(const stack::Core& core, const Endpoint& local);
// Its end may be at such an address, or wait there for the day when it is one.
[[nodiscard]] bool may_bind_to(const stack::Core& core, const Endpoint& local,
                               const TcpSocketOptions& options);

[[nodiscard]] inline Handle handle_of(const TcpBinding* binding) {
  return binding == nullptr ? Handle{} : handle_of(binding->id());
}

}  // namespace strata::native
