// SPDX-License-Identifier: Apache-2.0
// DatagramSocket: what UDP, echo and raw sockets have in common: errors, readiness, options.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "strata/packet.h"
#include "strata/readiness.h"
#include "strata/socket_types.h"
#include "strata/stack.h"

namespace strata {

// A handle: moving it moves the socket, destroying it closes the socket. The stack must outlive it.
// Calls never block: what cannot be done now answers kWouldBlock, and on_ready() tells when to try
// again. After close(), or through a handle that was moved from, every call answers kInvalidHandle.
class DatagramSocket {
 public:
  void close();
  [[nodiscard]] SocketId id() const { return id_; }

  // ── Errors ────────────────────────────────────────────────────────────────────────────────
  // ICMP errors in full, with the option receive_errors; kWouldBlock when there are none.
  Result<SocketError> receive_error();
  // The error of a connected socket, which is told once, here or by the next send or receive.
  Result<std::optional<Error>> take_error();

  // What came in, without a copy.
  struct Received {
    PacketPtr packet;
    DatagramInfo info;
  };

  // ── Readiness ─────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] Result<Readiness> readiness() const;
  // Called after a flush, whenever there is news; null takes it away.
  Result<void> on_ready(ReadyCallback callback);

  // ── Options ───────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] Result<SocketOptions> options() const;
  Result<void> set_bound_interface(InterfaceId interface);       // kNoInterface: any
  Result<void> set_hop_limit(std::optional<std::uint8_t> hops);  // none: the stack's; not 0
  Result<void> set_traffic_class(std::uint8_t traffic_class);
  Result<void> set_fragment_policy(FragmentPolicy policy);
  Result<void> set_multicast_interface(InterfaceId interface);
  Result<void> set_multicast_hop_limit(std::uint8_t hops);
  Result<void> set_multicast_loop(bool on);
  Result<void> set_receive_errors(bool on);
  // Counted by the buffers that waiting packets hold, at least 2048.
  Result<void> set_receive_buffer(std::size_t bytes_max);
  [[nodiscard]] Result<std::size_t> receive_buffer() const;

 protected:
  enum class Kind : std::uint8_t { kUdp, kEcho, kRaw };

  DatagramSocket(Stack& stack, Kind kind, SocketId id)
      : core_(&stack.core()), id_(id), kind_(kind) {}
  DatagramSocket(DatagramSocket&& other) noexcept;
  DatagramSocket& operator=(DatagramSocket&& other) noexcept;
  ~DatagramSocket();

  stack::Core* core_;
  SocketId id_;

 private:
  struct Parts;
  [[nodiscard]] std::optional<Parts> parts() const;
  template <typename Act>
  Result<void> change(Act act);

  Kind kind_;
};

}  // namespace strata
