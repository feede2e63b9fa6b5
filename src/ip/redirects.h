// SPDX-License-Identifier: Apache-2.0
// Redirects: better first hops that a gateway told us, obeyed with care (RFC 4861 8, RFC 1122).
#pragma once

#include <cstdint>
#include <optional>

#include "base/vector.h"
#include "ip/route.h"
#include "strata/address.h"
#include "strata/drop_reason.h"
#include "strata/memory.h"
#include "strata/time.h"

// A redirect becomes a host route of origin kRedirect that lives for a while.
// 1. It is believed only from the gateway that the destination uses now, and only towards a
//    neighbour: a stranger elsewhere cannot give one, a neighbour can only move what passes it.
// 2. There are never more than destinations_max; the one told longest ago makes room.
// 3. When the new first hop does not answer, its destinations fall back to the old routes.

namespace strata::ip {

struct RedirectsConfig {
  bool is_enabled = true;
  std::uint32_t destinations_max = 64;
  Duration lifetime = std::chrono::minutes(10);
};

struct Redirect {
  IpAddress source{};       // who sent it
  IpAddress destination{};  // whose packets it is about
  IpAddress target{};       // the better first hop; equal to destination: it is on the link
  InterfaceId interface = kNoInterface;  // where it came in
  // Where packets for the destination go now, by the caller's look-up. For IPv6 a gateway is
  // known by its link-local address (RFC 4861 2.4). Unspecified: nowhere, or on the link.
  IpAddress current_gateway{};
  InterfaceId current_interface = kNoInterface;
  bool target_is_on_link = false;  // IPv4: target lies in a prefix of the interface
  bool target_is_ours = false;
};

// RFC 4861 8.1 (with hop limit and checksum already seen to), RFC 1122 3.2.2.2, RFC 1812 5.2.7.2.
[[nodiscard]] bool is_valid_redirect(const Redirect& redirect);

class Redirects {
 public:
  Redirects(Memory& memory, const RedirectsConfig& config = {})
      : config_(config), entries_(memory) {}

  // kNone when it was obeyed, else kRedirectRefused.
  DropReason on_redirect(const Redirect& redirect, Time now);
  // Its destinations go back to the routes they had.
  void on_neighbor_unreachable(const IpAddress& neighbor, InterfaceId interface);
  void on_interface_down(InterfaceId interface);

  [[nodiscard]] std::optional<RouteChange> next_output(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;
  void on_deadline(Time now);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Route route{};
    Time expires{};
    std::optional<Route> stale{};  // the route to take back first: the target has changed
    bool is_told = false;
    bool is_due = true;
    bool is_dead = false;
  };
  [[nodiscard]] Entry* entry_for(const Redirect& redirect);

  RedirectsConfig config_;
  Vector<Entry> entries_;
};

}  // namespace strata::ip
