// SPDX-License-Identifier: Apache-2.0
// Routes of all nodes of a topology to all its wires: breadth first, and joined where many.
#pragma once

#include <cstddef>
#include <vector>

#include "strata/sim_topology.h"

namespace strata::sim {

// One end of a link at a host or a router.
struct WireMember {
  std::size_t node = 0;
  std::size_t port = 0;
  std::size_t wire = 0;
  Prefix address{};
};

// All whose frames reach each other without a router.
struct Wire {
  std::vector<std::size_t> members{};  // indices into WireGraph::members, in the order of the links
  bool has_given = false;              // addresses that the topology gives
  std::size_t first_unit = 0;          // of those given out: /24s of 10.0.0.0/8
  std::size_t units = 0;
};

struct WireGraph {
  std::vector<WireMember> members;        // by node and port
  std::vector<std::size_t> first_member;  // by node, and the end
  std::vector<Wire> wires;
  std::vector<bool> forwards;  // by node
};

// Up to this many wires, each has routes of its own.
inline constexpr std::size_t kWiresApartMax = 64;

[[nodiscard]] std::vector<PlannedRoute> search_routes(const WireGraph& graph);

}  // namespace strata::sim
