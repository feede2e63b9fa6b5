// SPDX-License-Identifier: Apache-2.0
// What messages teach the cache.
//
//   message                              is read as
//   neighbour advertisement              RFC 4861 7.2.5, to the letter
//   ARP reply to a question of ours      an answer: REACHABLE
//   any other ARP, a solicitation's      a claim: new entries start in STALE; an entry with the
//   option, a redirect's option          same link-layer address stays as it is; another address
//                                        replaces the old one and is STALE, unless guarded
//   router advertisement's option        a claim that is never guarded (RFC 4861 6.3.4)
//
// A guarded entry is one whose address a single forged message must not take over: ARP has no
// Override flag, and solicitations carry none. A differing claim then makes us ask the known
// station (PROBE). If it is gone, the question goes to everyone and the new station answers it.
#include "neighbor/cache.h"

namespace strata::neighbor {
namespace {

[[nodiscard]] bool is_station(const MacAddress& mac) {
  return !mac.is_multicast() && !mac.is_unspecified();
}

[[nodiscard]] bool is_host(const IpAddress& address) {
  return !address.is_multicast() && !address.is_unspecified() && !address.is_limited_broadcast();
}

// RFC 4861 7.1.1, as far as the values tell.
[[nodiscard]] bool is_valid(const Solicitation& solicitation) {
  if (solicitation.target.is_multicast() || solicitation.source.is_multicast()) return false;
  if (solicitation.source_link_layer && !is_station(*solicitation.source_link_layer)) return false;
  if (!solicitation.source.is_unspecified()) return true;
  return solicitation.destination == solicitation.target.solicited_node_group() &&
         !solicitation.source_link_layer;
}

// RFC 4861 7.1.2.
[[nodiscard]] bool is_valid(const Advertisement& advertisement) {
  if (advertisement.target.is_multicast()) return false;
  if (advertisement.destination.is_multicast() && advertisement.is_solicited) return false;
  return !advertisement.target_link_layer || is_station(*advertisement.target_link_layer);
}

// RFC 5227 2.1.1 reads the sender address 0.0.0.0 as a probe.
[[nodiscard]] bool is_valid(const wire::ArpHeader& header) {
  if (header.operation != wire::ArpOperation::kRequest &&
      header.operation != wire::ArpOperation::kReply) {
    return false;
  }
  return is_station(header.sender_mac) &&
         (is_host(header.sender_ip) || header.sender_ip == IpAddress::any_v4());
}

}  // namespace

bool Cache::is_guarded(const Entry& entry) {
  switch (entry.state) {
    case State::kReachable:
    case State::kDelay:
    case State::kProbe: return entry.is_v4() || entry.is_router;
    case State::kStale: return entry.is_router && entry.is_proven;
    default: return false;
  }
}

// Asks the known station, unless it has only just proved itself: forged claims may not make us
// send more than a solicitation per RetransTimer.
void Cache::doubt(Entry& entry, Time now) {
  ++counters_.claims_ignored;
  if (entry.state == State::kProbe) return;
  if (now < entry.proved_at + timing_of(entry).retransmit_timer) return;
  become_probe(entry);
  entry.proved_at = now;
  entry.is_doubted = true;
}

void Cache::claim(Entry& entry, const MacAddress& mac, Time now) {
  settle(entry, now);
  if (entry.is_static || (entry.has_mac() && entry.mac == mac)) return;
  if (is_guarded(entry)) return doubt(entry, now);
  entry.mac = mac;
  entry.is_proven = false;
  become_stale(entry, now);
}

DropReason Cache::learn(const IpAddress& address, const MacAddress& mac, Time now) {
  if (!is_host(address) || !is_station(mac) || own_.state_of(address)) {
    return DropReason::kNdNotOnLink;
  }
  if (Entry* const known = table_.find(address)) {
    claim(*known, mac, now);
    return DropReason::kNone;
  }
  Entry* const entry = create(address, Origin::kStranger, now);
  if (entry == nullptr) return DropReason::kNeighborTableFull;
  entry->mac = mac;
  become_stale(*entry, now);
  return DropReason::kNone;
}

DropReason Cache::on_arp(const wire::ArpHeader& header, Time now) {
  if (!is_valid(header)) return DropReason::kArpMalformed;
  if (header.sender_mac == mac_) return DropReason::kArpNotForUs;
  if (own_.on_arp(header, mac_, now)) return DropReason::kNone;
  const bool is_for_us =
      own_.is_ready(header.target_ip) &&
      (header.operation == wire::ArpOperation::kRequest || header.target_mac == mac_);
  if (header.sender_ip.is_unspecified()) {
    return is_for_us ? DropReason::kNone : DropReason::kArpNotForUs;
  }
  Entry* const entry = table_.find(header.sender_ip);
  if (entry == nullptr) {
    // RFC 826: only the one who is asked learns a new pair. A reply nobody asked for teaches
    // nothing.
    if (!is_for_us || header.operation != wire::ArpOperation::kRequest) {
      return DropReason::kArpNotForUs;
    }
    return learn(header.sender_ip, header.sender_mac, now);
  }
  if (is_for_us && header.operation == wire::ArpOperation::kReply &&
      is_answer(*entry, header.sender_mac)) {
    entry->mac = header.sender_mac;
    become_reachable(*entry, now);
  } else {
    claim(*entry, header.sender_mac, now);
  }
  return DropReason::kNone;
}

// Is a question out that this station could answer? A probe went to one station only.
bool Cache::is_answer(const Entry& entry, const MacAddress& mac) {
  if (entry.is_static) return false;
  switch (entry.state) {
    case State::kIncomplete:
    case State::kUnreachable: return entry.solicitations > 0;
    case State::kProbe: return entry.solicitations > 0 && entry.mac == mac;
    default: return false;
  }
}

DropReason Cache::on_neighbor_solicitation(const Solicitation& solicitation, Time now) {
  if (!is_valid(solicitation)) return DropReason::kNdMalformed;
  const std::optional<OwnState> state = own_.state_of(solicitation.target);
  const bool is_proxied = !state && proxies_.contains(solicitation.target);
  if (is_proxied) proxies_.on_solicitation(solicitation, now);
  if (state == OwnState::kTentative) {
    own_.on_solicitation(solicitation, now);
    return DropReason::kNone;
  }
  if (state != OwnState::kReady && !is_proxied) return DropReason::kNdNotForUs;
  if (solicitation.source.is_unspecified() || !solicitation.source_link_layer) {
    return DropReason::kNone;
  }
  return learn(solicitation.source, *solicitation.source_link_layer, now);
}

DropReason Cache::on_neighbor_advertisement(const Advertisement& advertisement, Time now) {
  if (!is_valid(advertisement)) return DropReason::kNdMalformed;
  if (own_.on_advertisement(advertisement, mac_, now)) return DropReason::kNone;
  Entry* const entry = table_.find(advertisement.target);
  // RFC 4861 7.2.5: without an entry nobody here wants to know.
  if (entry == nullptr || entry->is_static) return DropReason::kNdNotForUs;
  settle(*entry, now);
  if (entry->has_mac()) {
    on_advertisement_of_known(*entry, advertisement, now);
    return DropReason::kNone;
  }
  if (!advertisement.target_link_layer) return DropReason::kNdMalformed;
  entry->mac = *advertisement.target_link_layer;
  set_router(*entry, advertisement.is_router);
  if (advertisement.is_solicited) {
    become_reachable(*entry, now);
  } else {
    become_stale(*entry, now);
  }
  return DropReason::kNone;
}

// RFC 4861 7.2.5 and appendix C, for every state but INCOMPLETE.
void Cache::on_advertisement_of_known(Entry& entry, const Advertisement& advertisement, Time now) {
  const bool differs =
      advertisement.target_link_layer && *advertisement.target_link_layer != entry.mac;
  if (differs && !advertisement.is_override) {
    // I.a: suspicion is enough to ask again, but nothing else is taken from the message.
    if (entry.state == State::kReachable) become_stale(entry, now);
    ++counters_.claims_ignored;
    return;
  }
  if (differs) {
    entry.mac = *advertisement.target_link_layer;
    entry.is_proven = false;
  }
  set_router(entry, advertisement.is_router);
  if (advertisement.is_solicited) {
    become_reachable(entry, now);
  } else if (differs) {
    become_stale(entry, now);
  }
}

void Cache::on_router_link_layer(const IpAddress& router, const std::optional<MacAddress>& mac,
                                 Time now) {
  Entry* entry = table_.find(router);
  if (mac && is_station(*mac)) {
    if (entry == nullptr) {
      (void)learn(router, *mac, now);
      entry = table_.find(router);
    } else if (!entry->is_static && (!entry->has_mac() || entry->mac != *mac)) {
      // RFC 4861 6.3.4: a router's own advertisement replaces what is known.
      entry->mac = *mac;
      entry->is_proven = false;
      become_stale(*entry, now);
    }
  }
  if (entry != nullptr) set_router(*entry, true);
}

void Cache::on_router_solicitation(const IpAddress& host, const MacAddress& mac, Time now) {
  if (learn(host, mac, now) != DropReason::kNone) return;
  // RFC 4861 6.2.6: who asks for routers is none.
  set_router(*table_.find(host), false);
}

void Cache::on_redirect(const IpAddress& target, const MacAddress& mac, bool target_is_router,
                        Time now) {
  if (learn(target, mac, now) != DropReason::kNone) return;
  if (target_is_router) set_router(*table_.find(target), true);
}

void Cache::on_reachability_confirmed(const IpAddress& next_hop, Time now) {
  Entry* entry = table_.recent(next_hop);
  if (entry == nullptr || entry->address != next_hop) entry = table_.find(next_hop);
  if (entry == nullptr || entry->is_static || !entry->has_mac()) return;
  // RFC 4861 7.3.1: advice about an address not resolved yet is ignored. Neither does it answer for
  // a station whose address somebody claims: what was under way when it moved arrives as well.
  if (entry->is_doubted && entry->state == State::kProbe) return;
  const Time proved_at = entry->proved_at;
  become_reachable(*entry, now);
  entry->proved_at = proved_at;
}

void Cache::on_reachability_doubted(const IpAddress& next_hop, Time now) {
  Entry* entry = table_.find(next_hop);
  if (entry == nullptr || entry->is_static || !entry->has_mac()) return;
  if (entry->state == State::kProbe || entry->state == State::kUnreachable) return;
  if (now < entry->last_confirmed + timing_of(*entry).retransmit_timer) return;
  become_probe(*entry);
}

std::optional<SendArp> Cache::reply_to(const wire::ArpHeader& request) const {
  if (request.operation != wire::ArpOperation::kRequest || !is_valid(request)) return std::nullopt;
  if (request.sender_mac == mac_ || request.sender_ip == request.target_ip) return std::nullopt;
  const bool is_ours = own_.is_ready(request.target_ip);
  // A probe (RFC 5227) asks who uses the address; a proxy does not.
  const bool is_proxied = !is_ours && !own_.state_of(request.target_ip) &&
                          !request.sender_ip.is_unspecified() &&
                          proxies_.contains(request.target_ip);
  if (!is_ours && !is_proxied) return std::nullopt;
  return SendArp{{.operation = wire::ArpOperation::kReply,
                  .sender_mac = mac_,
                  .sender_ip = request.target_ip,
                  .target_mac = request.sender_mac,
                  .target_ip = request.sender_ip},
                 request.sender_mac};
}

std::optional<SendAdvertisement> Cache::reply_to(const Solicitation& solicitation) const {
  if (!is_valid(solicitation) || !own_.is_ready(solicitation.target)) return std::nullopt;
  SendAdvertisement reply{.target = solicitation.target,
                          .destination = IpAddress::all_nodes_v6(),
                          .source = solicitation.target,
                          .destination_mac = {},
                          .is_solicited = false,
                          .is_override = true};
  if (solicitation.source.is_unspecified()) {
    // RFC 4861 7.2.4: the asker has no address to answer to.
    reply.destination_mac = MacAddress::for_multicast(reply.destination);
    return reply;
  }
  if (own_.state_of(solicitation.source)) return std::nullopt;
  reply.destination = solicitation.source;
  reply.is_solicited = true;
  reply.destination_mac = solicitation.source_link_layer;
  if (const Entry* const asker = table_.find(solicitation.source);
      !reply.destination_mac && asker != nullptr && asker->has_mac()) {
    reply.destination_mac = asker->mac;
  }
  return reply;
}

}  // namespace strata::neighbor
