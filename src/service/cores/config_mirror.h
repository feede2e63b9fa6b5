// SPDX-License-Identifier: Apache-2.0
// ConfigMirror: what the front core's stack is configured with, for the stacks of the other cores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "strata/stack.h"

// The front core alone is spoken to by routers, DHCP servers and people: it checks its addresses
// for duplicates, takes advertisements and leases. What comes of it, the others are told:
//
//   addresses     once they may be used, and until then or after a conflict not at all
//   routes        but for those that come with an address, and redirects, which each core hears
//   MTUs          of each interface
//   neighbours    those that were given by hand
//
// 1. Interfaces have the same numbers on all cores: they are made in one order.
// 2. Applying a configuration twice changes nothing. What a follower has and the front core has
//    not goes; link-local addresses it makes itself, the same as the front core's.

namespace strata::service {

struct SharedConfig {
  struct InterfaceMtu {
    InterfaceId interface = kNoInterface;
    std::size_t mtu = 0;
  };
  std::vector<AddressEntry> addresses;
  std::vector<RouteEntry> routes;
  std::vector<InterfaceMtu> mtus;
  std::vector<NeighborEntry> neighbors;

  [[nodiscard]] static SharedConfig of(const Stack& front, Time now);
  // What the follower refuses, for want of memory, is tried again at the next change.
  void apply_to(Stack& follower, Time now) const;
};

// Tells, at the cost of a few comparisons, whether the configuration may have changed.
class ConfigWatch {
 public:
  [[nodiscard]] bool has_changed(Stack& front);

 private:
  std::uint32_t addresses_ = 0;
  std::uint32_t routes_ = 0;
  std::uint32_t links_ = 0;
};

}  // namespace strata::service
