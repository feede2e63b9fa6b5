// SPDX-License-Identifier: Apache-2.0
#include "ip/discovery/router_discovery.h"

#include <algorithm>
#include <utility>

#include "ip/discovery/lifetime.h"
#include "strata/wire/nd_dns_options.h"

namespace strata::ip {
namespace {

constexpr std::uint32_t kIpv6MtuMin = 1280;               // RFC 8200 5
constexpr std::uint32_t kReachableTimeMaxMs = 3'600'000;  // RFC 4861 6.2.1
constexpr Prefix kEverything{IpAddress::any_v6(), 0};

}  // namespace

RouterDiscovery::RouterDiscovery(Memory& memory, Rng& rng, const SipKey& secret,
                                 const RouterDiscoveryConfig& config)
    : config_(config),
      rng_(rng),
      solicitation_(config.solicitation),
      routers_(memory, config.routers_max),
      addresses_(memory, rng, secret, config.interface, config.mac, config.addresses),
      prefixes_(memory),
      routes_(memory),
      dns_servers_(memory) {}

void RouterDiscovery::on_link_up(Time now) {
  addresses_.make_link_local(now);
  solicitation_.start(rng_, now);
}

void RouterDiscovery::on_link_down(Time) {
  solicitation_.stop();
  routers_.remove_all();
  addresses_.remove_all();
  for (auto* const list : {&prefixes_, &routes_}) {
    for (LearnedRoute& route : *list) route.is_dead = route.is_due = true;
  }
  dns_due_ |= !dns_servers_.empty();
  dns_servers_.clear();
  if (std::exchange(mtu_, 0) != 0) mtu_due_ = SetMtu{};
  if (std::exchange(hop_limit_, 0) != 0) hop_limit_due_ = SetHopLimit{};
  reachable_time_.reset();
  retransmit_timer_.reset();
}

bool RouterDiscovery::on_router_advertisement(const IpAddress& source,
                                              const wire::RouterAdvertisementView& view, Time now) {
  // RFC 4861 6.1.2: the source MUST be link-local, so that redirects can name the router.
  if (source.is_v4() || !source.is_link_local()) return false;
  const wire::RouterAdvertisementHeader header = view.header();
  read_parameters(header);
  if (config_.accepts_default_routers) {
    const Duration lifetime = std::chrono::seconds(header.router_lifetime_s);
    routers_.on_advertisement(source, header.preference, lifetime, now);
  }
  // RFC 7559 2.1: only a router that would carry our packets ends the search.
  if (header.router_lifetime_s != 0) solicitation_.stop();
  read_options(source, view, now);
  return true;
}

// RFC 4861 6.3.4: zero means unspecified, and what is unspecified leaves what is there.
void RouterDiscovery::read_parameters(const wire::RouterAdvertisementHeader& header) {
  managed_ = header.managed;
  other_configuration_ = header.other_configuration;
  const bool is_new_limit = header.cur_hop_limit != 0 && header.cur_hop_limit != hop_limit_;
  if (is_new_limit && header.cur_hop_limit >= config_.hop_limit_min) {
    hop_limit_ = header.cur_hop_limit;
    hop_limit_due_ = SetHopLimit{hop_limit_};
  }
  std::optional<Duration> reachable = reachable_time_;
  std::optional<Duration> retransmit = retransmit_timer_;
  if (header.reachable_time_ms != 0 && header.reachable_time_ms <= kReachableTimeMaxMs) {
    reachable = std::chrono::milliseconds(header.reachable_time_ms);
  }
  if (header.retrans_timer_ms != 0) {
    retransmit = std::chrono::milliseconds(header.retrans_timer_ms);
  }
  if (reachable == reachable_time_ && retransmit == retransmit_timer_) return;
  reachable_time_ = reachable;
  retransmit_timer_ = retransmit;
  reachability_due_ = SetReachability{reachable, retransmit};
}

void RouterDiscovery::read_options(const IpAddress& source,
                                   const wire::RouterAdvertisementView& view, Time now) {
  for (const wire::NdOptionView& option : view.options()) {
    switch (option.type()) {
      case wire::NdOptionType::kPrefixInformation:
        if (const auto prefix = wire::PrefixInformationOption::parse(option)) {
          on_prefix(source, *prefix, now);
        }
        break;
      case wire::NdOptionType::kRouteInformation:
        if (const auto route = wire::RouteInformationOption::parse(option)) {
          on_route(source, *route, now);
        }
        break;
      case wire::NdOptionType::kMtu:
        if (const auto mtu = wire::MtuOption::parse(option)) on_mtu(mtu->mtu);
        break;
      case wire::NdOptionType::kRecursiveDnsServers: on_dns_servers(option, now); break;
      default: break;  // RFC 4861 6.1.2: options that are not known are ignored.
    }
  }
}

void RouterDiscovery::on_prefix(const IpAddress& source,
                                const wire::PrefixInformationOption& option, Time now) {
  const Prefix prefix = option.prefix.network();
  // RFC 4861 6.3.4: the link-local prefix is no business of routers.
  const bool is_usable = !prefix.is_v4() && !prefix.address().is_link_local() &&
                         !prefix.address().is_multicast() && prefix.length() != 0;
  if (!is_usable) return;
  if (option.on_link) {
    learn(prefixes_, config_.prefixes_max,
          {.prefix = prefix, .expires = after(now, lifetime_of(option.valid_lifetime_s))}, now);
  }
  if (option.autonomous) {
    addresses_.on_prefix({.prefix = prefix,
                          .router = source,
                          .preferred = lifetime_of(option.preferred_lifetime_s),
                          .valid = lifetime_of(option.valid_lifetime_s)},
                         now);
  }
}

void RouterDiscovery::on_route(const IpAddress& source, const wire::RouteInformationOption& option,
                               Time now) {
  if (!config_.accepts_routes) return;
  const Prefix prefix = option.prefix.network();
  if (prefix.is_v4() || prefix.address().is_link_local() || prefix.address().is_multicast()) return;
  const Duration lifetime = lifetime_of(option.route_lifetime_s);
  if (prefix.length() == 0) {
    // RFC 4191 3.1: for a type C host a route to ::/0 overrides the header's own.
    if (config_.accepts_default_routers) {
      routers_.on_advertisement(source, option.preference, lifetime, now);
    }
    return;
  }
  learn(routes_, config_.routes_max,
        {.prefix = prefix,
         .router = source,
         .preference = option.preference,
         .expires = after(now, lifetime)},
        now);
}

// A lifetime that is over takes the entry out; a full list takes in nothing new.
void RouterDiscovery::learn(Vector<LearnedRoute>& list, std::size_t limit,
                            const LearnedRoute& learned, Time now) {
  auto* const at = std::ranges::find_if(list, [&](const LearnedRoute& route) {
    return route.prefix == learned.prefix && route.router == learned.router;
  });
  const bool is_over = learned.expires <= now;
  if (at == list.end()) {
    if (!is_over && list.size() < limit) (void)list.try_push_back(learned);
    return;
  }
  at->is_due |= at->is_dead != is_over || at->preference != learned.preference;
  at->is_dead = is_over;
  at->preference = learned.preference;
  at->expires = learned.expires;
}

void RouterDiscovery::on_dns_servers(const wire::NdOptionView& option, Time now) {
  const auto view = wire::RecursiveDnsServersView::parse(option);
  if (!view) return;
  const Time expires = after(now, lifetime_of(view->lifetime_s()));
  const std::size_t limit = std::min<std::size_t>(config_.dns_servers_max, DnsServers::kMax);
  const auto servers = view->servers();
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const IpAddress address = servers[i];
    auto* const at = std::ranges::find(dns_servers_, address, &DnsServer::address);
    if (at != dns_servers_.end()) {
      at->expires = expires;
      continue;
    }
    const bool is_usable = !address.is_multicast() && !address.is_unspecified() && expires > now;
    if (!is_usable || dns_servers_.size() >= limit) continue;
    dns_due_ |= dns_servers_.try_push_back({address, expires});
  }
  forget_dns_servers(now);
}

