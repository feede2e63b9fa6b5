// SPDX-License-Identifier: Apache-2.0
#include "stack/in/deliver.h"

#include <algorithm>

#include "stack/in/receive_ip.h"
#include "stack/out/send_icmp.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"

namespace strata::stack {
namespace {

// `last` is the fragment that brought it about.
void take_outcome(Core& core, ip::Reassembly::Outcome outcome, const PacketKey& last,
                  const Arrival& arrival, Time now) {
  // Earlier fragments went to make room, or with their datagram for the reason it was given up.
  const bool made_room = outcome.drop == DropReason::kNone;
  core.drops.add(made_room ? DropReason::kFragmentBudget : outcome.drop, outcome.shed);
  if (outcome.refused != nullptr && outcome.problem) {
    send_icmp_error(core, *outcome.refused, arrival,
                    {.kind = icmp::ErrorKind::kParameterProblem,
                     .problem_code = outcome.problem->code,
                     .pointer = outcome.problem->pointer},
                    now);
  }
  if (outcome.drop != DropReason::kNone) count_drop(core, last, outcome.drop);
  if (outcome.whole == nullptr) return;
  ++core.counters.reassembled;
  // What becomes of the whole is what became of the fragment that completed it.
  const PacketKey key = key_of(*outcome.whole);
  if (!core.drop_watchers.empty() && key != last) core.drop_watchers.tell_copy(last, key);
  // The rebuilt header is read like any other, so that nothing downstream knows the difference.
  const bool is_v4 = arrival.is_v4();
  Arrival whole;
  const DropReason why = is_v4 ? check_ipv4(core, *arrival.interface, *outcome.whole, whole)
                               : check_ipv6(core, *arrival.interface, *outcome.whole, whole);
  if (why != DropReason::kNone) return drop(core, std::move(outcome.whole), why);
  PacketPtr packet = std::move(outcome.whole);
  if (core.whole_steerer != nullptr) packet = core.whole_steerer->on_whole(std::move(packet));
  if (packet == nullptr) return;
  if (is_v4) {
    deliver(core, std::move(packet), whole, now);
  } else {
    receive_ipv6(core, std::move(packet), whole, now);
  }
}

void deliver_fragment_v4(Core& core, PacketPtr packet, const Arrival& arrival, Time now) {
  ++core.counters.fragments_received;
  const auto view = wire::Ipv4View::parse_quoted(packet->bytes());
  STRATA_CHECK(view.has_value());
  const PacketKey key = key_of(*packet);
  ip::Fragment fragment{.source = arrival.source,
                        .destination = arrival.destination,
                        .identification = view->identification(),
                        .protocol = arrival.protocol,
                        .offset = view->fragment_offset(),
                        .more = view->more_fragments(),
                        .ecn = static_cast<std::uint8_t>(arrival.traffic_class & 3U),
                        .header_length = arrival.header_length,
                        .interface = arrival.interface->id,
                        .packet = std::move(packet)};
  take_outcome(core, core.reassembly.on_fragment(std::move(fragment), now), key, arrival, now);
}

void deliver_to_handler(Core& core, PacketPtr packet, const Arrival& arrival, bool is_heard,
                        Time now) {
  for (const ProtocolEntry& entry : core.protocols) {
    if (entry.protocol != arrival.protocol) continue;
    return entry.handler->on_packet(std::move(packet), arrival.source, arrival.destination, now);
  }
  if (is_heard) return;
  // RFC 1122 3.2.2.1 and RFC 4443 3.4: nobody speaks this protocol.
  send_icmp_error(core, *packet, arrival,
                  {.kind = icmp::ErrorKind::kProtocolUnreachable, .pointer = arrival.protocol_at},
                  now);
  drop(core, std::move(packet),
       arrival.is_v4() ? DropReason::kUnknownProtocol : DropReason::kIpv6UnknownNextHeader);
}

}  // namespace

bool gather_front(Core& core, PacketPtr& packet, std::size_t size, DropReason too_short) {
  if (packet->size() < size) return drop(core, std::move(packet), too_short), false;
  if (packet->pull(size)) return true;
  PacketPtr own = copy_of(core, *packet);
  if (own == nullptr) return drop(core, std::move(packet), DropReason::kPoolEmpty), false;
  packet = std::move(own);
  return true;
}

void deliver(Core& core, PacketPtr packet, const Arrival& arrival, Time now) {
  if (arrival.is_v4_fragment) {
    return deliver_fragment_v4(core, std::move(packet), arrival, now);
  }
  ++(arrival.is_v4() ? core.counters.ipv4_delivered : core.counters.ipv6_delivered);
  packet->notes().network_offset = 0;
  packet->notes().transport_offset = arrival.header_length;
  const bool is_heard = deliver_raw(core, *packet, arrival);
  switch (arrival.protocol) {
    case wire::kIpProtocolTcp: return deliver_tcp(core, std::move(packet), arrival, now);
    case wire::kIpProtocolUdp: return deliver_udp(core, std::move(packet), arrival, now);
    case wire::kIpProtocolIcmpv4:
      if (!arrival.is_v4()) break;
      return deliver_icmpv4(core, std::move(packet), arrival, now);
    case wire::kIpProtocolIcmpv6:
      if (arrival.is_v4()) break;
      return deliver_icmpv6(core, std::move(packet), arrival, now);
    case wire::kIpProtocolIgmp:
      if (!arrival.is_v4()) break;
      return deliver_igmp(core, std::move(packet), arrival, now);
    default: break;
  }
  deliver_to_handler(core, std::move(packet), arrival, is_heard, now);
}

void deliver_fragment_v6(Core& core, PacketPtr packet, const Arrival& arrival,
                         const ip::Ipv6FragmentPlace& place, Time now) {
  ++core.counters.fragments_received;
  const PacketKey key = key_of(*packet);
  ip::Fragment fragment{.source = arrival.source,
                        .destination = arrival.destination,
                        .identification = place.header.identification,
                        .protocol = place.header.next_header,
                        .offset = place.header.fragment_offset,
                        .more = place.header.more_fragments,
                        .ecn = static_cast<std::uint8_t>(arrival.traffic_class & 3U),
                        .header_length = static_cast<std::uint16_t>(place.payload_at()),
                        .next_header_at = static_cast<std::uint16_t>(place.next_header_at),
                        .interface = arrival.interface->id,
                        .packet = std::move(packet)};
  take_outcome(core, core.reassembly.on_fragment(std::move(fragment), now), key, arrival, now);
}

}  // namespace strata::stack
