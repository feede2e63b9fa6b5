// SPDX-License-Identifier: Apache-2.0
// UdpSocket: datagrams over IPv4 and IPv6.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "strata/datagram_socket.h"

//   auto socket = UdpSocket::open(stack, AddressFamily::kIpv6);   // both families
//   socket->bind({IpAddress::any_v6(), 7});
//   socket->on_ready([&](Readiness) {
//     while (auto got = socket->receive(buffer)) {
//       socket->send_to(Bytes(buffer).first(got->size), got->source, now);
//     }
//   });

namespace strata {

enum class SourceFilterMode : std::uint8_t { kInclude, kExclude };

class UdpSocket final : public DatagramSocket {
 public:
  [[nodiscard]] static Result<UdpSocket> open(Stack& stack,
                                              AddressFamily family = AddressFamily::kIpv6);

  // ── Addresses ─────────────────────────────────────────────────────────────────────────────
  // Port 0 asks for an ephemeral one. kAddressNotAvailable when the address is not ours.
  Result<void> bind(const Endpoint& local);
  Result<void> connect(const Endpoint& remote);
  Result<void> disconnect();
  [[nodiscard]] Result<Endpoint> local() const;
  [[nodiscard]] Result<Endpoint> remote() const;

  // ── Sending ───────────────────────────────────────────────────────────────────────────────
  Result<std::size_t> send(Bytes datagram, Time now);
  Result<std::size_t> send_to(Bytes datagram, const Endpoint& destination, Time now);
  Result<std::size_t> send(std::span<const Bytes> parts, const SendChoices& choices, Time now);
  // Sends in order until one fails; answers how many went, or the first one's error.
  Result<std::size_t> send_batch(std::span<const OutgoingDatagram> datagrams, Time now);

  // ── Receiving ─────────────────────────────────────────────────────────────────────────────
  Result<DatagramInfo> receive(MutableBytes buffer);
  Result<DatagramInfo> receive(std::span<const MutableBytes> parts);
  // The next datagram stays where it is.
  Result<DatagramInfo> peek(MutableBytes buffer);
  // As many as there are and fit; answers how many.
  Result<std::size_t> receive_batch(std::span<IncomingDatagram> datagrams);
  // Without a copy: the packet begins with the payload.
  Result<Received> receive_packet();

  // ── Groups ────────────────────────────────────────────────────────────────────────────────
  // kNoInterface: the one that routes lead to.
  Result<void> join_group(const IpAddress& group, InterfaceId interface, Time now);
  Result<void> leave_group(const IpAddress& group, InterfaceId interface, Time now);
  Result<void> join_source_group(const IpAddress& group, const IpAddress& source,
                                 InterfaceId interface, Time now);
  Result<void> leave_source_group(const IpAddress& group, const IpAddress& source,
                                  InterfaceId interface, Time now);
  Result<void> block_source(const IpAddress& group, const IpAddress& source, InterfaceId interface,
                            Time now);
  Result<void> unblock_source(const IpAddress& group, const IpAddress& source,
                              InterfaceId interface, Time now);
  Result<void> set_source_filter(const IpAddress& group, SourceFilterMode mode,
                                 std::span<const IpAddress> sources, InterfaceId interface,
                                 Time now);

  // ── Options ───────────────────────────────────────────────────────────────────────────────
  Result<void> set_reuse_address(bool on);  // before bind
  Result<void> set_reuse_port(bool on);     // before bind
  Result<void> set_v6_only(bool on);        // before bind; IPv6 sockets
  // Bind to addresses that this host may have one day; nothing is sent from them before.
  Result<void> set_free_bind(bool on);
  Result<void> set_broadcast(bool on);
  Result<void> set_without_checksum(bool on);      // IPv4 sockets
  Result<void> set_accept_zero_checksum(bool on);  // IPv6 sockets
  Result<void> set_receive_super_segments(bool on);
  // The largest datagram to the connected peer that will not be fragmented.
  [[nodiscard]] Result<std::size_t> path_mtu() const;

 private:
  UdpSocket(Stack& stack, SocketId id) : DatagramSocket(stack, Kind::kUdp, id) {}
};

}  // namespace strata
