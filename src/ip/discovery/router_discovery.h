// SPDX-License-Identifier: Apache-2.0
// RouterDiscovery: what an IPv6 host learns from router advertisements on one interface.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <variant>

#include "base/siphash.h"
#include "base/vector.h"
#include "ip/discovery/autoconfiguration.h"
#include "ip/discovery/default_routers.h"
#include "ip/discovery/router_solicitation.h"
#include "ip/route.h"
#include "strata/address.h"
#include "strata/memory.h"
#include "strata/rng.h"
#include "strata/time.h"
#include "strata/wire/nd.h"

//                                  +-> DefaultRouters      default routes, by reachability
//   advertisement -> this class ---+-> routes, prefixes    RFC 4191 routes, on-link prefixes
//          ^                       +-> Autoconfiguration   addresses, stable and temporary
//          |                       +-> link parameters     hop limit, MTU, timers, DNS servers
//   RouterSolicitation asks until a router answers
//
// 1. It owns lists of what was learned and says, through next_output(), what to change in the
//    routing table, the interface's addresses, the neighbour cache and the resolver.
// 2. Each entry remembers what it has yet to tell, so outputs are bounded by the lists however
//    many advertisements come between two pulls, and only the latest state is told.
// 3. Lists are short and keep what they have: when one is full, new entries are refused, so that
//    a flood of forged advertisements cannot push out what works (RFC 6104, RFC 4861 11).
// 4. The caller has checked hop limit 255, the checksum and that the source is link-local
//    (RFC 4861 6.1.2); on_router_advertisement() checks the source again.

namespace strata::ip {

struct RouterDiscoveryConfig {
  InterfaceId interface = kNoInterface;
  MacAddress mac{};
  std::uint32_t link_mtu = 1500;      // what the device takes: an MTU option only lowers it
  std::uint8_t hop_limit_min = 1;     // advertised limits below it are not believed
  std::uint32_t route_metric = 1024;  // of a default router with medium preference
  std::uint32_t routers_max = 8;
  std::uint32_t prefixes_max = 16;
  std::uint32_t routes_max = 16;      // RFC 4191 route information
  std::uint32_t dns_servers_max = 4;  // at most DnsServers::kMax
  bool accepts_default_routers = true;
  bool accepts_routes = true;  // RFC 4191 type C host
  AutoconfigurationConfig addresses{};
  RouterSolicitationConfig solicitation{};
};

struct SendRouterSolicitation {};  // from the link-local address, or unspecified while it has none
struct AddAddress {
  InterfaceAddress address{};  // tentative: duplicate detection comes first
};
struct UpdateAddress {
  IpAddress address{};
  Time preferred_until{};
  Time valid_until{};
};
struct RemoveAddress {
  IpAddress address{};
};
struct SetMtu {
  std::uint32_t mtu = 0;  // of IPv6; 0: what the link has
};
struct SetHopLimit {
  std::uint8_t hop_limit = 0;  // 0: our own again
};
struct SetReachability {  // for the neighbour cache; absent: as it was
  std::optional<Duration> base_reachable_time{};
  std::optional<Duration> retransmit_timer{};
};
struct DnsServers {  // all that are alive now, in the order they were learned
  static constexpr std::size_t kMax = 8;
  std::array<IpAddress, kMax> servers{};
  std::uint8_t count = 0;
};
using RouterDiscoveryOutput =
    std::variant<SendRouterSolicitation, AddAddress, UpdateAddress, RemoveAddress, AddRoute,
                 RemoveRoute, SetMtu, SetHopLimit, SetReachability, DnsServers>;

class RouterDiscovery {
 public:
  RouterDiscovery(Memory& memory, Rng& rng, const SipKey& secret,
                  const RouterDiscoveryConfig& config);

  // The link came up: makes the link-local address and starts to ask for routers.
  void on_link_up(Time now);
  // Forgets everything; next_output() tells what to take back.
  void on_link_down(Time now);