void RouterDiscovery::forget_dns_servers(Time now) {
  for (std::size_t i = dns_servers_.size(); i-- > 0;) {
    if (dns_servers_[i].expires > now) continue;
    dns_servers_.erase_at(i);
    dns_due_ = true;
  }
}

void RouterDiscovery::on_mtu(std::uint32_t mtu) {
  // RFC 4861 6.3.4: no less than any IPv6 link carries, no more than this one does.
  if (mtu < kIpv6MtuMin || mtu > config_.link_mtu || mtu == mtu_) return;
  mtu_ = mtu;
  mtu_due_ = SetMtu{mtu};
}

void RouterDiscovery::on_router_reachable(const IpAddress& router, Time) {
  set_reachable(router, true);
}

void RouterDiscovery::on_router_unreachable(const IpAddress& router, Time) {
  set_reachable(router, false);
}

// RFC 4861 6.3.6 and RFC 4191 3.2: a router that does not answer comes after those that do.
void RouterDiscovery::set_reachable(const IpAddress& router, bool is_reachable) {
  routers_.on_reachable(router, is_reachable);
  for (LearnedRoute& route : routes_) {
    if (route.router != router || route.is_reachable == is_reachable) continue;
    route.is_reachable = is_reachable;
    route.is_due = true;
  }
}

void RouterDiscovery::on_router_became_host(const IpAddress& router, Time) {
  routers_.remove(router);
  for (LearnedRoute& route : routes_) {
    if (route.router == router) route.is_dead = route.is_due = true;
  }
}

