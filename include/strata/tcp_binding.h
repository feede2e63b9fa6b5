// SPDX-License-Identifier: Apache-2.0
// TcpBinding: a local address and port, held until a stream or a listener takes them over.
#pragma once

#include "strata/socket_types.h"
#include "strata/stack.h"
#include "strata/tcp_config.h"

namespace strata {

// A handle, for programs that bind first and decide later, as those written to BSD sockets do;
// others name the local end when they connect or listen. The stack must outlive it.
class TcpBinding {
 public:
  // Port 0 asks for an ephemeral one. kAddressNotAvailable when the address is not ours.
  [[nodiscard]] static Result<TcpBinding> bind(Stack& stack, const Endpoint& local,
                                               const TcpSocketOptions& options = {});
  TcpBinding(TcpBinding&& other) noexcept;
  TcpBinding& operator=(TcpBinding&& other) noexcept;
  ~TcpBinding();

  [[nodiscard]] Result<Endpoint> local() const;
  void release();
  // What was moved from or released is of no stack.
  [[nodiscard]] bool is_of(Stack& stack) const;
  [[nodiscard]] SocketId id() const { return id_; }

 private:
  TcpBinding(stack::Core& core, SocketId id) : core_(&core), id_(id) {}

  stack::Core* core_;
  SocketId id_;
};

}  // namespace strata