  // False when the advertisement breaks a rule and was ignored (DropReason::kNdMalformed).
  bool on_router_advertisement(const IpAddress& source, const wire::RouterAdvertisementView& view,
                               Time now);
  // The neighbour cache learned something about a neighbour; others than routers are ignored.
  void on_router_reachable(const IpAddress& router, Time now);
  void on_router_unreachable(const IpAddress& router, Time now);
  // RFC 4861 7.2.5: a neighbour that was a router says that it is none any more.
  void on_router_became_host(const IpAddress& router, Time now);
  // Duplicate detection failed for one of the addresses made here.
  void on_duplicate(const IpAddress& address, Time now);

  [[nodiscard]] std::optional<RouterDiscoveryOutput> next_output(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;
  void on_deadline(Time now);

  [[nodiscard]] bool is_default_router(const IpAddress& address) const {
    return routers_.find(address) != nullptr;
  }
  // RFC 4861 5.2: by the prefixes learned so far.
  [[nodiscard]] bool is_on_link(const IpAddress& address) const;
  // The M and O flags of the last advertisement, for a DHCPv6 client.
  [[nodiscard]] bool is_managed() const { return managed_; }
  [[nodiscard]] bool has_other_configuration() const { return other_configuration_; }

 private:
  struct LearnedRoute {  // an on-link prefix, or a route of RFC 4191
    Prefix prefix{};
    IpAddress router{};  // unspecified: on link
    wire::RouterPreference preference = wire::RouterPreference::kMedium;
    Time expires = kNever;
    bool is_reachable = true;
    bool is_told = false;  // the routing table has it
    bool is_due = true;
    bool is_dead = false;  // to be taken back and forgotten
  };
  struct DnsServer {
    IpAddress address{};
    Time expires = kNever;
  };

  void read_parameters(const wire::RouterAdvertisementHeader& header);
  void read_options(const IpAddress& source, const wire::RouterAdvertisementView& view, Time now);
  void on_prefix(const IpAddress& source, const wire::PrefixInformationOption& option, Time now);
  void on_route(const IpAddress& source, const wire::RouteInformationOption& option, Time now);
  void on_dns_servers(const wire::NdOptionView& option, Time now);
  void forget_dns_servers(Time now);
  void on_mtu(std::uint32_t mtu);
  void learn(Vector<LearnedRoute>& list, std::size_t limit, const LearnedRoute& learned, Time now);
  void set_reachable(const IpAddress& router, bool is_reachable);
  [[nodiscard]] Route route_to(const Prefix& prefix, const IpAddress& router,
                               wire::RouterPreference preference, bool is_reachable) const;
  [[nodiscard]] DnsServers living_dns_servers() const;
  [[nodiscard]] std::optional<RouterDiscoveryOutput> next_parameter();
  [[nodiscard]] std::optional<RouterDiscoveryOutput> next_route(Vector<LearnedRoute>& list);
  [[nodiscard]] std::optional<RouterDiscoveryOutput> next_default_route();
  [[nodiscard]] std::optional<RouterDiscoveryOutput> next_address();

  RouterDiscoveryConfig config_;
  Rng& rng_;
  RouterSolicitation solicitation_;
  DefaultRouters routers_;
  Autoconfiguration addresses_;
  Vector<LearnedRoute> prefixes_;
  Vector<LearnedRoute> routes_;
  Vector<DnsServer> dns_servers_;
  std::optional<SetMtu> mtu_due_;
  std::optional<SetHopLimit> hop_limit_due_;
  std::optional<SetReachability> reachability_due_;
  std::uint32_t mtu_ = 0;
  std::uint8_t hop_limit_ = 0;
  std::optional<Duration> reachable_time_;
  std::optional<Duration> retransmit_timer_;
  bool dns_due_ = false;
  bool managed_ = false;
  bool other_configuration_ = false;
};

}  // namespace strata::ip
