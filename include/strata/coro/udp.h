// SPDX-License-Identifier: Apache-2.0
// UDP for coroutines.
#pragma once

#include <cstddef>

#include "strata/coro/socket.h"
#include "strata/udp_socket.h"

//   auto socket = coro::UdpSocket::bind(net, {IpAddress::any_v6(), 7});
//   while (auto got = co_await socket->receive(buffer)) {
//     co_await socket->send_to(Bytes(buffer).first(got->size), got->source);
//   }

namespace strata::coro {

class UdpSocket final : public Socket<strata::UdpSocket> {
 public:
  UdpSocket(strata::UdpSocket socket, Executor& executor) : Socket(std::move(socket), executor) {}
  // Port 0 asks for an ephemeral one; of the address's family, and IpAddress::any_v6() of both.
  [[nodiscard]] static Result<UdpSocket> bind(const Net& net, const Endpoint& local);
  [[nodiscard]] static Result<UdpSocket> connect(const Net& net, const Endpoint& remote);

  class [[nodiscard]] Receive final : public SocketOperation<DatagramInfo> {
   public:
    Receive(UdpSocket& socket, MutableBytes buffer, const Until& until)
        : SocketOperation(socket, Direction::kRead, until), socket_(socket), buffer_(buffer) {}

   private:
    bool attempt() override;
    UdpSocket& socket_;
    MutableBytes buffer_;
  };
  class [[nodiscard]] Send final : public SocketOperation<std::size_t> {
   public:
    Send(UdpSocket& socket, Bytes datagram, const Endpoint* destination, const Until& until)
        : SocketOperation(socket, Direction::kWrite, until),
          socket_(socket),
          datagram_(datagram),
          destination_(destination == nullptr ? Endpoint{} : *destination),
          has_destination_(destination != nullptr) {}

   private:
    bool attempt() override;
    UdpSocket& socket_;
    Bytes datagram_;
    Endpoint destination_;
    bool has_destination_;
  };

  Receive receive(MutableBytes buffer, const Until& until = {}) { return {*this, buffer, until}; }
  Send send_to(Bytes datagram, const Endpoint& destination, const Until& until = {}) {
    return {*this, datagram, &destination, until};
  }
  // To the connected peer.
  Send send(Bytes datagram, const Until& until = {}) { return {*this, datagram, nullptr, until}; }
  void close();
};

}  // namespace strata::coro
