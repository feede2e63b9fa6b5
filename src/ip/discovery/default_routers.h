// SPDX-License-Identifier: Apache-2.0
// DefaultRouters: the default router list of RFC 4861 6.3.4 and the choice of 6.3.6 and RFC 4191.
#pragma once

#include <cstdint>
#include <optional>

#include "base/vector.h"
#include "strata/address.h"
#include "strata/memory.h"
#include "strata/time.h"
#include "strata/wire/nd_options.h"

namespace strata::ip {

// Every router becomes a default route whose metric says how much we want it:
// unreachable ones come after all others (RFC 4191 3.2), then preference counts.
class DefaultRouters {
 public:
  struct Router {
    IpAddress address{};
    wire::RouterPreference preference = wire::RouterPreference::kMedium;
    Time expires{};
    bool is_reachable = true;  // until the neighbour cache says otherwise
    bool is_told = false;      // the routing table has its route
    bool is_due = false;       // and what it has is stale
    bool is_dead = false;
  };

  DefaultRouters(Memory& memory, std::size_t routers_max)
      : routers_(memory), routers_max_(routers_max) {}

  // A lifetime of zero takes the router out, Duration::max() never ends. False: the list is full.
  bool on_advertisement(const IpAddress& router, wire::RouterPreference preference,
                        Duration lifetime, Time now);
  void on_reachable(const IpAddress& router, bool is_reachable);
  void remove(const IpAddress& router);
  void remove_all();

  [[nodiscard]] const Router* find(const IpAddress& address) const;
  [[nodiscard]] bool empty() const;
  // The next router whose route must be told, or taken back where is_dead; settled by the call.
  [[nodiscard]] std::optional<Router> next_change();

  [[nodiscard]] std::optional<Time> next_deadline() const;
  void on_deadline(Time now);

 private:
  [[nodiscard]] Router* locate(const IpAddress& address);

  Vector<Router> routers_;
  std::size_t routers_max_;
};

}  // namespace strata::ip
