// SPDX-License-Identifier: Apache-2.0
#include "strata/icmp_socket.h"

#include <utility>

#include "socket/native/datagram.h"
#include "stack/send_ip.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/ip_protocol.h"

namespace strata {
namespace {

using native::handle_of;
using native::with;

icmp::EchoSocket* find(stack::Core* core, SocketId id) {
  return core == nullptr ? nullptr : core->echo.find(handle_of(id));
}

template <typename Act>
Result<void> set(stack::Core* core, SocketId id, Act act) {
  return with(find(core, id), [&](icmp::EchoSocket& socket) -> Result<void> {
    act(socket.options);
    return {};
  });
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
      .fragment_policy = options.fragment_policy};
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

IcmpSocket::IcmpSocket(IcmpSocket&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)), id_(other.id_) {}

IcmpSocket& IcmpSocket::operator=(IcmpSocket&& other) noexcept {
  if (this != &other) {
    close();
    core_ = std::exchange(other.core_, nullptr);
    id_ = other.id_;
  }
  return *this;
}

IcmpSocket::~IcmpSocket() { close(); }

void IcmpSocket::close() {
  icmp::EchoSocket* socket = find(core_, id_);
  if (socket == nullptr) return;
  core_->ready.remove(socket->ready);
  core_->echo.close(handle_of(id_));
  core_ = nullptr;
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
    if (payload.size() > 65535 - wire::Icmpv4EchoLayout::kSize) {
      return std::unexpected(Error::kMessageTooLong);
    }
    PacketPtr packet = core_->pool.allocate_for(payload.size());
    if (packet == nullptr) return std::unexpected(Error::kOutOfMemory);
    copy_bytes(payload, packet->append(payload.size()));
    write_request(*packet, socket, sequence_number);
    stack::finish_icmp_checksum(*packet, *departure);
    ++core_->counters.icmp_sent;
    const auto sent = stack::send_ip(*core_, std::move(packet), *departure, now);
    if (!sent) return std::unexpected(sent.error());
    return payload.size();
  });
}

Result<EchoReply> IcmpSocket::receive(MutableBytes buffer) {
  return with(find(core_, id_), [&](icmp::EchoSocket& socket) -> Result<EchoReply> {
    if (const auto pending = socket.errors.take_pending()) return std::unexpected(*pending);
    const PacketPtr packet = socket.queue.pop();
    if (packet == nullptr) return std::unexpected(Error::kWouldBlock);
    const std::size_t message = packet->notes().transport_offset;
    const Bytes header = packet->bytes().subspan(message);
    EchoReply reply{.info = native::info_of(*packet),
                    .identifier = wire::Icmpv4EchoLayout::Identifier::get(header),
                    .sequence_number = wire::Icmpv4EchoLayout::SequenceNumber::get(header)};
    native::copy_payload(*packet, message + wire::Icmpv4EchoLayout::kSize, {&buffer, 1},
                         reply.info);
    return reply;
  });
}

Result<SocketError> IcmpSocket::receive_error() {
  return with(find(core_, id_), [](icmp::EchoSocket& socket) -> Result<SocketError> {
    const auto kept = socket.errors.take_kept();
    if (!kept) return std::unexpected(Error::kWouldBlock);
    return *kept;
  });
}

Result<std::optional<Error>> IcmpSocket::take_error() {
  return with(find(core_, id_), [](icmp::EchoSocket& socket) -> Result<std::optional<Error>> {
    return socket.errors.take_pending();
  });
}

Result<Readiness> IcmpSocket::readiness() const {
  return with(find(core_, id_), [](const icmp::EchoSocket& socket) -> Result<Readiness> {
    return native::readiness_of(!socket.queue.empty(), !socket.errors.empty());
  });
}

Result<void> IcmpSocket::on_ready(ReadyCallback callback) {
  return with(find(core_, id_), [&](icmp::EchoSocket& socket) -> Result<void> {
    socket.ready.callback = std::move(callback);
    const Readiness now = native::readiness_of(!socket.queue.empty(), !socket.errors.empty());
    if (now.readable || now.error) core_->ready.add(socket.ready, now);
    return {};
  });
}

Result<SocketOptions> IcmpSocket::options() const {
  return with(find(core_, id_), [](const icmp::EchoSocket& socket) -> Result<SocketOptions> {
    return socket.options;
  });
}

Result<void> IcmpSocket::set_bound_interface(InterfaceId interface) {
  if (core_ == nullptr) return std::unexpected(Error::kInvalidHandle);
  if (const auto known = native::check_interface(*core_, interface); !known) return known;
  return set(core_, id_, [=](SocketOptions& options) { options.bound_interface = interface; });
}

Result<void> IcmpSocket::set_hop_limit(std::optional<std::uint8_t> hops) {
  if (const auto valid = native::check_hop_limit(hops); !valid) return valid;
  return set(core_, id_, [=](SocketOptions& options) { options.hop_limit = hops; });
}

Result<void> IcmpSocket::set_traffic_class(std::uint8_t traffic_class) {
  return set(core_, id_, [=](SocketOptions& options) { options.traffic_class = traffic_class; });
}

Result<void> IcmpSocket::set_fragment_policy(FragmentPolicy policy) {
  return set(core_, id_, [=](SocketOptions& options) { options.fragment_policy = policy; });
}

Result<void> IcmpSocket::set_multicast_interface(InterfaceId interface) {
  if (core_ == nullptr) return std::unexpected(Error::kInvalidHandle);
  if (const auto known = native::check_interface(*core_, interface); !known) return known;
  return set(core_, id_, [=](SocketOptions& options) { options.multicast_interface = interface; });
}

Result<void> IcmpSocket::set_multicast_hop_limit(std::uint8_t hops) {
  return set(core_, id_, [=](SocketOptions& options) { options.multicast_hop_limit = hops; });
}

Result<void> IcmpSocket::set_receive_errors(bool on) {
  return set(core_, id_, [=](SocketOptions& options) { options.receive_errors = on; });
}

Result<void> IcmpSocket::set_receive_buffer(std::size_t bytes_max) {
  if (bytes_max < native::kReceiveBufferMin || bytes_max > native::kReceiveBufferMax) {
    return std::unexpected(Error::kInvalidArgument);
  }
  return with(find(core_, id_), [=](icmp::EchoSocket& socket) -> Result<void> {
    socket.queue.set_buffer_bytes_max(bytes_max);
    return {};
  });
}

}  // namespace strata