void RouterDiscovery::on_duplicate(const IpAddress& address, Time now) {
  addresses_.on_duplicate(address, now);
}

bool RouterDiscovery::is_on_link(const IpAddress& address) const {
  if (address.is_v6() && address.is_link_local()) return true;
  return std::ranges::any_of(prefixes_, [&](const LearnedRoute& route) {
    return !route.is_dead && route.prefix.contains(address);
  });
}

std::optional<RouterDiscoveryOutput> RouterDiscovery::next_output(Time now) {
  // Addresses first: a solicitation is better sent with a source than without.
  if (auto output = next_address()) return output;
  if (auto output = next_parameter()) return output;
  if (auto output = next_route(prefixes_)) return output;
  if (auto output = next_route(routes_)) return output;
  if (auto output = next_default_route()) return output;
  if (solicitation_.take_due(rng_, now)) return SendRouterSolicitation{};
  return std::nullopt;
}

std::optional<RouterDiscoveryOutput> RouterDiscovery::next_address() {
  const auto change = addresses_.next_change();
  if (!change) return std::nullopt;
  const InterfaceAddress& address = change->address;
  switch (change->kind) {
    case Autoconfiguration::Change::Kind::kAdd: return AddAddress{address};
    case Autoconfiguration::Change::Kind::kUpdate:
      return UpdateAddress{address.address, address.preferred_until, address.valid_until};
    case Autoconfiguration::Change::Kind::kRemove: break;
  }
  return RemoveAddress{address.address};
}

std::optional<RouterDiscoveryOutput> RouterDiscovery::next_parameter() {
  if (mtu_due_) return *std::exchange(mtu_due_, std::nullopt);
  if (hop_limit_due_) return *std::exchange(hop_limit_due_, std::nullopt);
  if (reachability_due_) return *std::exchange(reachability_due_, std::nullopt);
  if (std::exchange(dns_due_, false)) return living_dns_servers();
  return std::nullopt;
}

DnsServers RouterDiscovery::living_dns_servers() const {
  DnsServers list;
  for (const DnsServer& server : dns_servers_) list.servers[list.count++] = server.address;
  return list;
}

std::optional<RouterDiscoveryOutput> RouterDiscovery::next_route(Vector<LearnedRoute>& list) {
  for (std::size_t i = 0; i < list.size();) {
    LearnedRoute& learned = list[i];
    if (!learned.is_due) {
      ++i;
      continue;
    }
    const LearnedRoute told = learned;
    learned.is_due = false;
    learned.is_told = true;
    const Route route = route_to(told.prefix, told.router, told.preference, told.is_reachable);
    if (!told.is_dead) return AddRoute{route};
    list.erase_at(i);
    if (told.is_told) return RemoveRoute{route};
  }
  return std::nullopt;
}

std::optional<RouterDiscoveryOutput> RouterDiscovery::next_default_route() {
  const auto router = routers_.next_change();
  if (!router) return std::nullopt;
  const Route route =
      route_to(kEverything, router->address, router->preference, router->is_reachable);
  if (router->is_dead) return RemoveRoute{route};
  return AddRoute{route};
}

Route RouterDiscovery::route_to(const Prefix& prefix, const IpAddress& router,
                                wire::RouterPreference preference, bool is_reachable) const {
  const std::uint32_t base = config_.route_metric;
  std::uint32_t metric = base;
  if (preference == wire::RouterPreference::kHigh) metric = base - base / 2;
  if (preference == wire::RouterPreference::kLow) metric = base + base / 2;
  if (router.is_unspecified()) metric = 0;  // Nothing is nearer than the link.
  if (!is_reachable) metric += 2 * base;
  return {.destination = prefix,
          .gateway = router,
          .interface = config_.interface,
          .origin = RouteOrigin::kRouterAdvertisement,
          .metric = metric};
}

std::optional<Time> RouterDiscovery::next_deadline() const {
  std::optional<Time> due = earlier(solicitation_.next_deadline(), routers_.next_deadline());
  due = earlier(due, addresses_.next_deadline());
  for (const auto* const list : {&prefixes_, &routes_}) {
    for (const LearnedRoute& route : *list) {
      if (!route.is_dead && route.expires != kNever) due = earlier(due, route.expires);
    }
  }
  for (const DnsServer& server : dns_servers_) {
    if (server.expires != kNever) due = earlier(due, server.expires);
  }
  return due;
}

void RouterDiscovery::on_deadline(Time now) {
  routers_.on_deadline(now);
  addresses_.on_deadline(now);
  for (auto* const list : {&prefixes_, &routes_}) {
    for (LearnedRoute& route : *list) {
      if (!route.is_dead && route.expires <= now) route.is_dead = route.is_due = true;
    }
  }
  forget_dns_servers(now);
}

}  // namespace strata::ip
