// SPDX-License-Identifier: Apache-2.0
#include "ip/redirects.h"

#include <algorithm>
#include <utility>

namespace strata::ip {

bool is_valid_redirect(const Redirect& redirect) {
  const IpAddress& destination = redirect.destination;
  const IpAddress& target = redirect.target;
  const bool is_v4 = destination.is_v4();
  if (target.is_v4() != is_v4 || redirect.source.is_v4() != is_v4) return false;
  // RFC 4861 8.1, RFC 1122 3.2.2.2: from the first hop that we use for this destination now.
  if (redirect.current_gateway.is_unspecified()) return false;
  if (redirect.source != redirect.current_gateway) return false;
  if (redirect.interface != redirect.current_interface) return false;
  if (destination.is_multicast() || destination.is_unspecified() || destination.is_loopback() ||
      destination.is_limited_broadcast()) {
    return false;
  }
  const bool is_host = !target.is_multicast() && !target.is_unspecified() &&
                       !target.is_loopback() && !target.is_limited_broadcast() &&
                       !target.is_reserved_v4();
  if (!is_host || redirect.target_is_ours || target == redirect.source) return false;
  // RFC 1122 3.2.2.2: the new gateway MUST be on the network the redirect came through.
  if (is_v4) return redirect.target_is_on_link;
  // RFC 4861 8.1: a router's link-local address, or the destination itself.
  return redirect.source.is_link_local() && (target.is_link_local() || target == destination);
}

DropReason Redirects::on_redirect(const Redirect& redirect, Time now) {
  if (!config_.is_enabled || !is_valid_redirect(redirect)) return DropReason::kRedirectRefused;
  Entry* const entry = entry_for(redirect);
  if (entry == nullptr) return DropReason::kRedirectRefused;
  Route route{.destination = Prefix(redirect.destination, redirect.destination.is_v4() ? 32 : 128),
              .gateway = redirect.target,
              .interface = redirect.interface,
              .origin = RouteOrigin::kRedirect};
  if (redirect.target == redirect.destination) route.gateway = IpAddress{};
  if (!entry->route.is_same_path(route)) {
    if (entry->is_told && !entry->stale) entry->stale = entry->route;
    entry->route = route;
    entry->is_told = false;
  }
  entry->is_dead = false;
  entry->is_due = !entry->is_told || entry->stale.has_value();
  entry->expires = now + config_.lifetime;
  return DropReason::kNone;
}

// The entry of the destination, a new one, or the oldest turned over to it (invariant 2).
Redirects::Entry* Redirects::entry_for(const Redirect& redirect) {
  auto* const at = std::ranges::find_if(entries_, [&](const Entry& entry) {
    return entry.route.destination.address() == redirect.destination &&
           entry.route.interface == redirect.interface;
  });
  if (at != entries_.end()) return at;
  if (entries_.size() < config_.destinations_max && entries_.try_push_back(Entry{})) {
    return &entries_.back();
  }
  if (entries_.empty()) return nullptr;
  return std::ranges::min_element(entries_, {}, &Entry::expires);
}

void Redirects::on_neighbor_unreachable(const IpAddress& neighbor, InterfaceId interface) {
  for (Entry& entry : entries_) {
    const Route& route = entry.route;
    const IpAddress& first_hop = route.next_hop(route.destination.address());
    if (route.interface == interface && first_hop == neighbor) entry.is_dead = entry.is_due = true;
  }
}

void Redirects::on_interface_down(InterfaceId interface) {
  for (Entry& entry : entries_) {
    if (entry.route.interface == interface) entry.is_dead = entry.is_due = true;
  }
}

std::optional<RouteChange> Redirects::next_output(Time) {
  for (std::size_t i = 0; i < entries_.size();) {
    Entry& entry = entries_[i];
    if (!entry.is_due) {
      ++i;
      continue;
    }
    if (entry.stale) return RemoveRoute{*std::exchange(entry.stale, std::nullopt)};
    const Entry told = entry;
    entry.is_due = false;
    entry.is_told = true;
    if (!told.is_dead) {
      if (!told.is_told) return AddRoute{told.route};
      continue;
    }
    entries_.erase_at(i);
    if (told.is_told) return RemoveRoute{told.route};
  }
  return std::nullopt;
}

std::optional<Time> Redirects::next_deadline() const {
  std::optional<Time> due;
  for (const Entry& entry : entries_) {
    if (!entry.is_dead) due = earlier(due, entry.expires);
  }
  return due;
}

void Redirects::on_deadline(Time now) {
  for (Entry& entry : entries_) {
    if (!entry.is_dead && entry.expires <= now) entry.is_dead = entry.is_due = true;
  }
}

}  // namespace strata::ip
