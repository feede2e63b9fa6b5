// SPDX-License-Identifier: Apache-2.0
// ICMP in: echo answered, errors told to the sockets they concern (RFC 1122 3.2.2, RFC 4443).
#include <algorithm>

#include "icmp/error_report.h"
#include "ip/redirects.h"
#include "stack/in/deliver.h"
#include "stack/in/socket_errors.h"
#include "stack/out/packet_sum.h"
#include "stack/out/send_icmp.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/mld.h"
#include "strata/wire/nd.h"

namespace strata::stack {
namespace {

// How much of an error message is looked at: its header and what it quotes.
constexpr std::size_t kErrorBytesRead = 8 + 60 + 8;
// RFC 4443 2.4 (c): a quoted IPv6 packet may bring extension headers.
constexpr std::size_t kErrorBytesReadV6 = 8 + 40 + 512 + 8;

bool is_intact(const Packet& packet, const Arrival& arrival) {
  if (packet.notes().checksum != ChecksumState::kUnknown) return true;
  wire::Sum sum = packet_sum(packet, arrival.header_length);
  if (!arrival.is_v4()) {
    const auto size = static_cast<std::uint32_t>(packet.size() - arrival.header_length);
    sum +=
        wire::pseudo_header_sum(arrival.source, arrival.destination, wire::kIpProtocolIcmpv6, size);
  }
  return is_valid(sum);
}

void deliver_echo_reply(Core& core, PacketPtr packet, const Arrival& arrival) {
  const Bytes message = packet->bytes().subspan(arrival.header_length);
  const std::uint16_t identifier = wire::Icmpv4EchoLayout::Identifier::get(message);
  icmp::EchoSocket* socket =
      core.echo.match(arrival.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6, identifier);
  if (socket == nullptr) return drop(core, std::move(packet), DropReason::kIcmpQuoteUnknown);
  const bool is_elsewhere =
      (!socket->remote.address.is_unspecified() && socket->remote.address != arrival.source) ||
      (!socket->local.address.is_unspecified() && socket->local.address != arrival.destination) ||
      (socket->options.bound_interface != kNoInterface &&
       socket->options.bound_interface != arrival.interface->id);
  if (is_elsewhere) {
    return drop(core, std::move(packet), DropReason::kIcmpQuoteUnknown);
  }
  const PacketKey key = key_of(*packet);
  if (!socket->queue.try_push(std::move(packet))) {
    return count_drop(core, key, DropReason::kRawQueueFull);
  }
  core.ready.add(socket->ready, {.readable = true});
}

void deliver_echo_request(Core& core, PacketPtr packet, const Arrival& arrival, Time now) {
  // RFC 1122 3.2.2.6: to a broadcast or IPv4 group it may be discarded, and is (smurf attacks);
  // RFC 4443 4.2 wants an IPv6 group's answered.
  if (arrival.is_to_group() && arrival.is_v4()) {
    return drop(core, std::move(packet), DropReason::kIcmpEchoToGroup);
  }
  send_echo_reply(core, std::move(packet), arrival, now);
}

DropReason on_report(Core& core, const std::optional<icmp::ErrorReport>& report,
                     const Arrival& arrival, Time now) {
  // RFC 5927: an error about a packet that did not come from us is noise or an attack.
  const bool is_known = report && tell_socket(core, *report, arrival, now);
  return is_known ? DropReason::kNone : DropReason::kIcmpQuoteUnknown;
}

DropReason on_redirect_v4(Core& core, const Packet& packet, const Arrival& arrival, Time now) {
  const auto view = wire::Icmpv4RedirectView::parse(packet.bytes().subspan(arrival.header_length));
  const auto quoted = view ? wire::Ipv4View::parse_quoted(view->quoted())
                           : std::unexpected(wire::ParseError::kTooShort);
  // RFC 5927 7 advises to look whether the packet can have been ours at all.
  const bool is_ours = quoted && core.local.is_local(quoted->source(), arrival.interface->id);
  if (!is_ours || !core.config.accept_redirects || core.config.forward_ipv4) {
    return DropReason::kRedirectRefused;
  }
  const ip::Route* route = core.routes.lookup(quoted->destination());
  bool is_on_link = false;
  for (const ip::InterfaceAddress& own : arrival.interface->addresses->all()) {
    is_on_link = is_on_link || own.prefix().contains(view->gateway());
  }
  return core.redirects.on_redirect(
      {.source = arrival.source,
       .destination = quoted->destination(),
       .target = view->gateway(),
       .interface = arrival.interface->id,
       .current_gateway = route == nullptr ? IpAddress{} : route->gateway,
       .current_interface = route == nullptr ? kNoInterface : route->interface,
       .target_is_on_link = is_on_link,
       .target_is_ours = core.local.is_local(view->gateway())},
      now);
}

// What was read to the end; kNone: and was of use.
void end(Core& core, PacketPtr packet, DropReason why) {
  if (why != DropReason::kNone) drop(core, std::move(packet), why);
}

}  // namespace

void deliver_icmpv4(Core& core, PacketPtr packet, const Arrival& arrival, Time now) {
  ++core.counters.icmp_received;
  if (!make_contiguous(core, packet, arrival.header_length + wire::Icmpv4Layout::kSize,
                       DropReason::kIcmpTooShort)) {
    return;
  }
  if (!is_intact(*packet, arrival))
    return drop(core, std::move(packet), DropReason::kIcmpBadChecksum);
  const auto type = static_cast<wire::Icmpv4Type>(
      wire::Icmpv4Layout::Type::get(packet->bytes().subspan(arrival.header_length)));
  switch (type) {
    case wire::Icmpv4Type::kEchoRequest:
      return deliver_echo_request(core, std::move(packet), arrival, now);
    case wire::Icmpv4Type::kEchoReply: return deliver_echo_reply(core, std::move(packet), arrival);
    case wire::Icmpv4Type::kRedirect: {
      const DropReason why = on_redirect_v4(core, *packet, arrival, now);
      return end(core, std::move(packet), why);
    }
    case wire::Icmpv4Type::kDestinationUnreachable:
    case wire::Icmpv4Type::kTimeExceeded:
    case wire::Icmpv4Type::kParameterProblem: break;
    default: return drop(core, std::move(packet), DropReason::kIcmpUnknownType);
  }
  const std::size_t wanted = std::min(packet->size(), arrival.header_length + kErrorBytesRead);
  if (!make_contiguous(core, packet, wanted, DropReason::kIcmpTooShort)) return;
  const auto error = wire::Icmpv4ErrorView::parse(packet->bytes().subspan(arrival.header_length));
  if (!error) return drop(core, std::move(packet), DropReason::kIcmpTooShort);
  const DropReason why = on_report(core, icmp::read_report(*error), arrival, now);
  end(core, std::move(packet), why);
}

void deliver_icmpv6(Core& core, PacketPtr packet, const Arrival& arrival, Time now) {
  ++core.counters.icmp_received;
  if (!make_contiguous(core, packet, arrival.header_length + wire::Icmpv6Layout::kSize,
                       DropReason::kIcmpTooShort)) {
    return;
  }
  if (!is_intact(*packet, arrival))
    return drop(core, std::move(packet), DropReason::kIcmpBadChecksum);
  const auto type = static_cast<wire::Icmpv6Type>(
      wire::Icmpv6Layout::Type::get(packet->bytes().subspan(arrival.header_length)));
  if (is_echo(type)) {
    if (!make_contiguous(core, packet, arrival.header_length + wire::Icmpv6EchoLayout::kSize,
                         DropReason::kIcmpTooShort)) {
      return;
    }
    return type == wire::Icmpv6Type::kEchoRequest
               ? deliver_echo_request(core, std::move(packet), arrival, now)
               : deliver_echo_reply(core, std::move(packet), arrival);
  }
  if (wire::is_neighbor_discovery(type)) return deliver_nd(core, std::move(packet), arrival, now);
  if (wire::is_mld(type)) return deliver_mld(core, std::move(packet), arrival, now);
  // RFC 4443 2.4 (b): an unknown informational message is discarded, an unknown error is not.
  if (!is_error(type)) return drop(core, std::move(packet), DropReason::kIcmpUnknownType);
  const std::size_t wanted = std::min(packet->size(), arrival.header_length + kErrorBytesReadV6);
  if (!make_contiguous(core, packet, wanted, DropReason::kIcmpTooShort)) return;
  const auto error = wire::Icmpv6ErrorView::parse(packet->bytes().subspan(arrival.header_length));
  if (!error) return drop(core, std::move(packet), DropReason::kIcmpTooShort);
  const DropReason why = on_report(core, icmp::read_report(*error), arrival, now);
  end(core, std::move(packet), why);
}

}  // namespace strata::stack
