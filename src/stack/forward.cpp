// SPDX-License-Identifier: Apache-2.0
#include "stack/forward.h"

#include <algorithm>
#include <array>

#include "ip/forwarding.h"
#include "stack/out/fit_device.h"
#include "stack/out/send_icmp.h"
#include "stack/out/send_ip.h"
#include "stack/run_hooks.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/tcp.h"
#include "strata/wire/udp.h"

namespace strata::stack {
namespace {

bool is_on_link(const Interface& interface, const IpAddress& address) {
  for (const ip::InterfaceAddress& own : interface.addresses->all()) {
    if (own.is_usable() && own.prefix().contains(address)) return true;
  }
  return false;
}

// What the next link must carry: of a merged packet, one of the segments it will be cut into. To
// the byte, for segments are as large as the path lets them be.
std::uint32_t size_on_link(const Packet& packet) {
  const PacketNotes& notes = packet.notes();
  const auto size = static_cast<std::uint32_t>(packet.size());
  if (notes.segment_kind == SegmentKind::kNone || notes.segment_size == 0) return size;
  std::uint32_t header = wire::UdpLayout::kSize;
  if (notes.segment_kind == SegmentKind::kTcp) {
    std::array<std::byte, wire::TcpLayout::kSize> tcp{};
    if (notes.transport_offset + tcp.size() > size) return size;
    packet.copy_out(notes.transport_offset, tcp);
    header = std::uint32_t{wire::TcpLayout::DataOffset::get(tcp)} * 4;
  }
  return std::min(size, notes.transport_offset + header + notes.segment_size);
}

icmp::ErrorContent content_of(const ip::ForwardDecision& decision) {
  switch (decision.error) {
    case ip::ForwardError::kTimeExceeded: return {.kind = icmp::ErrorKind::kHopLimitExceeded};
    case ip::ForwardError::kBeyondScope: return {.kind = icmp::ErrorKind::kBeyondScope};
    case ip::ForwardError::kPacketTooBig:
      return {.kind = icmp::ErrorKind::kPacketTooBig, .mtu = decision.mtu};
    case ip::ForwardError::kNoRoute:
    case ip::ForwardError::kNone: break;
  }
  return {.kind = icmp::ErrorKind::kNoRoute};
}

// RFC 1624: one byte changed, so the checksum is corrected and not computed anew; an error that
// was there before stays visible.
void lower_hop_limit(Packet& packet, bool is_v4) {
  const MutableBytes header = packet.mutable_bytes();
  if (!is_v4) {
    const std::uint8_t hops = wire::Ipv6Layout::HopLimit::get(header);
    return wire::Ipv6Layout::HopLimit::set(header, static_cast<std::uint8_t>(hops - 1));
  }
  using TtlAndProtocol = wire::Field<std::uint16_t, wire::Ipv4Layout::TimeToLive::kBegin>;
  const std::uint16_t before = TtlAndProtocol::get(header);
  const auto after = static_cast<std::uint16_t>(before - 0x0100);
  TtlAndProtocol::set(header, after);
  wire::Ipv4Layout::Checksum::set(
      header, wire::updated_checksum(wire::Ipv4Layout::Checksum::get(header), before, after));
}

bool may_fragment(const Packet& packet, bool is_v4) {
  return is_v4 && !wire::Ipv4View::parse_quoted(packet.bytes())->dont_fragment();
}

// What is too long for the next link, and was left for a device to finish or to cut: a fragment has
// only a part of what a checksum covers.
void send_finished(Core& core, PacketPtr packet, const Departure& departure, Time now) {
  PacketQueue finished;
  fit_to_device(core, DeviceCapabilities{}, std::move(packet), finished);
  while (PacketPtr each = finished.pop()) {
    (void)send_onto_link(core, std::move(each), departure, now);
  }
}

}  // namespace

void forward(Core& core, PacketPtr packet, const Arrival& arrival, Time now) {
  const bool is_v4 = arrival.is_v4();
  if (is_v4 ? !core.config.forward_ipv4 : !core.config.forward_ipv6) {
    return drop(core, std::move(packet), DropReason::kNotLocalAndNotForwarding);
  }
  const ip::Route* route = core.route_cache.lookup(arrival.destination);
  Interface* out = route == nullptr ? nullptr : core.interface(route->interface);
  // What is for this host was taken before: nobody else is behind the loopback interface.
  if (out != nullptr && out->is_loopback()) out = nullptr;
  const std::uint32_t mtu =
      out == nullptr ? 0
                     : std::min(static_cast<std::uint32_t>(out->mtu_for(arrival.destination)),
                                route->mtu.value_or(UINT32_MAX));
  const ip::ForwardDecision decision = ip::decide_forwarding(
      {.source = arrival.source,
       .destination = arrival.destination,
       .hop_limit = arrival.hop_limit,
       .arrived = arrival.interface->id,
       .is_link_multicast = packet->notes().is_link_multicast,
       .may_fragment = may_fragment(*packet, is_v4),
       .size = size_on_link(*packet),
       .route = out == nullptr ? nullptr : route,
       .mtu = mtu,
       .is_source_on_arrival_link = is_on_link(*arrival.interface, arrival.source)});
  if (!decision.may_forward()) {
    if (decision.error != ip::ForwardError::kNone) {
      send_icmp_error(core, *packet, arrival, content_of(decision), now);
    }
    return drop(core, std::move(packet), decision.drop);
  }
  const IpAddress next_hop = route->next_hop(arrival.destination);
  if (decision.redirect_to) send_redirect(core, *packet, arrival, *decision.redirect_to, now);
  packet = run_hooks(core, HookPoint::kForward, std::move(packet), now);
  if (packet == nullptr) return;
  if (!packet->is_writable()) {
    PacketPtr own = copy_of(core, *packet);
    if (own == nullptr) return drop(core, std::move(packet), DropReason::kPoolEmpty);
    packet = std::move(own);
  }
  lower_hop_limit(*packet, is_v4);
  packet->notes().is_link_multicast = false;
  packet->notes().network_offset = 0;
  ++(is_v4 ? core.counters.ipv4_forwarded : core.counters.ipv6_forwarded);
  const Departure departure{.interface = out,
                            .next_hop = next_hop,
                            .source = arrival.source,
                            .destination = arrival.destination,
                            .mtu = mtu,
                            .protocol = arrival.protocol};
  if (!fits_every_device(*packet) && size_on_link(*packet) > mtu) {
    return send_finished(core, std::move(packet), departure, now);
  }
  (void)send_onto_link(core, std::move(packet), departure, now);
}

}  // namespace strata::stack
