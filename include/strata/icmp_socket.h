// SPDX-License-Identifier: Apache-2.0
// IcmpSocket: echo requests and the replies to them, as ping(8) needs.
#pragma once

#include <cstddef>
#include <optional>

#include "strata/readiness.h"
#include "strata/socket_types.h"
#include "strata/stack.h"

namespace strata {

struct EchoReply {
  DatagramInfo info;  // sizes count the echo payload
  std::uint16_t identifier = 0;
  std::uint16_t sequence_number = 0;
};

// Each socket has an identifier of its own; replies to it, and errors about its requests, are its.
// Closed when destroyed. The stack must outlive it.
class IcmpSocket {
 public:
  [[nodiscard]] static Result<IcmpSocket> open(Stack& stack, AddressFamily family);
  IcmpSocket(IcmpSocket&& other) noexcept;
  IcmpSocket& operator=(IcmpSocket&& other) noexcept;
  ~IcmpSocket();
  void close();

  // Identifier 0 asks for a free one.
  Result<void> bind(const IpAddress& local, std::uint16_t identifier = 0);
  // Takes replies from this address only.
  Result<void> connect(const IpAddress& remote);
  [[nodiscard]] Result<std::uint16_t> identifier() const;

  Result<std::size_t> send_echo(Bytes payload, std::uint16_t sequence_number,
                                const SendChoices& choices, Time now);
  Result<EchoReply> receive(MutableBytes buffer);
  Result<SocketError> receive_error();
  Result<std::optional<Error>> take_error();

  [[nodiscard]] Result<Readiness> readiness() const;
  Result<void> on_ready(ReadyCallback callback);

  [[nodiscard]] Result<SocketOptions> options() const;
  Result<void> set_bound_interface(InterfaceId interface);
  Result<void> set_hop_limit(std::optional<std::uint8_t> hops);
  Result<void> set_traffic_class(std::uint8_t traffic_class);
  Result<void> set_fragment_policy(FragmentPolicy policy);
  Result<void> set_multicast_interface(InterfaceId interface);
  Result<void> set_multicast_hop_limit(std::uint8_t hops);
  Result<void> set_receive_errors(bool on);
  Result<void> set_receive_buffer(std::size_t bytes_max);

  [[nodiscard]] SocketId id() const { return id_; }

 private:
  IcmpSocket(Stack& stack, SocketId id) : core_(&stack.core()), id_(id) {}
  stack::Core* core_;
  SocketId id_;
};

}  // namespace strata
