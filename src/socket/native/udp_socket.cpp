// SPDX-License-Identifier: Apache-2.0
#include "strata/udp_socket.h"

#include <utility>

#include "socket/native/datagram.h"
#include "stack/out/send_ip.h"
#include "stack/out/send_udp.h"
#include "strata/wire/udp.h"

namespace strata {
namespace {

using native::handle_of;
using native::with;

udp::Socket* find(stack::Core* core, SocketId id) {
  return core == nullptr ? nullptr : core->udp.find(handle_of(id));
}

std::size_t payload_offset(const Packet& packet) {
  return packet.notes().transport_offset + wire::UdpLayout::kSize;
}

void describe(const Packet& packet, DatagramInfo& info) {
  native::describe(packet, info);
  const Bytes header = packet.bytes().subspan(packet.notes().transport_offset);
  info.source.port = wire::UdpLayout::SourcePort::get(header);
  info.destination.port = wire::UdpLayout::DestinationPort::get(header);
}

// The error that receiving answers with at once: a pending one, or that nothing is there.
std::optional<Error> reason_not_to_receive(udp::Socket* socket) {
  if (socket == nullptr) return Error::kInvalidHandle;
  auto pending = socket->errors.take_pending();
  if (!pending && socket->queue.empty()) return Error::kWouldBlock;
  return pending;
}

// RFC 1122 4.1.3.5: a program may only speak from an address of this host, or listen to a group.
bool may_bind(const stack::Core& core, const Endpoint& local) {
  const IpAddress& address = local.address;
  if (address.is_unspecified() || address.is_multicast() || address.is_loopback()) return true;
  if (address.is_limited_broadcast()) return true;
  const ip::LocalAddress* ours = core.local.find(address, local.zone);
  return ours != nullptr && !ours->is_tentative;
}

IpAddress any_of(AddressFamily family) {
  return family == AddressFamily::kIpv4 ? IpAddress::any_v4() : IpAddress::any_v6();
}

}  // namespace

Result<UdpSocket> UdpSocket::open(Stack& stack, AddressFamily family) {
  const auto handle = stack.core().udp.open(family);
  if (!handle) return std::unexpected(handle.error());
  return UdpSocket(stack, native::id_of(*handle));
}

Result<void> UdpSocket::bind(const Endpoint& local) {
  return with(find(core_, id_), [&](udp::Socket& socket) -> Result<void> {
    const bool is_ours = may_bind(*core_, local);
    if (!is_ours && !socket.options.free_bind) return std::unexpected(Error::kAddressNotAvailable);
    if (!native::is_interface_or_none(*core_, local.zone)) {
      return std::unexpected(Error::kNoDevice);
    }
    Endpoint chosen = local;
    if (chosen.address.is_unspecified()) chosen.address = any_of(socket.family);
    const auto bound = core_->udp.bind(socket, chosen);
    if (bound) socket.waits_for_address = !is_ours;
    return bound;
  });
}

Result<void> UdpSocket::connect(const Endpoint& remote) {
  return with(find(core_, id_), [&](udp::Socket& socket) -> Result<void> {
    if (!socket.speaks(remote.address)) return std::unexpected(Error::kInvalidArgument);
    const IpAddress bound = socket.bound_address.value_or(socket.local.address);
    IpAddress source = bound;
    if (source.is_unspecified() || source.is_multicast()) {
      const auto chosen = stack::source_towards(*core_, remote, socket.options.bound_interface);
      if (!chosen) return std::unexpected(chosen.error());
      source = *chosen;
    } else if (!stack::may_send_from(*core_, socket)) {
      return std::unexpected(Error::kInvalidArgument);
    }
    if (!socket.is_bound()) {
      const auto done = core_->udp.bind(socket, {any_of(socket.family), 0}, remote);
      if (!done) return done;
    }
    return core_->udp.connect(socket, remote, source);
  });
}

Result<void> UdpSocket::disconnect() {
  return with(find(core_, id_), [&](udp::Socket& socket) -> Result<void> {
    if (!socket.is_connected()) return std::unexpected(Error::kNotConnected);
    return core_->udp.disconnect(socket);
  });
}

Result<Endpoint> UdpSocket::local() const {
  return with(find(core_, id_),
              [](const udp::Socket& socket) -> Result<Endpoint> { return socket.local; });
}

Result<Endpoint> UdpSocket::remote() const {
  return with(find(core_, id_), [](const udp::Socket& socket) -> Result<Endpoint> {
    if (!socket.is_connected()) return std::unexpected(Error::kNotConnected);
    return socket.remote;
  });
}

Result<std::size_t> UdpSocket::send(Bytes datagram, Time now) {
  return send({&datagram, 1}, {}, now);
}

Result<std::size_t> UdpSocket::send_to(Bytes datagram, const Endpoint& destination, Time now) {
  return send({&datagram, 1}, {.destination = destination}, now);
}

Result<std::size_t> UdpSocket::send(std::span<const Bytes> parts, const SendChoices& choices,
                                    Time now) {
  return with(find(core_, id_), [&](udp::Socket& socket) {
    return stack::send_udp(*core_, socket, parts, choices, now);
  });
}

Result<std::size_t> UdpSocket::send_batch(std::span<const OutgoingDatagram> datagrams, Time now) {
  return native::for_each_in_batch(
      datagrams, [&](const OutgoingDatagram& next) { return send(next.parts, next.choices, now); });
}

Result<DatagramInfo> UdpSocket::receive(MutableBytes buffer) {
  return receive(std::span<const MutableBytes>(&buffer, 1));
}

// Results are made where the caller will find them: one named object, returned on every path.
Result<DatagramInfo> UdpSocket::receive(std::span<const MutableBytes> parts) {
  Result<DatagramInfo> info(std::in_place);
  udp::Socket* socket = find(core_, id_);
  if (const auto why = reason_not_to_receive(socket)) {
    info = std::unexpected(*why);
  } else {
    const PacketPtr packet = socket->queue.pop();
    describe(*packet, *info);
    native::copy_payload(*packet, payload_offset(*packet), parts, *info);
  }
  return info;
}

Result<DatagramInfo> UdpSocket::peek(MutableBytes buffer) {
  Result<DatagramInfo> info(std::in_place);
  udp::Socket* socket = find(core_, id_);
  if (const auto why = reason_not_to_receive(socket)) {
    info = std::unexpected(*why);
  } else {
    const Packet& packet = *socket->queue.front();
    describe(packet, *info);
    native::copy_payload(packet, payload_offset(packet), {&buffer, 1}, *info);
  }
  return info;
}

Result<std::size_t> UdpSocket::receive_batch(std::span<IncomingDatagram> datagrams) {
  return native::for_each_in_batch(datagrams, [&](IncomingDatagram& next) {
    const auto one = receive(next.buffer);
    if (one) next.info = *one;
    return one;
  });
}

Result<UdpSocket::Received> UdpSocket::receive_packet() {
  Result<Received> received(std::in_place);
  udp::Socket* socket = find(core_, id_);
  if (const auto why = reason_not_to_receive(socket)) {
    received = std::unexpected(*why);
  } else {
    received->packet = socket->queue.pop();
    Packet& packet = *received->packet;
    describe(packet, received->info);
    packet.skip(payload_offset(packet));
    received->info.size = packet.size();
  }
  return received;
}

}  // namespace strata
