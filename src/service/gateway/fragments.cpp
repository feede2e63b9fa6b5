// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/fragments.h"

#include <utility>

#include "ip/ipv6_options.h"
#include "stack/core.h"
#include "stack/out/send_icmp.h"
#include "strata/packet_batch.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"

namespace strata::service {
namespace {

constexpr unsigned kEcnBits = 3;

ip::Fragment fragment_of(const wire::Ipv4View& view) {
  return {.source = view.source(),
          .destination = view.destination(),
          .identification = view.identification(),
          .protocol = view.protocol(),
          .offset = view.fragment_offset(),
          .more = view.more_fragments(),
          .ecn = static_cast<std::uint8_t>(view.traffic_class() & kEcnBits),
          .header_length = static_cast<std::uint16_t>(view.header_length())};
}

ip::Fragment fragment_of(const wire::Ipv6View& view, const ip::Ipv6FragmentPlace& place) {
  return {.source = view.source(),
          .destination = view.destination(),
          .identification = place.header.identification,
          .protocol = place.header.next_header,
          .offset = place.header.fragment_offset,
          .more = place.header.more_fragments,
          .ecn = static_cast<std::uint8_t>(view.traffic_class() & kEcnBits),
          .header_length = static_cast<std::uint16_t>(place.payload_at()),
          .next_header_at = static_cast<std::uint16_t>(place.next_header_at)};
}

// None when it is a whole packet, or of IPv6 with other headers before that of the fragment.
std::optional<ip::Fragment> read_fragment(Bytes bytes) {
  if (const auto view = wire::Ipv4View::parse_quoted(bytes)) {
    return view->is_fragment() ? std::optional(fragment_of(*view)) : std::nullopt;
  }
  const auto view = wire::Ipv6View::parse_quoted(bytes);
  if (!view || view->next_header() != wire::kIpProtocolFragment) return std::nullopt;
  const auto headers = ip::walk_ipv6_headers(bytes, ip::Ipv6HeaderScope::kDestination);
  if (headers.drop != DropReason::kNone || !headers.fragment) return std::nullopt;
  return fragment_of(*view, *headers.fragment);
}

}  // namespace

bool Fragments::take(Packet& packet) {
  auto fragment = read_fragment(packet.bytes());
  if (!fragment) return false;
  stack::Core& core = gateway_.stack().core();
  ++core.counters.fragments_received;
  fragment->interface = packet.notes().interface;
  fragment->packet = PacketPtr(&packet);
  const InterfaceId interface = fragment->interface;
  finish(core.reassembly.on_fragment(*std::move(fragment), gateway_.loop().now()), interface);
  return true;
}

void Fragments::finish(ip::Reassembly::Outcome outcome, InterfaceId interface) {
  stack::Core& core = gateway_.stack().core();
  const bool made_room = outcome.drop == DropReason::kNone;
  core.drops.add(made_room ? DropReason::kFragmentBudget : outcome.drop, outcome.shed);
  if (!made_room) core.drops.add(outcome.drop);
  if (outcome.refused != nullptr && outcome.problem) {
    send_icmp_error(core, *outcome.refused, *core.interface(interface),
                    {.kind = icmp::ErrorKind::kParameterProblem,
                     .problem_code = outcome.problem->code,
                     .pointer = outcome.problem->pointer},
                    gateway_.loop().now());
  }
  if (outcome.whole == nullptr) return;
  ++core.counters.reassembled;
  PacketBatch batch;
  batch.push(std::move(outcome.whole));
  to_gateway_.transmit(batch);
  if (!batch.empty()) core.drops.add(DropReason::kTransmitQueueFull, batch.size());
}

}  // namespace strata::service
