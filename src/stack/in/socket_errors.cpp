// SPDX-License-Identifier: Apache-2.0
#include "stack/in/socket_errors.h"

#include <algorithm>

#include "strata/wire/icmpv6.h"
#include "strata/wire/ip_protocol.h"

namespace strata::stack {
namespace {

SocketError socket_error(const icmp::ErrorReport& report, const IpAddress& offender, Time now) {
  SocketError error{.error = report.error,
                    .source = {report.source, report.source_port},
                    .destination = {report.destination, report.destination_port},
                    .offender = offender,
                    .icmp_type = report.type,
                    .icmp_code = report.code,
                    .is_hard = report.is_hard,
                    .path_mtu = report.mtu.value_or(0),
                    .when = now};
  const std::size_t count = std::min(report.quoted.size(), error.quoted.size());
  copy_bytes(report.quoted.first(count), MutableBytes(error.quoted).first(count));
  error.quoted_size = static_cast<std::uint8_t>(count);
  return error;
}

// RFC 1122 4.1.3.3: UDP passes errors up. A connected socket hears of them by itself; one that
// talks to many must ask, for only the kept error says whom it concerns.
template <typename Socket>
void tell(Core& core, Socket& socket, bool is_connected, const SocketError& error) {
  if (socket.options.receive_errors) socket.errors.keep(error);
  if (is_connected && error.error != Error::kMessageTooLong) {
    socket.errors.set_pending(error.error);
  }
  if (is_connected || socket.options.receive_errors) core.ready.add(socket.ready, {.error = true});
}

bool tell_udp(Core& core, const icmp::ErrorReport& report, InterfaceId interface,
              const SocketError& error) {
  udp::Socket* socket = core.udp.match({.local = {report.source, report.source_port},
                                        .remote = {report.destination, report.destination_port},
                                        .interface = interface});
  if (socket == nullptr) return false;
  tell(core, *socket, socket->is_connected(), error);
  return true;
}

tcp::Flow flow_of(const icmp::ErrorReport& report, InterfaceId interface) {
  const bool is_scoped = report.source.is_v6() &&
                         (report.source.is_link_local() || report.destination.is_link_local());
  return {.local_address = report.source,
          .remote_address = report.destination,
          .local_port = report.source_port,
          .remote_port = report.destination_port,
          .interface = is_scoped ? interface : kNoInterface};
}

// RFC 5927 4.1: TCP believes an error only about bytes that are in flight.
bool tell_tcp(Core& core, const icmp::ErrorReport& report, InterfaceId interface, Time now) {
  if (core.tcp == nullptr) return false;
  const DropReason why = core.tcp->on_icmp(flow_of(report, interface),
                                           {.error = report.error,
                                            .is_hard = report.is_hard,
                                            .sequence = tcp::SequenceNumber(report.tcp_sequence),
                                            .mtu = report.mtu,
                                            .quoted_size = report.quoted_size},
                                           now);
  return why == DropReason::kNone;
}

bool tell_echo(Core& core, const icmp::ErrorReport& report, const SocketError& error) {
  icmp::EchoSocket* socket = core.echo.match(
      report.source.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6, report.source_port);
  if (socket == nullptr) return false;
  tell(core, *socket, socket->remote.address == report.destination, error);
  return true;
}

bool tell_raw(Core& core, const icmp::ErrorReport& report, const SocketError& error) {
  bool is_heard = false;
  auto& sockets = core.raw.raw;
  for (Index i = sockets.next_used(0); i != kNoIndex; i = sockets.next_used(i + 1)) {
    RawSocket& socket = sockets[i];
    const bool same_family = (socket.family == AddressFamily::kIpv4) == report.source.is_v4();
    if (socket.protocol != report.protocol || !same_family) continue;
    is_heard = true;
    tell(core, socket, socket.remote == report.destination, error);
  }
  return is_heard;
}

bool tell_by_protocol(Core& core, const icmp::ErrorReport& report, InterfaceId interface,
                      const SocketError& error, Time now) {
  const bool raw = tell_raw(core, report, error);
  switch (report.protocol) {
    case wire::kIpProtocolTcp: return tell_tcp(core, report, interface, now) || raw;
    case wire::kIpProtocolUdp: return tell_udp(core, report, interface, error) || raw;
    case wire::kIpProtocolIcmpv4:
    case wire::kIpProtocolIcmpv6: return tell_echo(core, report, error) || raw;
    default: return raw;
  }
}

// Echo replies have no socket, and their way may be narrow all the same (RFC 8201 4). IPv4's may be
// cut by any router.
bool is_about_long_reply(const Core& core, const icmp::ErrorReport& report) {
  return report.mtu && report.protocol == wire::kIpProtocolIcmpv6 &&
         wire::Icmpv6Type{wire::Icmpv6Layout::Type::get(report.quoted)} ==
             wire::Icmpv6Type::kEchoReply &&
         core.long_replies.were_sent_to(report.destination);
}

}  // namespace

bool tell_socket(Core& core, const icmp::ErrorReport& report, const Arrival& arrival, Time now) {
  const InterfaceId interface = arrival.interface->id;
  // All of 127/8 is ours, though one address of it stands in the table.
  const bool is_own_loopback = arrival.interface->is_loopback() && report.source.is_loopback();
  if (!is_own_loopback && !core.local.is_local(report.source, interface)) return false;
  SocketError error = socket_error(report, arrival.source, now);
  error.hop_limit = arrival.hop_limit;
  if (!tell_by_protocol(core, report, interface, error, now) &&
      !is_about_long_reply(core, report)) {
    return false;
  }
  if (report.mtu) {
    (void)core.path_mtus.on_packet_too_big(
        {.destination = report.destination,
         .mtu = *report.mtu,
         .sent_size = report.quoted_size,
         .zone = report.destination.is_link_local() ? interface : kNoInterface},
        now);
  }
  return true;
}

void tell_of_silent_neighbor(Core& core, const Packet& packet, const Arrival& header, Search search,
                             Time now) {
  if (header.is_later_fragment || header.header_length + 8U > packet.size()) return;
  std::array<std::byte, SocketError::kQuotedMax> start{};
  const std::size_t count = std::min(start.size(), packet.size() - header.header_length);
  packet.copy_out(header.header_length, MutableBytes(start).first(count));
  icmp::ErrorReport report{.source = header.source,
                           .destination = header.destination,
                           .protocol = header.protocol,
                           .quoted = Bytes(start).first(count),
                           .error = Error::kHostUnreachable};
  const bool is_tcp = header.protocol == wire::kIpProtocolTcp;
  const bool has_ports = is_tcp || header.protocol == wire::kIpProtocolUdp;
  report.source_port = load_big_endian<std::uint16_t>(start.data() + (has_ports ? 0 : 4));
  report.destination_port = load_big_endian<std::uint16_t>(start.data() + (has_ports ? 2 : 6));
  if (is_tcp && core.tcp != nullptr) {
    const tcp::Flow flow = flow_of(report, header.interface->id);
    if (search == Search::kInVain) core.tcp->on_neighbor_silent(flow, now);
    if (search == Search::kRefused) core.tcp->on_unreachable(flow, Error::kHostUnreachable, now);
  }
  if (is_tcp) return;
  const SocketError told = socket_error(report, header.source, now);
  (void)tell_by_protocol(core, report, header.interface->id, told, now);
}

}  // namespace strata::stack
