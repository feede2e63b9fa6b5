// SPDX-License-Identifier: Apache-2.0
// IGMP and MLD in: RFC 3376 4 and 9.1, RFC 3810 6.2 and 10.
#include "stack/in/deliver.h"
#include "stack/out/packet_sum.h"
#include "strata/wire/igmp.h"
#include "strata/wire/mld.h"

namespace strata::stack {
namespace {

// RFC 3376 9.1: queries without a router alert SHOULD be ignored, against those that were forged
// elsewhere; for routers look at what carries one. 224.0.0.1 is never routed, and answers about a
// group tell what routers are told anyway: such queries we take as Linux does, since a switch that
// leaves the option out would otherwise cut us off from our groups. To our own address they might
// come from anywhere, and RFC 3376 4.1.12 wants them heard for debugging only.
bool is_from_afar(const Arrival& arrival) {
  return !arrival.destination.is_multicast() && !arrival.router_alert;
}

}  // namespace

void deliver_igmp(Core& core, PacketPtr packet, const Arrival& arrival, Time now) {
  if (!make_contiguous(core, packet, packet->size(), DropReason::kIgmpMalformed)) return;
  const Bytes message = packet->bytes().subspan(arrival.header_length);
  const auto view = wire::IgmpView::parse(message);
  if (!view || !is_valid(wire::partial_sum(message))) {
    return drop(core, std::move(packet), DropReason::kIgmpMalformed);
  }
  multicast::Membership& groups = arrival.interface->groups.tell();
  switch (view->type()) {
    case wire::IgmpType::kMembershipQuery: {
      const auto query = wire::IgmpQueryView::parse(message);
      const DropReason why = query && !is_from_afar(arrival)
                                 ? groups.on_query(*query, arrival.destination, now)
                                 : DropReason::kIgmpMalformed;
      if (why != DropReason::kNone) drop(core, std::move(packet), why);
      return;
    }
    case wire::IgmpType::kV1MembershipReport:
    case wire::IgmpType::kV2MembershipReport: return groups.on_report(view->group(), now);
    default: return;  // reports of version 3 and leaves concern routers only
  }
}

void deliver_mld(Core& core, PacketPtr packet, const Arrival& arrival, Time now) {
  // RFC 3810 6.2: from a link-local address, with hop limit 1 and a router alert; what else comes
  // is forged.
  const bool is_valid_source = arrival.source.is_link_local() || arrival.source.is_unspecified();
  if (!is_valid_source || arrival.hop_limit != 1 || !arrival.router_alert) {
    return drop(core, std::move(packet), DropReason::kMldMalformed);
  }
  if (!make_contiguous(core, packet, packet->size(), DropReason::kMldMalformed)) return;
  const Bytes message = packet->bytes().subspan(arrival.header_length);
  multicast::Membership& groups = arrival.interface->groups.tell();
  switch (static_cast<wire::Icmpv6Type>(wire::Icmpv6Layout::Type::get(message))) {
    case wire::Icmpv6Type::kMulticastListenerQuery: {
      const auto query = wire::MldQueryView::parse(message);
      const bool may_ask = arrival.source.is_link_local();
      const DropReason why = query && may_ask ? groups.on_query(*query, arrival.destination, now)
                                              : DropReason::kMldMalformed;
      if (why != DropReason::kNone) drop(core, std::move(packet), why);
      return;
    }
    case wire::Icmpv6Type::kMulticastListenerReport: {
      const auto report = wire::MldView::parse(message);
      if (!report) return drop(core, std::move(packet), DropReason::kMldMalformed);
      return groups.on_report(report->group(), now);
    }
    default: return;  // reports of version 2 and dones concern routers only
  }
}

}  // namespace strata::stack
