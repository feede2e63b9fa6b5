// SPDX-License-Identifier: Apache-2.0
#include "strata/icmp_socket.h"

#include <utility>

#include "socket/native/datagram.h"
#include "stack/out/send_ip.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/ip_protocol.h"

namespace strata {
namespace {

using native::handle_of;
using native::with;

constexpr std::size_t kPayloadMax = 65535 - wire::Icmpv4EchoLayout::kSize;

icmp::EchoSocket* find(stack::Core* core, SocketId id) {
  return core == nullptr ? nullptr : core->echo.find(handle_of(id));
}

bool speaks(const icmp::EchoSocket& socket, const IpAddress& address) {
  return (socket.family == AddressFamily::kIpv4) == address.is_v4();
}

stack::DepartureQuery query_for(const icmp::EchoSocket& socket, const Endpoint& remote,
                                const SendChoices& choices) {
  const SocketOptions& options = socket.options;
  const bool is_group = remote.address.is_multicast();
  stack::DepartureQuery query{
      .destination = remote.address,
      .source = choices.source.value_or(socket.local.address),
      .interface = choices.interface != kNoInterface ? choices.interface : remote.zone,
      .protocol = remote.address.is_v4() ? wire::kIpProtocolIcmpv4 : wire::kIpProtocolIcmpv6,
      .traffic_class = choices.traffic_class.value_or(options.traffic_class),
      .fragment_policy = options.fragment_policy,
      .loops_groups = options.multicast_loop};
  if (query.interface == kNoInterface) query.interface = options.bound_interface;
  if (query.interface == kNoInterface && is_group) query.interface = options.multicast_interface;
  query.hop_limit = choices.hop_limit.value_or(is_group ? options.multicast_hop_limit
                                                        : options.hop_limit.value_or(0));
  return query;
}

// Both families lay an echo request out alike; only the type differs.
void write_request(Packet& packet, const icmp::EchoSocket& socket, std::uint16_t sequence) {
  const auto out = packet.prepend<wire::Icmpv4EchoLayout::kSize>();
  write(wire::Icmpv4EchoHeader{.identifier = socket.local.port, .sequence_number = sequence}, out);
  if (socket.family == AddressFamily::kIpv6) {
    wire::Icmpv6Layout::Type::set(out, static_cast<std::uint8_t>(wire::Icmpv6Type::kEchoRequest));
  }
}

}  // namespace

Result<IcmpSocket> IcmpSocket::open(Stack& stack, AddressFamily family) {
  const auto handle = stack.core().echo.open(family);
  if (!handle) return std::unexpected(handle.error());
  return IcmpSocket(stack, native::id_of(*handle));
}

Result<void> IcmpSocket::bind(const IpAddress& local, std::uint16_t identifier) {
  return with(find(core_, id_), [&](icmp::EchoSocket& socket) -> Result<void> {
    if (!local.is_unspecified() && (!speaks(socket, local) || !core_->local.is_local(local))) {
      return std::unexpected(Error::kAddressNotAvailable);
    }
    return core_->echo.bind(socket, local, identifier);
  });
}

Result<void> IcmpSocket::connect(const IpAddress& remote) {
  return with(find(core_, id_), [&](icmp::EchoSocket& socket) -> Result<void> {
    if (!speaks(socket, remote)) return std::unexpected(Error::kInvalidArgument);
    socket.remote = {remote, 0};
    return {};
  });
}

Result<std::uint16_t> IcmpSocket::identifier() const {
  return with(find(core_, id_), [](const icmp::EchoSocket& socket) -> Result<std::uint16_t> {
    if (socket.local.port == 0) return std::unexpected(Error::kNotConnected);
    return socket.local.port;
  });
}

Result<std::size_t> IcmpSocket::send_echo(Bytes payload, std::uint16_t sequence_number,
                                          const SendChoices& choices, Time now) {
  return send_echo(std::span<const Bytes>(&payload, 1), sequence_number, choices, now);
}

Result<std::size_t> IcmpSocket::send_echo(std::span<const Bytes> parts,
                                          std::uint16_t sequence_number, const SendChoices& choices,
                                          Time now) {
  return with(find(core_, id_), [&](icmp::EchoSocket& socket) -> Result<std::size_t> {
    if (const auto pending = socket.errors.take_pending()) return std::unexpected(*pending);
    const Endpoint remote = choices.destination.value_or(socket.remote);
    if (remote.address.is_unspecified()) return std::unexpected(Error::kNotConnected);
    if (!speaks(socket, remote.address)) return std::unexpected(Error::kInvalidArgument);
    if (socket.local.port == 0) {
      if (const auto bound = core_->echo.bind(socket, {}, 0); !bound) {
        return std::unexpected(bound.error());
      }
    }
    const auto departure = stack::depart(*core_, query_for(socket, remote, choices));
    if (!departure) return std::unexpected(departure.error());
    stack::Gather payload(parts);
    const std::size_t size = payload.left();
    if (size > kPayloadMax) return std::unexpected(Error::kMessageTooLong);
    PacketPtr packet = native::packet_of(core_->pool, payload);
    if (packet == nullptr) return std::unexpected(Error::kOutOfMemory);
    write_request(*packet, socket, sequence_number);
    stack::finish_icmp_checksum(*packet, *departure);
    ++core_->counters.icmp_sent;
    const auto sent = stack::send_ip(*core_, std::move(packet), *departure, now);
    if (!sent) return std::unexpected(sent.error());
    return size;
  });
}

Result<std::size_t> IcmpSocket::send_batch(std::span<const OutgoingEcho> requests, Time now) {
  return native::for_each_in_batch(requests, [&](const OutgoingEcho& next) {
    return send_echo(next.parts, next.sequence_number, next.choices, now);
  });
}

Result<EchoReply> IcmpSocket::receive(MutableBytes buffer) {
  return receive(std::span<const MutableBytes>(&buffer, 1));
}

Result<EchoReply> IcmpSocket::receive(std::span<const MutableBytes> parts) {
  return with(find(core_, id_), [&](icmp::EchoSocket& socket) -> Result<EchoReply> {
    if (const auto pending = socket.errors.take_pending()) return std::unexpected(*pending);
    const PacketPtr packet = socket.queue.pop();
    if (packet == nullptr) return std::unexpected(Error::kWouldBlock);
    const std::size_t message = packet->notes().transport_offset;
    const Bytes header = packet->bytes().subspan(message);
    EchoReply reply{.identifier = wire::Icmpv4EchoLayout::Identifier::get(header),
                    .sequence_number = wire::Icmpv4EchoLayout::SequenceNumber::get(header)};
    native::describe(*packet, reply.info);
    native::copy_payload(*packet, message + wire::Icmpv4EchoLayout::kSize, parts, reply.info);
    return reply;
  });
}

Result<std::size_t> IcmpSocket::receive_batch(std::span<IncomingEcho> replies) {
  return native::for_each_in_batch(replies, [&](IncomingEcho& next) {
    const auto one = receive(next.buffer);
    if (one) next.reply = *one;
    return one;
  });
}

Result<IcmpSocket::Received> IcmpSocket::receive_packet() {
  return with(find(core_, id_), [&](icmp::EchoSocket& socket) -> Result<Received> {
    if (const auto pending = socket.errors.take_pending()) return std::unexpected(*pending);
    Received received{.packet = socket.queue.pop(), .info = {}};
    if (received.packet == nullptr) return std::unexpected(Error::kWouldBlock);
    native::describe(*received.packet, received.info);
    received.info.size = received.packet->size() - received.packet->notes().transport_offset;
    return received;
  });
}

}  // namespace strata
