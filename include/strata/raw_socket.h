// SPDX-License-Identifier: Apache-2.0
// RawSocket: whole packets of one IP protocol. PacketSocket: whole frames.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "strata/datagram_socket.h"

namespace strata {

// Gets a copy of every packet of its protocol delivered to this stack, IP header and all, whether
// or not somebody else speaks the protocol.
class RawSocket final : public DatagramSocket {
 public:
  [[nodiscard]] static Result<RawSocket> open(Stack& stack, AddressFamily family,
                                              std::uint8_t protocol);

  // Takes packets to this address only, and sends from it.
  Result<void> bind(const IpAddress& local);
  // Takes packets from this address only.
  Result<void> connect(const IpAddress& remote);

  // The bytes behind the IP header; with the option includes_header, the whole packet, of which
  // the stack fills in length, checksum, an identification of 0 and an unspecified source (IPv4).
  Result<std::size_t> send(Bytes packet, const SendChoices& choices, Time now);
  Result<std::size_t> send(std::span<const Bytes> parts, const SendChoices& choices, Time now);
  // Sends in order until one fails; answers how many went, or the first one's error.
  Result<std::size_t> send_batch(std::span<const OutgoingDatagram> packets, Time now);
  Result<DatagramInfo> receive(MutableBytes buffer);
  Result<DatagramInfo> receive(std::span<const MutableBytes> parts);
  // As many as there are and fit; answers how many.
  Result<std::size_t> receive_batch(std::span<IncomingDatagram> packets);
  // Without a copy: the packet begins with its IP header, notes().transport_offset is where the
  // protocol begins.
  Result<Received> receive_packet();
  Result<void> set_includes_header(bool on);

 private:
  RawSocket(Stack& stack, SocketId id) : DatagramSocket(stack, Kind::kRaw, id) {}
};

struct FrameInfo {
  InterfaceId interface = kNoInterface;
  std::size_t size = 0;
  bool is_truncated = false;
  Time arrival{};
};

struct OutgoingFrame {
  std::span<const Bytes> parts;
  InterfaceId interface = kNoInterface;
};

struct IncomingFrame {
  MutableBytes buffer;
  FrameInfo info{};
};

// Gets a copy of every frame of its ethertype (0: of all) on an interface (kNoInterface: on all),
// link header and all. Frames of devices without a link layer (TUN) begin with the IP header; their
// ethertype is that of the IP version. Closed when destroyed; the stack must outlive it.
class PacketSocket {
 public:
  [[nodiscard]] static Result<PacketSocket> open(Stack& stack, InterfaceId interface,
                                                 std::uint16_t ethertype);
  PacketSocket(PacketSocket&& other) noexcept;
  PacketSocket& operator=(PacketSocket&& other) noexcept;
  ~PacketSocket();
  void close();

  // Sends a frame as it is, link header included where the interface has one.
  Result<std::size_t> send(Bytes frame, InterfaceId interface, Time now);
  Result<std::size_t> send(std::span<const Bytes> parts, InterfaceId interface, Time now);
  // Sends in order until one fails; answers how many went, or the first one's error.
  Result<std::size_t> send_batch(std::span<const OutgoingFrame> frames, Time now);
  Result<FrameInfo> receive(MutableBytes buffer);
  Result<FrameInfo> receive(std::span<const MutableBytes> parts);
  // As many as there are and fit; answers how many.
  Result<std::size_t> receive_batch(std::span<IncomingFrame> frames);

  [[nodiscard]] Result<Readiness> readiness() const;
  Result<void> on_ready(ReadyCallback callback);
  // Frames for other stations, and our own on their way out.
  Result<void> set_hears_others(bool on);
  Result<void> set_receive_buffer(std::size_t bytes_max);

 private:
  PacketSocket(Stack& stack, SocketId id) : core_(&stack.core()), id_(id) {}
  stack::Core* core_;
  SocketId id_;
};

}  // namespace strata
