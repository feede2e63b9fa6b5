// SPDX-License-Identifier: Apache-2.0
// SynProbes: TCP's first segments by hand, told apart by their source ports, for traceroute.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "strata/raw_socket.h"
#include "strata/stack.h"

namespace strata::service {

// The host asked answers with SYN,ACK or RST; the stack, which knows no such connection, resets
// what was half opened. Routers answer as to any packet.
class SynProbes {
 public:
  [[nodiscard]] static Result<SynProbes> open(Stack& stack, const Endpoint& destination,
                                              std::uint16_t first_port);

  Result<void> on_ready(ReadyCallback callback) { return socket_.on_ready(std::move(callback)); }
  Result<std::size_t> send(std::size_t index, std::uint8_t hop_limit, Time now);

  // Which probe the destination has answered; kWouldBlock when there is no answer more.
  struct Answer {
    std::size_t index = 0;
    bool is_open = false;  // SYN,ACK; else the port is closed
  };
  Result<Answer> receive(MutableBytes buffer);
  Result<SocketError> receive_error() { return socket_.receive_error(); }
  [[nodiscard]] std::size_t index_of(const SocketError& error) const {
    return error.source.port - std::size_t{first_port_};
  }

 private:
  SynProbes(RawSocket socket, const Endpoint& local, const Endpoint& remote)
      : socket_(std::move(socket)), local_(local), remote_(remote), first_port_(local.port) {}
  [[nodiscard]] std::optional<Answer> read_answer(Bytes packet) const;

  RawSocket socket_;
  Endpoint local_, remote_;
  std::uint16_t first_port_;
};

}  // namespace strata::service
