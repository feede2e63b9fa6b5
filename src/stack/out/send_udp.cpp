// SPDX-License-Identifier: Apache-2.0
#include "stack/out/send_udp.h"

#include <algorithm>

#include "stack/out/gather.h"
#include "stack/out/send_frame.h"
#include "stack/out/send_ip.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/udp.h"

namespace strata::stack {
namespace {

constexpr std::size_t kPayloadMax = 65535 - wire::UdpLayout::kSize;

DepartureQuery query_for(const udp::Socket& socket, const SendChoices& choices,
                         const Endpoint& remote) {
  const SocketOptions& options = socket.options;
  DepartureQuery query{.destination = remote.address,
                       .source = choices.source.value_or(socket.local.address),
                       .interface = choices.interface,
                       .protocol = wire::kIpProtocolUdp,
                       .traffic_class = choices.traffic_class.value_or(options.traffic_class),
                       .fragment_policy = options.fragment_policy,
                       .loops_groups = options.multicast_loop};
  if (query.source.is_multicast()) query.source = {};  // a socket bound to a group
  if (query.interface == kNoInterface) query.interface = remote.zone;
  if (query.interface == kNoInterface) query.interface = options.bound_interface;
  if (query.interface == kNoInterface) query.interface = socket.local.zone;
  const bool is_group = remote.address.is_multicast();
  if (is_group && query.interface == kNoInterface) query.interface = options.multicast_interface;
  query.hop_limit = choices.hop_limit.value_or(is_group ? options.multicast_hop_limit
                                                        : options.hop_limit.value_or(0));
  return query;
}

// Points to where the destination stands, for a copy would have to wait for it to be written.
Result<const Endpoint*> destination_of(const udp::Socket& socket, const SendChoices& choices) {
  if (!choices.destination && !socket.is_connected()) return std::unexpected(Error::kNotConnected);
  const Endpoint& remote = choices.destination ? *choices.destination : socket.remote;
  if (remote.port == 0) return std::unexpected(Error::kInvalidArgument);
  if (!socket.speaks(remote.address)) return std::unexpected(Error::kInvalidArgument);
  return &remote;
}

Result<void> may_send(Core& core, const udp::Socket& socket, const Departure& departure) {
  // RFC 1122 4.1.3.4: a program must not broadcast by accident.
  if (departure.kind == Departure::Kind::kBroadcast && !socket.options.broadcast) {
    return std::unexpected(Error::kNotPermitted);
  }
  Interface& port = departure.interface->port();
  const std::size_t queued =
      departure.kind == Departure::Kind::kLocal ? core.loopback.size() : port.transmit_queue.size();
  if (queued < core.config.transmit_queue_max) return {};
  port.was_full = true;
  core.note_queued(port);
  core.somebody_waits_for_room = true;
  return std::unexpected(Error::kWouldBlock);
}

// The longest datagrams leave a buffer no room but for the UDP header; send_ip then puts the IP
// header into a slice of its own.
constexpr std::size_t headroom_for(std::size_t payload) {
  return std::min(kHeadroom, kLargeBufferBytes - payload);
}
static_assert(headroom_for(kPayloadMax) >= wire::UdpLayout::kSize);

Result<std::size_t> send_one(Core& core, const udp::Socket& socket, Gather& payload,
                             std::size_t size, std::uint16_t port, const Departure& departure,
                             Time now) {
  PacketPtr packet = core.pool.allocate_for(size, headroom_for(size));
  if (packet == nullptr) {
    core.drops.add(DropReason::kPoolEmpty);
    return std::unexpected(Error::kOutOfMemory);
  }
  const wire::Sum payload_sum = payload.copy_and_sum_to(packet->append(size));
  wire::UdpHeader header{.source_port = socket.local.port,
                         .destination_port = port,
                         .length = static_cast<std::uint16_t>(size + wire::UdpLayout::kSize),
                         .checksum = 0};
  if (!(socket.options.without_checksum && departure.is_v4())) {
    header.checksum = fold_for_udp(payload_sum + sum_of(header) +
                                   wire::pseudo_header_sum(departure.source, departure.destination,
                                                           wire::kIpProtocolUdp, header.length));
  }
  write(header, packet->prepend<wire::UdpLayout::kSize>());
  packet->notes().checksum = ChecksumState::kVerified;
  const auto sent = send_ip(core, std::move(packet), departure, now);
  if (!sent) return std::unexpected(sent.error());
  ++core.counters.udp_sent;
  return size;
}

Result<Departure> way_towards(Core& core, const Endpoint& remote, InterfaceId interface) {
  return depart(core, {.destination = remote.address,
                       .interface = interface != kNoInterface ? interface : remote.zone,
                       .protocol = wire::kIpProtocolUdp});
}

}  // namespace

Result<IpAddress> source_towards(Core& core, const Endpoint& remote, InterfaceId interface) {
  const auto departure = way_towards(core, remote, interface);
  if (!departure) return std::unexpected(departure.error());
  return departure->source;
}

void confirm_way_towards(Core& core, const Endpoint& remote, InterfaceId interface, Time now) {
  const auto departure = way_towards(core, remote, interface);
  if (departure) confirm_next_hop(*departure->interface, departure->next_hop, now);
}

bool may_send_from(const Core& core, const udp::Socket& socket) {
  return !socket.waits_for_address || core.local.is_local(socket.local.address);
}

Result<std::size_t> send_udp(Core& core, udp::Socket& socket, std::span<const Bytes> parts,
                             const SendChoices& choices, Time now) {
  if (const auto pending = socket.errors.take_pending()) return std::unexpected(*pending);
  const auto remote = destination_of(socket, choices);
  if (!remote) return std::unexpected(remote.error());
  Gather payload(parts);
  const std::size_t total = payload.left();
  const std::size_t segment = choices.segment_size == 0 ? total : choices.segment_size;
  if (std::min(segment, total) > kPayloadMax) return std::unexpected(Error::kMessageTooLong);
  const auto departure = depart(core, query_for(socket, choices, **remote));
  if (!departure) return std::unexpected(departure.error());
  if (choices.source && !core.local.is_local(*choices.source)) {
    return std::unexpected(Error::kAddressNotAvailable);
  }
  if (!choices.source && !may_send_from(core, socket)) {
    return std::unexpected(Error::kInvalidArgument);
  }
  if (!socket.is_bound()) {
    const IpAddress any =
        socket.family == AddressFamily::kIpv4 ? IpAddress::any_v4() : IpAddress::any_v6();
    if (const auto bound = core.udp.bind(socket, {any, 0}, **remote); !bound) {
      return std::unexpected(bound.error());
    }
  }
  if (const auto allowed = may_send(core, socket, *departure); !allowed) {
    return std::unexpected(allowed.error());
  }
  std::size_t sent = 0;
  do {
    const std::size_t size = std::min(segment, total - sent);
    const auto one = send_one(core, socket, payload, size, (*remote)->port, *departure, now);
    if (!one) return sent == 0 ? one : Result<std::size_t>(sent);
    sent += size;
  } while (sent < total);
  return sent;
}

}  // namespace strata::stack
