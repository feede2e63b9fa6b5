// SPDX-License-Identifier: Apache-2.0
// RFC 791, RFC 1122 3.2.1, RFC 1812 5.2.
#include "ip/forwarding.h"
#include "ip/options.h"
#include "stack/forward.h"
#include "stack/in/deliver.h"
#include "stack/in/receive_ip.h"
#include "stack/out/send_icmp.h"
#include "strata/wire/ipv4.h"

namespace strata::stack {
namespace {

DropReason ipv4_drop_reason_of(wire::ParseError error) {
  switch (error) {
    case wire::ParseError::kTooShort: return DropReason::kIpv4TooShort;
    case wire::ParseError::kBadVersion: return DropReason::kIpv4BadVersion;
    default: return DropReason::kIpv4BadLength;
  }
}

// Classes A to C without networks 0 and 127: what nearly every packet carries. One look then
// stands for all the questions below.
bool is_ordinary_unicast(const IpAddress& address) {
  const std::uint32_t network = address.v4_value() >> 24U;
  return network - 1 < 126 || network - 128 < 96;
}

// RFC 1122 3.2.1.3, RFC 1812 5.3.7: who can never have sent a packet. 0.0.0.0 asks for an
// address (RFC 2131 4.1) and may speak to all only.
DropReason check_source(const Core& core, const Interface& interface, const Packet& packet,
                        const IpAddress& source, const IpAddress& destination) {
  if (packet.notes().is_looped_back) return DropReason::kNone;
  const bool is_ordinary = is_ordinary_unicast(source);
  if (!is_ordinary && source.is_unspecified()) {
    const bool is_to_all = destination.is_limited_broadcast() || destination.is_multicast();
    return is_to_all ? DropReason::kNone : DropReason::kIpv4BadSource;
  }
  if (!is_ordinary && ip::is_martian_source(source)) return DropReason::kIpv4BadSource;
  const ip::LocalAddress* ours = core.local.find(source, interface.id);
  if (ours == nullptr || ours->is_tentative) return DropReason::kNone;
  // RFC 1812 5.3.8: what we send ourselves does not come in from a link.
  return ours->kind == ip::LocalKind::kUnicast ? DropReason::kMartianOnLink
                                               : DropReason::kIpv4BadSource;
}

// A tentative address is not ours yet: packets for it are nobody's business but ARP's.
DropReason check_destination(const Core& core, const Packet& packet, Arrival& arrival) {
  const IpAddress& destination = arrival.destination;
  const bool is_ordinary = is_ordinary_unicast(destination);
  arrival.ours = core.local.find(destination, arrival.interface->id);
  if (!is_ordinary && destination.is_multicast()) {
    arrival.kind = DestinationKind::kMulticast;
    return DropReason::kNone;
  }
  if ((arrival.ours != nullptr && arrival.ours->kind == ip::LocalKind::kDirectedBroadcast) ||
      (!is_ordinary && destination.is_limited_broadcast())) {
    arrival.kind = DestinationKind::kBroadcast;
    return DropReason::kNone;
  }
  arrival.kind = DestinationKind::kUnicast;
  if (!is_ordinary && !packet.notes().is_looped_back && ip::is_martian_destination(destination)) {
    return DropReason::kIpv4BadDestination;
  }
  // RFC 1122 3.3.6: a unicast packet in a broadcast frame is somebody's mistake or attack.
  return packet.notes().is_link_multicast ? DropReason::kIpv4BadDestination : DropReason::kNone;
}

// RFC 791 3.1: our address as it is known where the packet goes. What ends here was sent to it.
IpAddress recorded_address(Core& core, const Arrival& arrival) {
  const bool is_ours = arrival.kind == DestinationKind::kUnicast && arrival.ours != nullptr;
  if (is_ours) return arrival.destination;
  const Interface* known_by = arrival.interface;
  if (!arrival.is_to_group()) {
    const ip::Route* route = core.route_cache.lookup(arrival.destination);
    const Interface* out = route == nullptr ? nullptr : core.interface(route->interface);
    if (out != nullptr) known_by = out;
  }
  const ip::InterfaceAddress* primary = known_by->addresses->primary_v4();
  return primary == nullptr ? IpAddress::any_v4() : primary->address;
}

bool process_options(Core& core, PacketPtr& packet, Arrival& arrival, Time now) {
  if (!packet->is_writable()) {
    PacketPtr own = copy_of(core, *packet);
    if (own == nullptr) return drop(core, std::move(packet), DropReason::kPoolEmpty), false;
    packet = std::move(own);
  }
  const bool is_for_us = arrival.is_to_group() || arrival.ours != nullptr;
  const auto outcome = ip::process_ipv4_options(
      packet->mutable_bytes().first(arrival.header_length),
      {.role = is_for_us ? ip::OptionRole::kDestination : ip::OptionRole::kForwarder,
       .own_address = recorded_address(core, arrival),
       .milliseconds_today = static_cast<std::uint32_t>(
           std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() %
           86'400'000)});
  arrival.router_alert = outcome.router_alert;
  if (outcome.drop == DropReason::kNone) return true;
  if (outcome.problem) {
    send_icmp_error(core, *packet, arrival,
                    {.kind = icmp::ErrorKind::kParameterProblem,
                     .problem_code = outcome.problem->code,
                     .pointer = outcome.problem->pointer},
                    now);
  } else if (outcome.source_route_failed) {
    send_icmp_error(core, *packet, arrival, {.kind = icmp::ErrorKind::kSourceRouteFailed}, now);
  }
  drop(core, std::move(packet), outcome.drop);
  return false;
}

}  // namespace

DropReason check_ipv4(Core& core, Interface& interface, Packet& packet, Arrival& arrival) {
  const auto view = wire::Ipv4View::parse_quoted(packet.bytes());
  if (!view) return ipv4_drop_reason_of(view.error());
  if (view->total_length() > packet.size()) return DropReason::kIpv4BadLength;
  if (!view->checksum_is_valid()) return DropReason::kIpv4BadChecksum;
  arrival.interface = &interface;
  arrival.source = view->source();
  arrival.destination = view->destination();
  arrival.protocol = view->protocol();
  arrival.hop_limit = view->time_to_live();
  arrival.traffic_class = view->traffic_class();
  arrival.header_length = static_cast<std::uint16_t>(view->header_length());
  arrival.is_v4_fragment = view->is_fragment();
  arrival.is_later_fragment = view->fragment_offset() != 0;
  if (const DropReason why =
          check_source(core, interface, packet, arrival.source, arrival.destination);
      why != DropReason::kNone) {
    return why;
  }
  if (const DropReason why = check_destination(core, packet, arrival); why != DropReason::kNone) {
    return why;
  }
  packet.truncate(view->total_length());  // what Ethernet padded
  return DropReason::kNone;
}

void receive_ipv4(Core& core, PacketPtr packet, Arrival& arrival, Time now) {
  if (arrival.header_length > wire::Ipv4Layout::kSize &&
      !process_options(core, packet, arrival, now)) {
    return;
  }
  if (arrival.kind == DestinationKind::kUnicast) {
    if (arrival.ours == nullptr) {
      if (arrival.interface->is_loopback() && arrival.destination.is_loopback()) {
        return deliver(core, std::move(packet), arrival, now);
      }
      return forward(core, std::move(packet), arrival, now);
    }
    if (arrival.ours->is_tentative)
      return drop(core, std::move(packet), DropReason::kAddressTentative);
  } else if (arrival.kind == DestinationKind::kMulticast &&
             !arrival.interface->groups->is_member(arrival.destination)) {
    return drop(core, std::move(packet), DropReason::kMulticastNotJoined);
  }
  deliver(core, std::move(packet), arrival, now);
}

}  // namespace strata::stack
