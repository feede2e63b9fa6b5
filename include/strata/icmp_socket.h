// SPDX-License-Identifier: Apache-2.0
// IcmpSocket: echo requests and the replies to them, as ping(8) needs.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "strata/datagram_socket.h"

namespace strata {

struct EchoReply {
  DatagramInfo info{};  // sizes count the echo payload
  std::uint16_t identifier = 0;
  std::uint16_t sequence_number = 0;
};

struct OutgoingEcho {
  std::span<const Bytes> parts;
  std::uint16_t sequence_number = 0;
  SendChoices choices{};
};

struct IncomingEcho {
  MutableBytes buffer;
  EchoReply reply{};
};

// Each socket has an identifier of its own; replies to it, and errors about its requests, are its.
class IcmpSocket final : public DatagramSocket {
 public:
  [[nodiscard]] static Result<IcmpSocket> open(Stack& stack, AddressFamily family);

  // Identifier 0 asks for a free one.
  Result<void> bind(const IpAddress& local, std::uint16_t identifier = 0);
  // Takes replies from this address only.
  Result<void> connect(const IpAddress& remote);
  [[nodiscard]] Result<std::uint16_t> identifier() const;

  Result<std::size_t> send_echo(Bytes payload, std::uint16_t sequence_number,
                                const SendChoices& choices, Time now);
  Result<std::size_t> send_echo(std::span<const Bytes> parts, std::uint16_t sequence_number,
                                const SendChoices& choices, Time now);
  // Sends in order until one fails; answers how many went, or the first one's error.
  Result<std::size_t> send_batch(std::span<const OutgoingEcho> requests, Time now);
  Result<EchoReply> receive(MutableBytes buffer);
  Result<EchoReply> receive(std::span<const MutableBytes> parts);
  // As many as there are and fit; answers how many.
  Result<std::size_t> receive_batch(std::span<IncomingEcho> replies);
  // The whole reply: the packet begins with its IP header, notes().transport_offset is where ICMP
  // begins, and the size counts from there.
  Result<Received> receive_packet();

 private:
  IcmpSocket(Stack& stack, SocketId id) : DatagramSocket(stack, Kind::kEcho, id) {}
};

}  // namespace strata
