// SPDX-License-Identifier: Apache-2.0
// Options of UDP sockets: each setter acts, or says why not.
#include "socket/native/datagram.h"
#include "stack/out/send_ip.h"
#include "strata/udp_socket.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/udp.h"

namespace strata {
namespace {

using native::with;

udp::Socket* find(stack::Core* core, SocketId id) {
  return core == nullptr ? nullptr : core->udp.find(native::handle_of(id));
}

// For options that decide about the place a socket takes in the table.
template <typename Act>
Result<void> before_bind(stack::Core* core, SocketId id, Act act) {
  return with(find(core, id), [&](udp::Socket& socket) -> Result<void> {
    if (socket.is_bound()) return std::unexpected(Error::kInvalidArgument);
    return act(socket);
  });
}

template <typename Act>
Result<void> on_family(stack::Core* core, SocketId id, AddressFamily family, Act act) {
  return with(find(core, id), [&](udp::Socket& socket) -> Result<void> {
    if (socket.family != family) return std::unexpected(Error::kNotSupported);
    act(socket);
    return {};
  });
}

template <typename Act>
Result<void> always(stack::Core* core, SocketId id, Act act) {
  return with(find(core, id), [&](udp::Socket& socket) -> Result<void> {
    act(socket);
    return {};
  });
}

}  // namespace

Result<void> UdpSocket::set_reuse_address(bool on) {
  return before_bind(core_, id_, [on](udp::Socket& socket) -> Result<void> {
    socket.options.reuse_address = on;
    return {};
  });
}

Result<void> UdpSocket::set_reuse_port(bool on) {
  return before_bind(core_, id_, [on](udp::Socket& socket) -> Result<void> {
    socket.options.reuse_port = on;
    return {};
  });
}

Result<void> UdpSocket::set_v6_only(bool on) {
  return before_bind(core_, id_, [on](udp::Socket& socket) -> Result<void> {
    if (socket.family != AddressFamily::kIpv6) return std::unexpected(Error::kNotSupported);
    socket.options.v6_only = on;
    return {};
  });
}

Result<void> UdpSocket::set_free_bind(bool on) {
  return always(core_, id_, [on](udp::Socket& socket) { socket.options.free_bind = on; });
}

Result<void> UdpSocket::set_broadcast(bool on) {
  return always(core_, id_, [on](udp::Socket& socket) { socket.options.broadcast = on; });
}

Result<void> UdpSocket::set_without_checksum(bool on) {
  return on_family(core_, id_, AddressFamily::kIpv4,
                   [on](udp::Socket& socket) { socket.options.without_checksum = on; });
}

Result<void> UdpSocket::set_accept_zero_checksum(bool on) {
  return on_family(core_, id_, AddressFamily::kIpv6,
                   [on](udp::Socket& socket) { socket.options.accept_zero_checksum = on; });
}

Result<void> UdpSocket::set_receive_super_segments(bool on) {
  return always(core_, id_,
                [on](udp::Socket& socket) { socket.options.receive_super_segments = on; });
}

Result<std::size_t> UdpSocket::path_mtu() const {
  return with(find(core_, id_), [&](const udp::Socket& socket) -> Result<std::size_t> {
    if (!socket.is_connected()) return std::unexpected(Error::kNotConnected);
    const auto departure = stack::depart(
        *core_, {.destination = socket.remote.address,
                 .source = socket.local.address,
                 .interface = socket.remote.zone != kNoInterface ? socket.remote.zone
                                                                 : socket.options.bound_interface,
                 .protocol = wire::kIpProtocolUdp});
    if (!departure) return std::unexpected(departure.error());
    const std::size_t headers =
        wire::UdpLayout::kSize +
        (departure->is_v4() ? wire::Ipv4Layout::kSize : wire::Ipv6Layout::kSize);
    return departure->mtu - headers;
  });
}

}  // namespace strata
