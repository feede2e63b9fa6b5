// SPDX-License-Identifier: Apache-2.0
// Neighbour discovery in: RFC 4861 6.1, 7.1 and 8.1 say which messages are valid.
#include "stack/in/deliver.h"
#include "stack/out/nd_messages.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/nd.h"

namespace strata::stack {
namespace {

using wire::NdOptionType;

// RFC 4861 7.1.1.
DropReason on_solicitation(Core& core, Bytes message, const Arrival& arrival, Time now) {
  const auto view = wire::NeighborSolicitationView::parse(message);
  if (!view) return DropReason::kNdMalformed;
  const auto link_layer = view->options().link_layer_address(NdOptionType::kSourceLinkLayerAddress);
  const bool is_dad = arrival.source.is_unspecified();
  if (is_dad && (arrival.destination != view->target().solicited_node_group() || link_layer)) {
    return DropReason::kNdMalformed;
  }
  neighbor::Solicitation solicitation{.source = arrival.source,
                                      .destination = arrival.destination,
                                      .target = view->target(),
                                      .source_link_layer = link_layer};
  if (const auto option = view->options().find(NdOptionType::kNonce)) {
    if (const auto nonce = wire::NonceView::parse(*option)) solicitation.nonce = nonce->nonce();
  }
  neighbor::Cache& neighbors = arrival.interface->neighbors.tell();
  const DropReason why = neighbors.on_neighbor_solicitation(solicitation, now);
  if (const auto reply = neighbors.reply_to(solicitation)) {
    send_advertisement(core, *arrival.interface, *reply, now);
  }
  return why;
}

// RFC 4861 7.1.2.
DropReason on_advertisement(Bytes message, const Arrival& arrival, Time now) {
  const auto view = wire::NeighborAdvertisementView::parse(message);
  if (!view || (arrival.destination.is_multicast() && view->solicited())) {
    return DropReason::kNdMalformed;
  }
  return arrival.interface->neighbors.tell().on_neighbor_advertisement(
      {.source = arrival.source,
       .destination = arrival.destination,
       .target = view->target(),
       .is_router = view->router(),
       .is_solicited = view->solicited(),
       .is_override = view->override_cached(),
       .target_link_layer =
           view->options().link_layer_address(NdOptionType::kTargetLinkLayerAddress)},
      now);
}

// RFC 4861 6.1.2: from a link-local address only, so that no router elsewhere can speak here.
DropReason on_router_advertisement(Core& core, Bytes message, const Arrival& arrival, Time now) {
  const auto view = wire::RouterAdvertisementView::parse(message);
  if (!view || !arrival.source.is_link_local()) return DropReason::kNdMalformed;
  Interface& interface = *arrival.interface;
  // A router does not take configuration from its peers (RFC 4861 6.2.7).
  if (core.config.forward_ipv6 || !interface.hears_routers) return DropReason::kNone;
  if (!interface.routers.tell().on_router_advertisement(arrival.source, *view, now)) {
    return DropReason::kNdMalformed;
  }
  interface.neighbors.tell().on_router_link_layer(
      arrival.source, view->options().link_layer_address(NdOptionType::kSourceLinkLayerAddress),
      now);
  // RFC 4861 6.3.6: a router that fell silent and is heard again may be asked again.
  if (interface.neighbors->is_probably_reachable(arrival.source)) {
    interface.routers.tell().on_router_reachable(arrival.source, now);
  }
  return DropReason::kNone;
}

// RFC 4861 6.1.1. Hosts ignore it; a router learns who asks.
DropReason on_router_solicitation(Core& core, Bytes message, const Arrival& arrival, Time now) {
  const auto view = wire::RouterSolicitationView::parse(message);
  const auto link_layer =
      view ? view->options().link_layer_address(NdOptionType::kSourceLinkLayerAddress)
           : std::nullopt;
  if (!view || (arrival.source.is_unspecified() && link_layer)) {
    return DropReason::kNdMalformed;
  }
  if (!core.config.forward_ipv6 || !link_layer || arrival.source.is_unspecified()) {
    return DropReason::kNone;
  }
  arrival.interface->neighbors.tell().on_router_solicitation(arrival.source, *link_layer, now);
  return DropReason::kNone;
}

// RFC 4861 8.1 and 8.3.
DropReason on_redirect(Core& core, Bytes message, const Arrival& arrival, Time now) {
  const auto view = wire::NdRedirectView::parse(message);
  if (!view || !arrival.source.is_link_local()) return DropReason::kNdMalformed;
  if (!core.config.accept_redirects || core.config.forward_ipv6) {
    return DropReason::kRedirectRefused;
  }
  const ip::Route* route = core.routes.lookup(view->destination());
  const DropReason why = core.redirects.on_redirect(
      {.source = arrival.source,
       .destination = view->destination(),
       .target = view->target(),
       .interface = arrival.interface->id,
       .current_gateway = route == nullptr ? IpAddress{} : route->gateway,
       .current_interface = route == nullptr ? kNoInterface : route->interface,
       .target_is_on_link = true,
       .target_is_ours = core.local.is_local(view->target(), arrival.interface->id)},
      now);
  if (why != DropReason::kNone) return why;
  if (const auto mac = view->options().link_layer_address(NdOptionType::kTargetLinkLayerAddress)) {
    arrival.interface->neighbors.tell().on_redirect(view->target(), *mac,
                                                    view->target() != view->destination(), now);
  }
  return DropReason::kNone;
}

DropReason take(Core& core, Bytes message, const Arrival& arrival, Time now) {
  switch (static_cast<wire::Icmpv6Type>(wire::Icmpv6Layout::Type::get(message))) {
    case wire::Icmpv6Type::kNeighborSolicitation:
      return on_solicitation(core, message, arrival, now);
    case wire::Icmpv6Type::kNeighborAdvertisement: return on_advertisement(message, arrival, now);
    case wire::Icmpv6Type::kRouterAdvertisement:
      return on_router_advertisement(core, message, arrival, now);
    case wire::Icmpv6Type::kRouterSolicitation:
      return on_router_solicitation(core, message, arrival, now);
    case wire::Icmpv6Type::kRedirect: return on_redirect(core, message, arrival, now);
    default: return DropReason::kIcmpUnknownType;
  }
}

}  // namespace

void deliver_nd(Core& core, PacketPtr packet, const Arrival& arrival, Time now) {
  ++core.counters.nd_received;
  // RFC 4861 11.2: a hop limit of 255 proves that no router stood between.
  if (arrival.hop_limit != 255) return drop(core, std::move(packet), DropReason::kNdHopLimitNot255);
  // RFC 6980 5: neighbour discovery in fragments is an evasion.
  if (packet->notes().is_reassembled)
    return drop(core, std::move(packet), DropReason::kNdMalformed);
  if (!make_contiguous(core, packet, packet->size(), DropReason::kNdMalformed)) return;
  const DropReason why = take(core, packet->bytes().subspan(arrival.header_length), arrival, now);
  if (why != DropReason::kNone) drop(core, std::move(packet), why);
}

}  // namespace strata::stack
