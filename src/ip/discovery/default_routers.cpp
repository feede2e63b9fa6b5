// SPDX-License-Identifier: Apache-2.0
#include "ip/discovery/default_routers.h"

#include <algorithm>

#include "ip/discovery/lifetime.h"

namespace strata::ip {

bool DefaultRouters::on_advertisement(const IpAddress& address, wire::RouterPreference preference,
                                      Duration lifetime, Time now) {
  if (lifetime == Duration{}) {
    remove(address);
    return true;
  }
  Router* router = locate(address);
  if (router == nullptr) {
    if (routers_.size() >= routers_max_ || !routers_.try_push_back(Router{.address = address})) {
      return false;
    }
    router = &routers_.back();
    router->is_due = true;
  }
  router->is_due |= router->preference != preference || router->is_dead;
  router->is_dead = false;
  router->preference = preference;
  router->expires = after(now, lifetime);
  return true;
}

void DefaultRouters::on_reachable(const IpAddress& address, bool is_reachable) {
  Router* const router = locate(address);
  if (router == nullptr || router->is_reachable == is_reachable) return;
  router->is_reachable = is_reachable;
  router->is_due = true;
}

void DefaultRouters::remove(const IpAddress& address) {
  if (Router* const router = locate(address); router != nullptr) {
    router->is_dead = router->is_due = true;
  }
}

void DefaultRouters::remove_all() {
  for (Router& router : routers_) router.is_dead = router.is_due = true;
}

const DefaultRouters::Router* DefaultRouters::find(const IpAddress& address) const {
  const auto* const at = std::ranges::find(routers_, address, &Router::address);
  return at == routers_.end() || at->is_dead ? nullptr : at;
}

DefaultRouters::Router* DefaultRouters::locate(const IpAddress& address) {
  auto* const at = std::ranges::find(routers_, address, &Router::address);
  return at == routers_.end() ? nullptr : at;
}

bool DefaultRouters::empty() const {
  return std::ranges::all_of(routers_, [](const Router& router) { return router.is_dead; });
}

std::optional<DefaultRouters::Router> DefaultRouters::next_change() {
  for (std::size_t i = 0; i < routers_.size();) {
    Router& router = routers_[i];
    if (!router.is_due) {
      ++i;
      continue;
    }
    router.is_due = false;
    const Router told = router;
    router.is_told = true;
    if (!told.is_dead) return told;
    routers_.erase_at(i);
    if (told.is_told) return told;
  }
  return std::nullopt;
}

std::optional<Time> DefaultRouters::next_deadline() const {
  std::optional<Time> due;
  for (const Router& router : routers_) {
    if (!router.is_dead && router.expires != kNever) due = earlier(due, router.expires);
  }
  return due;
}

void DefaultRouters::on_deadline(Time now) {
  for (Router& router : routers_) {
    if (!router.is_dead && router.expires <= now) router.is_dead = router.is_due = true;
  }
}

}  // namespace strata::ip
