// SPDX-License-Identifier: Apache-2.0
// How entries come and go, and the slow half of resolve().
#include "neighbor/cache.h"

#include <algorithm>
#include <utility>

namespace strata::neighbor {

Cache::Cache(Memory& memory, Rng& rng, const SipKey& key, const MacAddress& mac,
             const Config& config)
    : rng_(rng),
      config_(config),
      mac_(mac),
      table_(memory, key, config.entries_max, config.protected_for),
      parking_(memory, config.packets_max, config.packets_per_entry_max),
      own_(memory, rng, config),
      proxies_(memory, rng, config),
      budget_(config.solicitations_per_second, config.solicitations_burst),
      routers_(memory),
      routers_lost_(memory),
      routers_heard_(memory) {
  timing_.fill({config.reachability.reachable_time_base, config.reachability.reachable_time_base,
                config.reachability.retransmit_timer});
}

Cache::~Cache() {
  table_.for_each([this](Entry& entry) { destroy(entry, DropReason::kInterfaceDown); });
}

const MacAddress* Cache::resolve_slowly(const IpAddress& next_hop, Time now) {
  Entry* entry = table_.recent(next_hop);
  if (entry == nullptr || entry->address != next_hop) entry = table_.find(next_hop);
  if (entry == nullptr) {
    // RFC 1112 6.4, RFC 2464 7: groups need no neighbour.
    if (next_hop.is_multicast()) {
      group_mac_ = MacAddress::for_multicast(next_hop);
    } else if (next_hop.is_limited_broadcast()) {
      group_mac_ = MacAddress::broadcast();
    } else {
      return nullptr;
    }
    return &group_mac_;
  }
  settle(*entry, now);
  if (!entry->has_mac()) return nullptr;
  entry->last_used = now;
  if (entry->state == State::kStale) become_delay(*entry, now);
  table_.remember(*entry);
  return &entry->mac;
}

std::optional<Undeliverable> Cache::park(const IpAddress& next_hop, PacketPtr packet, Time now,
                                         const IpAddress& source) {
  const auto refuse = [&](DropReason reason) {
    ++counters_.packets_undeliverable;
    return Undeliverable{std::move(packet), reason, next_hop};
  };
  if (!is_link_up_) return refuse(DropReason::kInterfaceDown);
  if (next_hop.is_unspecified() || next_hop.is_multicast()) {
    return refuse(DropReason::kNeighborUnresolved);
  }
  Entry* entry = table_.find(next_hop);
  if (entry == nullptr) {
    entry = create(next_hop, Origin::kOurPacket, now);
    if (entry == nullptr) return refuse(DropReason::kNeighborTableFull);
    entry->is_ours = true;
    entry->source_hint = source;
    become_incomplete(*entry);
  } else if (entry->state == State::kFailed) {
    if (now < entry->deadline) return refuse(DropReason::kNeighborUnresolved);
    if (entry->deadline + config_.reachability.negative_hold_max < now) entry->failures = 0;
    entry->source_hint = source;
    become_incomplete(*entry);
  }
  entry->last_used = now;
  auto displaced = parking_.park(*entry, std::move(packet));
  if (displaced) ++counters_.packets_undeliverable;
  if (entry->has_mac()) release_packets(*entry, now);
  return displaced;
}

Entry* Cache::create(const IpAddress& address, Origin origin, Time now) {
  if (table_.full()) {
    Entry* const victim = table_.victim(origin, now);
    if (victim == nullptr) {
      ++counters_.entries_refused;
      return nullptr;
    }
    ++counters_.entries_shed;
    destroy(*victim, DropReason::kNeighborTableFull);
  }
  Entry* const entry = table_.insert(address);
  if (entry == nullptr) {
    ++counters_.entries_refused;
    return nullptr;
  }
  entry->is_router = is_configured_router(address);
  return entry;
}

void Cache::destroy(Entry& entry, DropReason reason) {
  leave_state(entry);
  parking_.give_up(entry, reason);
  if (entry.release_link.is_linked()) releasing_.erase(entry);
  table_.erase(entry);
}

bool Cache::is_configured_router(const IpAddress& address) const {
  return std::ranges::find(routers_, address) != routers_.end();
}

void Cache::shelve(Entry& entry) {
  if (entry.is_static || (entry.is_router && is_configured_router(entry.address))) {
    return table_.move_to(entry, Shelf::kPinned);
  }
  const bool has_room =
      entry.shelf == Shelf::kRouter || table_.size_of(Shelf::kRouter) < config_.routers_max;
  if (entry.state == State::kFailed) return table_.move_to(entry, Shelf::kFailed);
  if (entry.state == State::kIncomplete) return table_.move_to(entry, Shelf::kIncomplete);
  // Who only calls itself a router is not kept for it: it has to answer first.
  if (entry.is_router && entry.is_proven && has_room) return table_.move_to(entry, Shelf::kRouter);
  table_.move_to(entry, entry.is_ours ? Shelf::kResolved : Shelf::kUnproven);
}

void Cache::settle(Entry& entry, Time now) {
  if (entry.state == State::kReachable && now >= entry.reachable_until) become_stale(entry, now);
}

void Cache::set_router(Entry& entry, bool is_router) {
  if (entry.is_router == is_router) return;
  entry.is_router = is_router || is_configured_router(entry.address);
  shelve(entry);
  const bool is_told = std::ranges::find(routers_lost_, entry.address) != routers_lost_.end();
  // Without memory for the notice the router's lifetime ends its routes.
  if (!entry.is_router && !is_told) (void)routers_lost_.try_push_back(entry.address);
}

// Without memory for the notice the router's next advertisement tells (is_probably_reachable).
void Cache::tell_of_router(const Entry& entry) {
  const bool is_told = std::ranges::find(routers_heard_, entry.address) != routers_heard_.end();
  if (entry.is_router && !is_told) (void)routers_heard_.try_push_back(entry.address);
}

Result<void> Cache::add_router(const IpAddress& address) {
  if (is_configured_router(address)) return std::unexpected(Error::kAlreadyExists);
  if (routers_.size() >= config_.routers_max || !routers_.try_push_back(address)) {
    return std::unexpected(Error::kOutOfMemory);
  }
  if (Entry* const entry = table_.find(address)) {
    entry->is_router = true;
    shelve(*entry);
  }
  return {};
}

bool Cache::remove_router(const IpAddress& address) {
  const auto at = std::ranges::find(routers_, address);
  if (at == routers_.end()) return false;
  routers_.erase_unordered(static_cast<std::size_t>(at - routers_.begin()));
  if (routers_.empty()) routers_.release();
  if (Entry* const entry = table_.find(address)) {
    entry->is_router = false;
    shelve(*entry);
  }
  return true;
}

Result<void> Cache::add_static(const IpAddress& address, const MacAddress& mac, Time now) {
  if (address.is_multicast() || address.is_unspecified() || mac.is_unspecified()) {
    return std::unexpected(Error::kInvalidArgument);
  }
  // Static entries are never shed: they may not crowd out everyone else.
  if (table_.size_of(Shelf::kPinned) >= config_.entries_max / 2 + config_.routers_max) {
    return std::unexpected(Error::kOutOfMemory);
  }
  Entry* entry = table_.find(address);
  if (entry == nullptr) entry = create(address, Origin::kOurPacket, now);
  if (entry == nullptr) return std::unexpected(Error::kOutOfMemory);
  entry->is_static = true;
  entry->mac = mac;
  become_reachable(*entry, now);
  return {};
}

bool Cache::remove_static(const IpAddress& address) {
  Entry* const entry = table_.find(address);
  if (entry == nullptr || !entry->is_static) return false;
  destroy(*entry, DropReason::kNeighborUnresolved);
  return true;
}

Entry* Cache::find_learned(const IpAddress& address) {
  Entry* const entry = table_.find(address);
  return entry == nullptr || entry->is_static ? nullptr : entry;
}

bool Cache::remove(const IpAddress& address) {
  Entry* const entry = find_learned(address);
  if (entry == nullptr) return false;
  if (entry->packets.empty()) {
    destroy(*entry, DropReason::kNeighborUnresolved);
  } else {
    start_anew(*entry);
  }
  return true;
}

void Cache::start_anew(Entry& entry) {
  if (entry.release_link.is_linked()) releasing_.erase(entry);
  entry.is_ours = true;
  entry.is_router = is_configured_router(entry.address);
  entry.is_proven = false;
  entry.is_doubted = false;
  entry.failures = 0;
  entry.last_confirmed = Time::min();
  entry.proved_at = Time::min();
  become_incomplete(entry);
}

void Cache::flush() { forget_all(DropReason::kNeighborUnresolved); }

void Cache::forget_all(DropReason reason) {
  table_.for_each([&](Entry& entry) {
    if (!entry.is_static) destroy(entry, reason);
  });
}

// RFC 4862 5.4: an interface that comes back checks its addresses again, since it may come back
// on another link.
void Cache::on_link_change(bool is_up, Time now) {
  if (is_up == std::exchange(is_link_up_, is_up)) return;
  if (is_up) {
    own_.restart(now);
  } else {
    forget_all(DropReason::kInterfaceDown);
  }
}

void Cache::on_link_replaced(const MacAddress& mac, Time now) {
  mac_ = mac;
  if (!is_link_up_) return;
  own_.announce_all(now);
  table_.for_each([&](Entry& entry) {
    if (entry.is_static || entry.state == State::kIncomplete) return;
    if (entry.has_mac() && entry.is_ours) return become_unreachable(entry);
    destroy(entry, DropReason::kInterfaceDown);
  });
}

void Cache::set_mac(const MacAddress& mac, Time now) {
  if (mac == std::exchange(mac_, mac)) return;
  own_.announce_all(now);
}

Result<void> Cache::add_own_address(const IpAddress& address, const OwnAddressOptions& options,
                                    Time now) {
  auto added = own_.add(address, options, now);
  // What others said of the address before it was ours is not to be followed.
  Entry* const entry = added ? find_learned(address) : nullptr;
  if (entry != nullptr) destroy(*entry, DropReason::kNeighborUnresolved);
  return added;
}

bool Cache::remove_own_address(const IpAddress& address) { return own_.remove(address); }

EntryView Cache::view_of(const Entry& entry, Time now) {
  const bool is_expired = entry.state == State::kReachable && now >= entry.reachable_until;
  return {.address = entry.address,
          .mac = entry.mac,
          .state = is_expired ? State::kStale : entry.state,
          .is_router = entry.is_router,
          .is_static = entry.is_static,
          .last_used = entry.last_used,
          .last_confirmed = entry.last_confirmed,
          .packets_waiting = static_cast<std::uint32_t>(entry.packets.size())};
}

std::optional<EntryView> Cache::find(const IpAddress& address, Time now) const {
  const Entry* const entry = table_.find(address);
  return entry == nullptr ? std::nullopt : std::optional(view_of(*entry, now));
}

bool Cache::is_probably_reachable(const IpAddress& address) const {
  const Entry* const entry = table_.find(address);
  // A router not asked for yet has the benefit of the doubt.
  return entry == nullptr || !entry->is_silent();
}

Result<void> Cache::restore(const EntryView& view, Time now) {
  if (view.is_static) return add_static(view.address, view.mac, now);
  if (view.mac.is_unspecified() || view.mac.is_multicast() || view.address.is_multicast() ||
      view.address.is_unspecified()) {
    return std::unexpected(Error::kInvalidArgument);
  }
  if (table_.find(view.address) != nullptr) return std::unexpected(Error::kAlreadyExists);
  Entry* const entry = create(view.address, Origin::kStranger, now);
  if (entry == nullptr) return std::unexpected(Error::kOutOfMemory);
  entry->mac = view.mac;
  entry->is_router = entry->is_router || view.is_router;
  entry->last_used = view.last_used;
  entry->is_ours = view.last_used != Time::min();
  become_stale(*entry, now);
  return {};
}

}  // namespace strata::neighbor
