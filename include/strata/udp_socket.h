// SPDX-License-Identifier: Apache-2.0
// UdpSocket: datagrams over IPv4 and IPv6.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "strata/readiness.h"
#include "strata/socket_types.h"
#include "strata/stack.h"

// Calls never block: what cannot be done now answers kWouldBlock, and on_ready() tells when to try
// again. A program that must wait for room sets a callback.
//
//   auto socket = UdpSocket::open(stack, AddressFamily::kIpv6);   // both families
//   socket->bind({IpAddress::any_v6(), 7});
//   socket->on_ready([&](Readiness) {
//     while (auto got = socket->receive(buffer)) {
//       socket->send_to(Bytes(buffer).first(got->size), got->source, now);
//     }
//   });

namespace strata {

enum class SourceFilterMode : std::uint8_t { kInclude, kExclude };

// A handle: moving it moves the socket, destroying it closes the socket. The stack must outlive it.
class UdpSocket {
 public:
  [[nodiscard]] static Result<UdpSocket> open(Stack& stack,
                                              AddressFamily family = AddressFamily::kIpv6);
  UdpSocket(UdpSocket&& other) noexcept;
  UdpSocket& operator=(UdpSocket&& other) noexcept;
  ~UdpSocket();
  void close();

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
  struct Received {
    PacketPtr packet;
    DatagramInfo info;
  };
  Result<Received> receive_packet();
  // ICMP errors in full, with the option receive_errors.
  Result<SocketError> receive_error();
  // The error of a connected socket, which it tells once.
  Result<std::optional<Error>> take_error();

  // ── Readiness ─────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] Result<Readiness> readiness() const;
  // Called after a flush, whenever there is news; null takes it away.
  Result<void> on_ready(ReadyCallback callback);

  // ── Groups ────────────────────────────────────────────────────────────────────────────────
  // kNoInterface: the one that routes lead to.
  Result<void> join_group(const IpAddress& group, InterfaceId interface, Time now);
  Result<void> leave_group(const IpAddress& group, InterfaceId interface, Time now);
  Result<void> join_source_group(const IpAddress& group, const IpAddress& source,
                                 InterfaceId interface, Time now);
  Result<void> leave_source_group(const IpAddress& group, const IpAddress& source,
                                  InterfaceId interface, Time now);
  Result<void> block_source(const IpAddress& group, const IpAddress& source,
                            InterfaceId interface, Time now);
  Result<void> unblock_source(const IpAddress& group, const IpAddress& source,
                              InterfaceId interface, Time now);
  Result<void> set_source_filter(const IpAddress& group, SourceFilterMode mode,
                                 std::span<const IpAddress> sources, InterfaceId interface,
                                 Time now);

  // ── Options ───────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] Result<SocketOptions> options() const;
  Result<void> set_reuse_address(bool on);           // before bind
  Result<void> set_reuse_port(bool on);              // before bind
  Result<void> set_v6_only(bool on);                 // before bind; IPv6 sockets
  Result<void> set_broadcast(bool on);
  Result<void> set_bound_interface(InterfaceId interface);  // kNoInterface: any
  Result<void> set_hop_limit(std::optional<std::uint8_t> hops);  // none: the stack's; not 0
  Result<void> set_traffic_class(std::uint8_t traffic_class);
  Result<void> set_fragment_policy(FragmentPolicy policy);
  Result<void> set_multicast_interface(InterfaceId interface);
  Result<void> set_multicast_hop_limit(std::uint8_t hops);
  Result<void> set_multicast_loop(bool on);
  Result<void> set_without_checksum(bool on);        // IPv4 sockets
  Result<void> set_accept_zero_checksum(bool on);    // IPv6 sockets
  Result<void> set_receive_errors(bool on);
  Result<void> set_receive_super_segments(bool on);
  Result<void> set_receive_buffer(std::size_t bytes_max);
  [[nodiscard]] Result<std::size_t> receive_buffer() const;
  // The largest datagram to the connected peer that will not be fragmented.
  [[nodiscard]] Result<std::size_t> path_mtu() const;

  [[nodiscard]] SocketId id() const { return id_; }

 private:
  UdpSocket(Stack& stack, SocketId id) : core_(&stack.core()), id_(id) {}
  stack::Core* core_;
  SocketId id_;
};

}  // namespace strata
