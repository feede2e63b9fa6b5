// SPDX-License-Identifier: Apache-2.0
#include "stack/out/send_icmp.h"

#include <algorithm>

#include "stack/in/receive_ip.h"
#include "stack/out/packet_sum.h"
#include "stack/out/send_ip.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4_options.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/nd.h"
#include "strata/wire/udp.h"

namespace strata::stack {
namespace {

// RFC 4443 2.4 (e.1), RFC 1122 3.2.2: is the offender an ICMP error itself, or a redirect?
bool is_icmp_error(const Packet& offender, const Arrival& arrival) {
  const bool is_icmp = arrival.is_v4() ? arrival.protocol == wire::kIpProtocolIcmpv4
                                       : arrival.protocol == wire::kIpProtocolIcmpv6;
  if (!is_icmp) return false;
  if (arrival.header_length >= offender.size()) return true;
  std::byte type{};
  offender.copy_out(arrival.header_length, {&type, 1});
  if (arrival.is_v4()) return is_error(wire::Icmpv4Type{std::to_integer<std::uint8_t>(type)});
  const wire::Icmpv6Type type_v6{std::to_integer<std::uint8_t>(type)};
  return is_error(type_v6) || type_v6 == wire::Icmpv6Type::kRedirect;
}

icmp::Offense offense_of(const Packet& offender, const Arrival& arrival) {
  return {.source = arrival.source,
          .destination = arrival.destination,
          .protocol = arrival.protocol,
          .is_icmp_error = is_icmp_error(offender, arrival),
          .is_later_fragment = arrival.is_later_fragment,
          .is_link_multicast = offender.notes().is_link_multicast,
          .is_directed_broadcast = arrival.kind == DestinationKind::kBroadcast,
          .is_from_ourselves = arrival.interface->is_loopback()};
}

// A quote shows what was on the wire (RFC 792). A checksum that a device was to finish never got
// there as it stands.
void finish_quoted_checksum(const Packet& offender, MutableBytes quote) {
  const PacketNotes& notes = offender.notes();
  const std::size_t field = std::size_t{notes.transport_offset} + notes.checksum_offset;
  if (notes.checksum != ChecksumState::kPartial || field + 2 > quote.size()) return;
  const wire::Sum sum = packet_sum(offender, notes.transport_offset);
  const bool is_udp = notes.checksum_offset == wire::UdpLayout::Checksum::kBegin;
  store_big_endian<std::uint16_t>(quote.data() + field,
                                  is_udp ? wire::fold_for_udp(sum) : wire::fold(sum));
}

// Header words, then the quote. Both families' error headers are eight bytes.
PacketPtr compose_error(Core& core, const Packet& offender, const icmp::ErrorWords& words,
                        bool is_v4) {
  PacketPtr packet = core.pool.allocate();
  if (packet == nullptr) return nullptr;
  const std::size_t room = packet->tailroom() - wire::Icmpv4Layout::kSize;
  const std::size_t quoted = std::min(icmp::quote_size(is_v4, offender.size()), room);
  const MutableBytes message = packet->append(wire::Icmpv4Layout::kSize + quoted);
  wire::Icmpv4Layout::Type::set(message, words.type);
  wire::Icmpv4Layout::Code::set(message, words.code);
  wire::Icmpv4Layout::Checksum::set(message, 0);
  wire::Icmpv4Layout::Rest::set(message, words.rest);
  const MutableBytes quote = message.subspan(wire::Icmpv4Layout::kSize);
  offender.copy_out(0, quote);
  finish_quoted_checksum(offender, quote);
  return packet;
}

// RFC 1812 4.3.2.4: an error comes from the address the offender was sent to when that is ours,
// otherwise from the interface through which it leaves.
IpAddress error_source(const Core& core, const Arrival& arrival) {
  if (!arrival.is_to_group() && core.local.is_local(arrival.destination, arrival.interface->id)) {
    return arrival.destination;
  }
  return {};
}

// RFC 1812 4.3.2.5: errors of IPv4 have the precedence of internetwork control.
constexpr std::uint8_t kErrorTrafficClassV4 = 0xc0;

// RFC 1122 3.2.2.6: what recorded the way of a request goes back with the reply, and goes on
// recording.
wire::Ipv4OptionWriter recording_options(Bytes header) {
  wire::Ipv4OptionWriter recording;
  wire::Ipv4OptionReader reader(header.subspan(wire::Ipv4Layout::kSize));
  while (const auto option = reader.next()) {
    if (option->type == wire::kIpv4OptionRecordRoute ||
        option->type == wire::kIpv4OptionTimestamp) {
      STRATA_CHECK(recording.add(option->type, option->data));
    }
  }
  return recording;
}

// Why an answer could not leave.
DropReason drop_reason_of(Error error) {
  return error == Error::kAddressNotAvailable ? DropReason::kNoSourceAddress : DropReason::kNoRoute;
}

void send_message(Core& core, PacketPtr packet, const Arrival& arrival, const IpAddress& source,
                  std::uint8_t hop_limit, Time now) {
  const bool is_v4 = arrival.is_v4();
  DepartureQuery query{.destination = arrival.source,
                       .source = source,
                       .protocol = is_v4 ? wire::kIpProtocolIcmpv4 : wire::kIpProtocolIcmpv6};
  query.hop_limit = hop_limit;
  if (is_v4) query.traffic_class = kErrorTrafficClassV4;
  // A link-local peer can be reached only where it spoke.
  if (arrival.source.is_link_local()) query.interface = arrival.interface->id;
  const auto departure = depart(core, query);
  if (!departure) return core.drops.add(drop_reason_of(departure.error()));
  ++core.counters.icmp_sent;
  finish_icmp_checksum(*packet, *departure);
  (void)send_ip(core, std::move(packet), *departure, now);
}

}  // namespace

void send_icmp_error(Core& core, const Packet& offender, const Arrival& arrival,
                     const icmp::ErrorContent& content, Time now) {
  if (!may_answer(offense_of(offender, arrival), content)) return;
  if (!core.icmp_limit.allows(arrival.source, now)) {
    return core.drops.add(DropReason::kIcmpRateLimited);
  }
  const bool is_v4 = arrival.is_v4();
  const icmp::ErrorWords words = is_v4 ? words_v4(content) : words_v6(content);
  PacketPtr packet = compose_error(core, offender, words, is_v4);
  if (packet == nullptr) return core.drops.add(DropReason::kPoolEmpty);
  ++core.counters.icmp_errors_sent;
  send_message(core, std::move(packet), arrival, error_source(core, arrival), 0, now);
}

void send_icmp_error(Core& core, const Packet& offender, Interface& interface,
                     const icmp::ErrorContent& content, Time now) {
  const std::optional<Arrival> arrival = arrival_of(offender, interface);
  if (!arrival) return;
  send_icmp_error(core, offender, *arrival, content, now);
}

void send_echo_reply(Core& core, PacketPtr request, const Arrival& arrival, Time now) {
  const bool is_v4 = arrival.is_v4();
  // RFC 1122 3.2.2.6 and RFC 4443 4.2: from the address that was asked; a group has none.
  const bool names_us = !arrival.is_to_group() && !arrival.is_to_anycast();
  const IpAddress source = names_us ? arrival.destination : IpAddress{};
  DepartureQuery query{.destination = arrival.source,
                       .source = source,
                       .protocol = is_v4 ? wire::kIpProtocolIcmpv4 : wire::kIpProtocolIcmpv6};
  query.traffic_class = static_cast<std::uint8_t>(arrival.traffic_class & ~3U);
  if (arrival.source.is_link_local()) query.interface = arrival.interface->id;
  const auto departure = depart(core, query);
  if (!departure) return drop(core, std::move(request), drop_reason_of(departure.error()));
  if (!request->is_writable()) {
    PacketPtr own = request->copy(core.pool);
    if (own == nullptr) return drop(core, std::move(request), DropReason::kPoolEmpty);
    request = std::move(own);
  }
  const bool has_options = is_v4 && arrival.header_length > wire::Ipv4Layout::kSize;
  const wire::Ipv4OptionWriter options =
      has_options ? recording_options(request->bytes().first(arrival.header_length))
                  : wire::Ipv4OptionWriter{};
  request->trim_front(arrival.header_length);
  const MutableBytes message = request->mutable_bytes();
  const auto reply = is_v4 ? static_cast<std::uint8_t>(wire::Icmpv4Type::kEchoReply)
                           : static_cast<std::uint8_t>(wire::Icmpv6Type::kEchoReply);
  wire::Icmpv4Layout::Type::set(message, reply);
  request->notes() = PacketNotes{.interface = arrival.interface->id};
  finish_icmp_checksum(*request, *departure);
  ++core.counters.icmp_sent;
  ++core.counters.echo_replies_sent;
  if (!is_v4) core.long_replies.on_reply(arrival.source, request->size() + wire::Ipv6Layout::kSize);
  if (!options.bytes().empty()) {
    (void)send_with_options(core, std::move(request), *departure, options.bytes(), now);
    return;
  }
  (void)send_ip(core, std::move(request), *departure, now);
}

void send_redirect(Core& core, const Packet& offender, const Arrival& arrival,
                   const IpAddress& better_hop, Time now) {
  if (!may_answer(offense_of(offender, arrival), {.kind = icmp::ErrorKind::kNoRoute})) return;
  if (!core.icmp_limit.allows(arrival.source, now)) {
    return core.drops.add(DropReason::kIcmpRateLimited);
  }
  if (arrival.is_v4()) {
    const icmp::ErrorWords words{static_cast<std::uint8_t>(wire::Icmpv4Type::kRedirect),
                                 static_cast<std::uint8_t>(wire::Icmpv4RedirectCode::kHost),
                                 better_hop.v4_value()};
    PacketPtr packet = compose_error(core, offender, words, true);
    if (packet == nullptr) return core.drops.add(DropReason::kPoolEmpty);
    return send_message(core, std::move(packet), arrival, {}, 0, now);
  }
  PacketPtr packet = core.pool.allocate();
  if (packet == nullptr) return core.drops.add(DropReason::kPoolEmpty);
  const wire::NdRedirectHeader header{.target = better_hop, .destination = arrival.destination};
  write(header,
        packet->append(wire::NdRedirectLayout::kSize).first<wire::NdRedirectLayout::kSize>());
  // RFC 4861 4.5: the redirected packet as an option, within the minimum MTU.
  const std::size_t most = std::min<std::size_t>(1000, offender.slice_size());
  const MutableBytes option = packet->append((most / 8 + 1) * 8);
  packet->truncate(wire::NdRedirectLayout::kSize +
                   wire::write_redirected_header(offender.bytes().first(most), option));
  const ip::InterfaceAddress* link_local = arrival.interface->addresses->link_local_v6();
  if (link_local == nullptr) return;
  send_message(core, std::move(packet), arrival, link_local->address, 255, now);
}

}  // namespace strata::stack
