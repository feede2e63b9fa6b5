// SPDX-License-Identifier: Apache-2.0
#include "strata/raw_socket.h"

#include <array>
#include <utility>

#include "socket/native/datagram.h"
#include "stack/out/send_ip.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"

namespace strata {
namespace {

using native::handle_of;
using native::with;

stack::RawSocket* find(stack::Core* core, SocketId id) {
  return core == nullptr ? nullptr : core->raw.raw.find(handle_of(id));
}

bool speaks(const stack::RawSocket& socket, const IpAddress& address) {
  return (socket.family == AddressFamily::kIpv4) == address.is_v4();
}

stack::DepartureQuery query_for(const stack::RawSocket& socket, const Endpoint& remote,
                                const SendChoices& choices) {
  const SocketOptions& options = socket.options;
  const bool is_group = remote.address.is_multicast();
  stack::DepartureQuery query{
      .destination = remote.address,
      .source = choices.source.value_or(socket.local),
      .interface = choices.interface != kNoInterface ? choices.interface : remote.zone,
      .protocol = socket.protocol,
      .traffic_class = choices.traffic_class.value_or(options.traffic_class),
      .fragment_policy = options.fragment_policy,
      .loops_groups = options.multicast_loop};
  if (query.interface == kNoInterface) query.interface = options.bound_interface;
  if (query.interface == kNoInterface && is_group) query.interface = options.multicast_interface;
  query.hop_limit = choices.hop_limit.value_or(is_group ? options.multicast_hop_limit
                                                        : options.hop_limit.value_or(0));
  return query;
}

// What a program may leave to the stack in a header of its own: ip(7)'s IP_HDRINCL rules.
Result<void> complete_header(stack::Core& core, Packet& packet, const stack::Departure& departure) {
  const MutableBytes bytes = packet.mutable_bytes();
  if (departure.is_v4()) {
    if (!wire::Ipv4View::parse_quoted(bytes)) return std::unexpected(Error::kInvalidArgument);
    wire::Ipv4Layout::TotalLength::set(bytes, static_cast<std::uint16_t>(packet.size()));
    if (wire::Ipv4Layout::Source::get(bytes).is_unspecified()) {
      wire::Ipv4Layout::Source::set(bytes, departure.source);
    }
    if (wire::Ipv4Layout::Identification::get(bytes) == 0 &&
        wire::Ipv4Layout::DontFragment::get(bytes) == 0) {
      const std::uint32_t next =
          core.identifications.next(departure.source, departure.destination, departure.protocol);
      wire::Ipv4Layout::Identification::set(bytes, static_cast<std::uint16_t>(next));
    }
    const std::size_t header = std::size_t{wire::Ipv4Layout::HeaderWords::get(bytes)} * 4;
    wire::set_ipv4_checksum(bytes.first(header));
    return {};
  }
  if (!wire::Ipv6View::parse_quoted(bytes)) return std::unexpected(Error::kInvalidArgument);
  wire::Ipv6Layout::PayloadLength::set(
      bytes, static_cast<std::uint16_t>(packet.size() - wire::Ipv6Layout::kSize));
  return {};
}

// Parts may end anywhere, in the header as well.
std::optional<Endpoint> destination_in_header(stack::Gather packet) {
  std::array<std::byte, wire::Ipv4Layout::kSizeMax> room{};
  static_assert(room.size() >= wire::Ipv6Layout::kSize);
  const MutableBytes header = MutableBytes(room).first(std::min(packet.left(), room.size()));
  packet.copy_to(header);
  if (const auto v4 = wire::Ipv4View::parse_quoted(header)) return Endpoint{v4->destination()};
  if (const auto v6 = wire::Ipv6View::parse_quoted(header)) return Endpoint{v6->destination()};
  return std::nullopt;
}

Result<Endpoint> destination_of(const stack::RawSocket& socket, const SendChoices& choices,
                                const stack::Gather& bytes) {
  std::optional<Endpoint> remote = choices.destination;
  if (!remote && !socket.remote.is_unspecified()) remote = Endpoint{socket.remote};
  if (!remote && socket.includes_header) remote = destination_in_header(bytes);
  if (!remote) return std::unexpected(Error::kNotConnected);
  if (!speaks(socket, remote->address)) return std::unexpected(Error::kInvalidArgument);
  return *remote;
}

Result<void> send_with_header(stack::Core& core, PacketPtr packet,
                              const stack::Departure& departure, Time now) {
  if (const auto valid = complete_header(core, *packet, departure); !valid) return valid;
  return stack::send_ip_packet(core, std::move(packet), departure, now);
}

}  // namespace

Result<RawSocket> RawSocket::open(Stack& stack, AddressFamily family, std::uint8_t protocol) {
  const Handle handle = stack.core().raw.raw.try_create(family, protocol);
  if (!handle) return std::unexpected(Error::kOutOfMemory);
  return RawSocket(stack, native::id_of(handle));
}

Result<void> RawSocket::bind(const IpAddress& local) {
  return with(find(core_, id_), [&](stack::RawSocket& socket) -> Result<void> {
    if (!local.is_unspecified() &&
        (!speaks(socket, local) ||
         !(local.is_multicast() || local.is_loopback() || core_->local.is_local(local)))) {
      return std::unexpected(Error::kAddressNotAvailable);
    }
    socket.local = local;
    return {};
  });
}

Result<void> RawSocket::connect(const IpAddress& remote) {
  return with(find(core_, id_), [&](stack::RawSocket& socket) -> Result<void> {
    if (!speaks(socket, remote)) return std::unexpected(Error::kInvalidArgument);
    socket.remote = remote;
    return {};
  });
}

Result<std::size_t> RawSocket::send(Bytes packet, const SendChoices& choices, Time now) {
  return send(std::span<const Bytes>(&packet, 1), choices, now);
}

Result<std::size_t> RawSocket::send(std::span<const Bytes> parts, const SendChoices& choices,
                                    Time now) {
  return with(find(core_, id_), [&](stack::RawSocket& socket) -> Result<std::size_t> {
    if (const auto pending = socket.errors.take_pending()) return std::unexpected(*pending);
    stack::Gather bytes(parts);
    const std::size_t size = bytes.left();
    const auto remote = destination_of(socket, choices, bytes);
    if (!remote) return std::unexpected(remote.error());
    if (size > 65535) return std::unexpected(Error::kMessageTooLong);
    const auto departure = stack::depart(*core_, query_for(socket, *remote, choices));
    if (!departure) return std::unexpected(departure.error());
    PacketPtr packet = native::packet_of(core_->pool, bytes);
    if (packet == nullptr) return std::unexpected(Error::kOutOfMemory);
    // RFC 3542 3.1: ICMPv6 covers the source address, which the stack chooses.
    if (!socket.includes_header && socket.protocol == wire::kIpProtocolIcmpv6 &&
        !departure->is_v4() && size >= wire::Icmpv6Layout::kSize) {
      stack::finish_icmp_checksum(*packet, *departure);
    }
    const auto sent = socket.includes_header
                          ? send_with_header(*core_, std::move(packet), *departure, now)
                          : stack::send_ip(*core_, std::move(packet), *departure, now);
    if (!sent) return std::unexpected(sent.error());
    return size;
  });
}

Result<std::size_t> RawSocket::send_batch(std::span<const OutgoingDatagram> packets, Time now) {
  return native::for_each_in_batch(
      packets, [&](const OutgoingDatagram& next) { return send(next.parts, next.choices, now); });
}

Result<DatagramInfo> RawSocket::receive(MutableBytes buffer) {
  return receive(std::span<const MutableBytes>(&buffer, 1));
}

Result<DatagramInfo> RawSocket::receive(std::span<const MutableBytes> parts) {
  return with(find(core_, id_), [&](stack::RawSocket& socket) -> Result<DatagramInfo> {
    if (const auto pending = socket.errors.take_pending()) return std::unexpected(*pending);
    const PacketPtr packet = socket.queue.pop();
    if (packet == nullptr) return std::unexpected(Error::kWouldBlock);
    DatagramInfo info;
    native::describe(*packet, info);
    native::copy_payload(*packet, 0, parts, info);
    return info;
  });
}

Result<std::size_t> RawSocket::receive_batch(std::span<IncomingDatagram> packets) {
  return native::for_each_in_batch(packets, [&](IncomingDatagram& next) {
    const auto one = receive(next.buffer);
    if (one) next.info = *one;
    return one;
  });
}

Result<RawSocket::Received> RawSocket::receive_packet() {
  return with(find(core_, id_), [&](stack::RawSocket& socket) -> Result<Received> {
    if (const auto pending = socket.errors.take_pending()) return std::unexpected(*pending);
    Received received{.packet = socket.queue.pop(), .info = {}};
    if (received.packet == nullptr) return std::unexpected(Error::kWouldBlock);
    native::describe(*received.packet, received.info);
    received.info.size = received.packet->size();
    return received;
  });
}

Result<void> RawSocket::set_includes_header(bool on) {
  return with(find(core_, id_), [on](stack::RawSocket& socket) -> Result<void> {
    socket.includes_header = on;
    return {};
  });
}

}  // namespace strata
